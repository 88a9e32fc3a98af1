"""Reads the limits that control groups (v1 and v2) set for this process."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

UNBOUNDED_BYTES = 2**60
"""Version 1 writes "no limit" as a number of at least this size."""


@dataclass(frozen=True)
class Memory:
    """The memory limit of a control group in bytes, and how much of it is free."""

    limit: int
    free: int


def granted_cores(root: Path = Path("/")) -> float | None:
    """Returns how many cores' time the control groups grant; None if there is no limit."""
    quotas = [quota for group in _along("cpu", root) if (quota := _quota(group)) is not None]
    return min(quotas, default=None)


def memories(root: Path = Path("/")) -> list[Memory]:
    """Returns the limit and free bytes of every group that limits this process' memory.

    ``root`` is the folder that stands for ``/``.
    """
    found = [_memory(group, *names) for group in _along("memory", root) for names in _MEMORY_FILES]
    return [memory for memory in found if memory is not None]


_MEMORY_FILES = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)
"""The files of version 2 and of version 1: the limit, what is used, and the line of memory.stat
with what of that can be reclaimed."""


def _memory(group: Path, limit_file: str, used_file: str, cache: str) -> Memory | None:
    limit, used = number(group / limit_file), number(group / used_file)
    if limit is None or limit >= UNBOUNDED_BYTES or used is None:
        return None
    reclaimable = field(group / "memory.stat", cache) or 0
    return Memory(limit, max(0, limit - used + min(reclaimable, used)))


def _along(controller: str, root: Path) -> Iterator[Path]:
    """Yields the folders of control groups: this process' own, then those above it.

    They are the groups of ``controller``: ``memory`` or ``cpu``. ``root`` is the folder that stands
    for ``/``.
    """
    with contextlib.suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            base = root / "sys/fs/cgroup"
            if controllers and controller not in controllers.split(","):
                continue
            base = base / controller if controllers else base
            group = base / path.lstrip("/")
            yield group
            yield from (parent for parent in group.parents if parent.is_relative_to(base))


def _quota(group: Path) -> float | None:
    with contextlib.suppress(OSError, ValueError):  # "max" means no bound
        quota, period = map(int, (group / "cpu.max").read_text().split())
        return quota / period
    quota_us, period_us = (number(group / f"cpu.cfs_{name}_us") for name in ("quota", "period"))
    return quota_us / period_us if quota_us and period_us and quota_us > 0 else None


def number(file: Path) -> int | None:
    """Returns the number in a file; None if the file is missing, or has none ("max")."""
    with contextlib.suppress(OSError, ValueError):
        return int(file.read_text())
    return None


def field(file: Path, name: str) -> int | None:
    """Returns the number after ``name`` in a file with lines ``name number``; None if missing."""
    with contextlib.suppress(OSError):
        for line in file.read_text().splitlines():
            key, _, value = line.partition(" ")
            if key == name:
                return int(value)
    return None
