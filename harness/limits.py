"""How much memory a run may take: what the machine and its control groups leave free."""

from __future__ import annotations

import contextlib
from pathlib import Path

import psutil

SHARE = 0.8


def default_memory_limit(root: Path = Path("/")) -> int:
    """Bytes: 80% of what is available now to this process, control groups (v1 and v2) included."""
    free = [psutil.virtual_memory().available, *(free for _, free in _groups(root))]
    return int(min(free) * SHARE)


def total_memory(root: Path = Path("/")) -> int:
    """Bytes: all that this process could ever have, control groups (v1 and v2) included."""
    return min([psutil.virtual_memory().total, *(limit for limit, _ in _groups(root))])


def oom_kills(root: Path = Path("/")) -> int:
    """How often the kernel has ended a process of this machine for want of memory; 0 if unknown."""
    return _field(root / "proc/vmstat", "oom_kill") or 0


def _groups(root: Path) -> list[tuple[int, int]]:
    """The limit and the free bytes of every control group that bounds this process."""
    with contextlib.suppress(OSError):
        lines = (root / "proc/self/cgroup").read_text().splitlines()
        return [group for line in lines for group in _groups_along(root, line)]
    return []


def _groups_along(root: Path, line: str) -> list[tuple[int, int]]:
    """Those of a control group and of the ones above it, for a line of /proc/self/cgroup."""
    _, controllers, path = line.split(":", 2)
    base = root / "sys/fs/cgroup"
    if controllers == "":
        names, cache = ("memory.max", "memory.current"), "inactive_file"
    elif "memory" in controllers.split(","):
        base = base / "memory"
        names = ("memory.limit_in_bytes", "memory.usage_in_bytes")
        cache = "total_inactive_file"
    else:
        return []
    group = base / path.lstrip("/")
    found = []
    while True:
        limit, used = (_number(group / name) for name in names)
        if limit is not None and used is not None:
            reclaimable = _field(group / "memory.stat", cache) or 0
            found.append((limit, max(0, limit - used + min(reclaimable, used))))
        if group == base:
            return found
        group = group.parent


def _number(file: Path) -> int | None:
    with contextlib.suppress(OSError, ValueError):  # "max" means no limit
        return int(file.read_text())
    return None


def _field(file: Path, name: str) -> int | None:
    with contextlib.suppress(OSError):
        for line in file.read_text().splitlines():
            key, _, value = line.partition(" ")
            if key == name:
                return int(value)
    return None
