"""Finds a process and its descendants, measures their processor time, and kills them."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import psutil

GONE = (psutil.NoSuchProcess, psutil.ZombieProcess, psutil.AccessDenied)
REAP_SECONDS = 5.0
MARK = "ENGINEBENCH_PROCESS"
"""The environment variable that marks a worker's processes, even if their parents have died."""


def family(pid: int) -> list[psutil.Process]:
    """Returns a process and its descendants, the process first; [] if it has ended."""
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except GONE:
        return []


def descendants(pid: int) -> list[int]:
    """Returns the ids of a process' descendants, from the kernel's lists: some 10 µs per thread.

    A child that is started meanwhile may be missing. Without the kernel's lists
    (CONFIG_PROC_CHILDREN, Linux) the whole process table is searched.
    """
    if not _KERNEL_LISTS_CHILDREN:
        return [process.pid for process in family(pid)[1:]]
    found = list(_children(pid))
    for child in found:  # grows while it is walked through
        found += _children(child)
    return found


_KERNEL_LISTS_CHILDREN = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").exists()


def _children(pid: int) -> Iterator[int]:
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):  # a thread that has ended
                yield from map(int, (thread / "children").read_bytes().split())


def own_cpu_seconds() -> float:
    """Returns this process' user and system seconds, and those of its ended children."""
    import resource  # Windows has none

    used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def descendants_cpu_seconds() -> float:
    """Returns the user and system seconds of this process' running descendants."""
    total = 0.0
    if not _has_children():
        return total
    for process in family(os.getpid())[1:]:
        with contextlib.suppress(*GONE):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def disk_bytes() -> tuple[int, int] | None:
    """Returns the bytes that this process' tree has read from disks, and written to them, so far.

    What the page cache answers is not read; what is written counts when it enters the cache.
    Children that have ended are included. None where the system does not count this (macOS), or
    does not let this process see it.
    """
    own = _disk_bytes(os.getpid())
    if own is None or not _has_children():
        return own
    children = [_disk_bytes(pid) or (0, 0) for pid in descendants(os.getpid())]
    read, written = map(sum, zip(own, *children, strict=True))
    return read, written


class Usage:
    """Counts what this process' tree uses, from the time when this object is made."""

    def __init__(self) -> None:
        self._disk, self._children = disk_bytes(), descendants_cpu_seconds()
        self._cpu = own_cpu_seconds()

    def of_one(self, runs: int) -> tuple[float, tuple[int, int] | None]:
        """Returns the CPU seconds and the `disk_bytes` of one of so many runs, on average."""
        cpu = own_cpu_seconds() - self._cpu
        cpu = max(0.0, cpu + descendants_cpu_seconds() - self._children)
        if self._disk is None or (after := disk_bytes()) is None:
            return cpu / runs, None
        read, written = (max(0, b - a) for a, b in zip(self._disk, after, strict=True))
        return cpu / runs, (round(read / runs), round(written / runs))


def _disk_bytes(pid: int) -> tuple[int, int] | None:
    with contextlib.suppress(AttributeError, OSError, *GONE):
        process = _this_process() if pid == os.getpid() else psutil.Process(pid)
        counted = process.io_counters()
        return counted.read_bytes, counted.write_bytes
    return None


@cache
def _this_process() -> psutil.Process:
    return psutil.Process()


def _has_children() -> bool:
    """True if this process has children; takes a microsecond, unlike a search of all processes."""
    if not hasattr(os, "waitid"):  # macOS
        return True
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def kill_tree(leader: psutil.Process, known: Iterable[psutil.Process] = (), mark: str = "") -> None:
    """Kills a process that leads its own group, with its group and its descendants.

    The leader is stopped first, so that it starts no more processes; then its descendants are
    killed until none is left. Those whose parents are killed become the leader's children while it
    exists. If the leader has died, they cannot be found by their parents, so all processes of the
    machine are searched for one whose environment variable MARK has the value ``mark``. ``known``
    are processes that were descendants; psutil checks that their ids were not reused. The leader is
    left for its parent to reap.
    """
    if leader.pid != os.getpid():
        _signal_to(leader, signal.SIGSTOP)

    def others() -> list[psutil.Process]:
        orphans = _marked(mark) if mark and not _lives(leader) else []
        return [p for p in [*family(leader.pid)[1:], *known, *orphans] if p.pid != leader.pid]

    _kill_until_none_is_left(others)
    if leader.is_running() or not psutil.pid_exists(leader.pid):  # the number is still its own
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(leader.pid, signal.SIGKILL)
    _signal_to(leader, signal.SIGKILL)
    _kill_until_none_is_left(lambda: [leader])


def _kill_until_none_is_left(find: Callable[[], list[psutil.Process]]) -> None:
    deadline = time.monotonic() + REAP_SECONDS
    while (left := [p for p in find() if _lives(p)]) and time.monotonic() < deadline:
        for process in left:
            with contextlib.suppress(*GONE):
                process.kill()
        time.sleep(0.002)


def _marked(mark: str) -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if _mark(process) == mark]


def _mark(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(MARK)
    except (OSError, psutil.Error):
        return None


def _signal_to(process: psutil.Process, number: signal.Signals) -> None:
    with contextlib.suppress(*GONE):
        process.send_signal(number)


def _lives(process: psutil.Process) -> bool:
    """True if a process still runs; False if it has ended and waits to be reaped."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except GONE:
        return False
