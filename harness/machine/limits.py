"""How much memory a run may use, by the machine and its control groups; on which cores it runs."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

from harness.machine.cgroups import field, memories

SHARE = 0.8


def default_memory_limit(root: Path = Path("/")) -> int:
    """Returns 80% of the bytes available to this process now, control groups included."""
    free = [psutil.virtual_memory().available, *(group.free for group in memories(root))]
    return int(min(free) * SHARE)


def total_memory(root: Path = Path("/")) -> int:
    """Returns the bytes that this process could use at most, control groups included."""
    return min([psutil.virtual_memory().total, *(group.limit for group in memories(root))])


def hold_to_cores(count: int) -> None:
    """Keeps this process, and all that it starts, to so many of its cores; not on macOS."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])


def oom_kills(root: Path = Path("/")) -> int:
    """Returns how many processes of this machine the kernel has killed for memory; 0 if unknown."""
    return field(root / "proc/vmstat", "oom_kill") or 0
