"""The control groups (v1 and v2) that this process is in -> what they grant it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

UNBOUNDED_BYTES = 2**60
"""Version 1 writes "no limit" as a number of this order."""


def granted_cores(root: Path = Path("/")) -> float | None:
    """How many cores' time the groups grant; None where they set no bound."""
    quotas = [quota for group in _along("cpu", root) if (quota := _quota(group)) is not None]
    return min(quotas, default=None)


def granted_memory(root: Path = Path("/")) -> int | None:
    """Bytes; None where the groups set no bound."""
    files = ("memory.max", "memory.limit_in_bytes")
    limits = [number(group / name) for group in _along("memory", root) for name in files]
    found = [limit for limit in limits if limit is not None and limit < UNBOUNDED_BYTES]
    return min(found, default=None)


def _along(controller: str, root: Path) -> Iterator[Path]:
    """The folders of the groups with a controller: this process' own, and those above it."""
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
    """The number that a file holds; None where there is no such file, or none in it ("max")."""
    with contextlib.suppress(OSError, ValueError):
        return int(file.read_text())
    return None
