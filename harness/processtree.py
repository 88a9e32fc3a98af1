"""A process and all that it started: its resident memory, its processor time, its end."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import time
from collections.abc import Iterable

import psutil

GONE = (psutil.NoSuchProcess, psutil.ZombieProcess, psutil.AccessDenied)
REAP_SECONDS = 5.0


def family(pid: int) -> list[psutil.Process]:
    """A process and its descendants, the process first; empty where it has ended."""
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except GONE:
        return []


def own_cpu_seconds() -> float:
    """User + system seconds of this process so far, and of its children that have ended."""
    used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def descendants_cpu_seconds() -> float:
    """The same of this process' living descendants (servers, process pools)."""
    total = 0.0
    if not _has_children():
        return total
    for process in family(os.getpid())[1:]:
        with contextlib.suppress(*GONE):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def _has_children() -> bool:
    """Asks the kernel, in a microsecond; a walk through all processes takes milliseconds."""
    if not hasattr(os, "waitid"):  # macOS
        return True
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def kill_tree(pid: int, known: Iterable[psutil.Process] = ()) -> None:
    """Kills a process that leads its own group, with its group and its descendants.

    ``known`` are processes that were its descendants; psutil makes sure that they are still
    the same ones, not others under a number that was used again. The process itself is left to
    be reaped by the one who started it.
    """
    victims = {process.pid: process for process in [*family(pid), *known] if process.is_running()}
    own = victims.pop(os.getpid(), None)
    _kill(victims.values())
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    deadline = time.monotonic() + REAP_SECONDS
    while (late := _living(victims.values())) and time.monotonic() < deadline:
        _kill(late)
        time.sleep(0.005)
    if own is not None:
        own.kill()


def _kill(processes: Iterable[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(*GONE):
            process.kill()


def _living(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    return [process for process in processes if process.is_running() and not _is_zombie(process)]


def _is_zombie(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except GONE:
        return True
