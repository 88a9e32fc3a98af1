"""How much memory a run may take: what the machine and its control groups leave free."""

from __future__ import annotations

import contextlib
from pathlib import Path

import psutil

from harness.groups import granted_memory

SHARE = 0.8


def default_memory_limit(root: Path = Path("/")) -> int:
    """Bytes: 80% of what is available now to this process, control groups (v1 and v2) included."""
    free = [psutil.virtual_memory().available, *_free_in_groups(root)]
    return int(min(free) * SHARE)


def total_memory(root: Path = Path("/")) -> int:
    """Bytes: all that this process could ever have, control groups included."""
    total = psutil.virtual_memory().total
    return min(total, granted_memory(root) or total)


def oom_kills(root: Path = Path("/")) -> int:
    """How often the kernel has ended a process of this machine for want of memory; 0 if unknown."""
    return _field(root / "proc/vmstat", "oom_kill") or 0


def _free_in_groups(root: Path) -> list[int]:
    with contextlib.suppress(OSError):
        lines = (root / "proc/self/cgroup").read_text().splitlines()
        return [free for line in lines for free in _free_along(root, line)]
    return []


def _free_along(root: Path, line: str) -> list[int]:
    """The free bytes of a control group and of those above it, for a line of /proc/self/cgroup."""
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
            found.append(max(0, limit - used + min(reclaimable, used)))
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
