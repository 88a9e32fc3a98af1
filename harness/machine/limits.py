"""How much memory a run may take: what the machine and its control groups leave free."""

from __future__ import annotations

from pathlib import Path

import psutil

from harness.machine.cgroups import field, memories

SHARE = 0.8


def default_memory_limit(root: Path = Path("/")) -> int:
    """Bytes: 80% of what is available now to this process, control groups (v1 and v2) included."""
    free = [psutil.virtual_memory().available, *(group.free for group in memories(root))]
    return int(min(free) * SHARE)


def total_memory(root: Path = Path("/")) -> int:
    """Bytes: all that this process could ever have, control groups included."""
    return min([psutil.virtual_memory().total, *(group.limit for group in memories(root))])


def oom_kills(root: Path = Path("/")) -> int:
    """How often the kernel has ended a process of this machine for want of memory; 0 if unknown."""
    return field(root / "proc/vmstat", "oom_kill") or 0
