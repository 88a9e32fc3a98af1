"""Samples a process tree's resident memory: its peak, and whether it exceeds a limit."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from harness.machine.processtree import GONE, descendants
from harness.machine.sizes import bytes_under

INTERVAL_SECONDS = 0.01
IDLE_SECONDS = 0.25
"""The time between samples of a process that is idle."""
LOOK_SHARE = 0.01
"""The share of a core for the search for new children, and for each other costly reading."""
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
LINUX = sys.platform.startswith("linux")


class Sampler:
    """A thread that samples the resident bytes of a process tree and keeps the peak.

    Shared pages are counted once. For files and shared memory (libraries, a server's buffers): the
    sum of the private parts, plus the largest shared part. For a process' own pages that forked
    children share with it: the pages as the kernel maps them (Anonymous in smaps_rollup), less
    their proportional share (Pss_Anon). A child counts from the second time it is seen: a new one
    shares all of its parent's memory until it runs a program of its own (vfork).

    ``spilled_bytes`` are the most in the files of ``spill_folder`` since the last reset.

    Calls ``exceeded`` once, from its own thread, as soon as the tree holds more than
    ``limit_bytes``, not counting pages of files that it has mapped: the system can take these back,
    as it would in a container with that limit. Between ``attend`` and ``relax`` it samples every
    INTERVAL_SECONDS, else less often.
    """

    def __init__(
        self, pid: int, limit_bytes: int | None = None, exceeded: Callable[[], None] | None = None
    ) -> None:
        self.pid, self.limit_bytes, self._exceeded = pid, limit_bytes, exceeded
        self.family: list[psutil.Process] = []
        self.peak_bytes = 0
        self.spill_folder: Path | None = None
        self.spilled_bytes = 0
        self.out_of_memory = False
        self._readings: dict[int, _Reading] = {}
        self._seen: set[int] = set()
        self._children = _Rarely()
        self._forks, self._spills = _Rarely(), _Rarely()
        self._forked_bytes = 0
        self._lock = threading.Lock()
        self._busy, self._stopped = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._watch, name=f"sampler-{pid}", daemon=True)

    def start(self) -> None:
        self.sample()
        self._thread.start()

    def attend(self) -> None:
        """Samples at full rate from now on: the process is busy."""
        self._busy.set()

    def relax(self) -> None:
        self._busy.clear()

    def close(self) -> None:
        self._stopped.set()
        self._busy.set()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join()
        with self._lock:
            for reading in self._readings.values():
                reading.close()
            self._readings.clear()

    def sample(self) -> int:
        """Returns the resident bytes now; raises the peak if they exceed it."""
        with self._lock:
            if self._children.due():
                with self._children:
                    self._look_for_children()
            current = self._resident_bytes()
            self.peak_bytes = max(self.peak_bytes, current)
            if self.spill_folder is not None and self._spills.due():
                with self._spills, contextlib.suppress(FileNotFoundError):
                    self.spilled_bytes = max(self.spilled_bytes, bytes_under(self.spill_folder))
        return current

    def reset(self) -> int:
        """Starts a new peak; returns the resident bytes now."""
        with self._lock:
            self._look_for_children()
            self._forks.hasten()
            _forget_high_water(self.pid)
            self.peak_bytes, self.spilled_bytes = self._resident_bytes(), 0
            self._spills.hasten()
            return self.peak_bytes

    def peak(self) -> int:
        """Returns the most resident bytes since the last reset.

        For the first process this includes the time between samples: the kernel keeps that peak for
        a process, not for a tree.
        """
        self.sample()
        self.peak_bytes = max(self.peak_bytes, _high_water_bytes(self.pid))
        return self.peak_bytes

    def _watch(self) -> None:
        while not self._stopped.is_set():
            if self._exceeds(self.sample()):
                self.out_of_memory = True
                if self._exceeded is not None:
                    self._exceeded()
                return
            if self._busy.wait(IDLE_SECONDS):
                self._stopped.wait(INTERVAL_SECONDS)

    def _exceeds(self, resident: int) -> bool:
        """True if the tree, with this many resident bytes, holds more than the limit."""
        if self.limit_bytes is None or resident <= self.limit_bytes:
            return False
        with self._lock:
            return resident - self._mapped_bytes() > self.limit_bytes

    def _mapped_bytes(self) -> int:
        """Returns the bytes of mapped files among the shared pages that count as resident."""
        shared = {pid: each.resident_and_shared()[1] for pid, each in self._readings.items()}
        if not shared:
            return 0
        most = max(shared, key=shared.__getitem__)
        return min(shared[most], _kilobytes(Path(f"/proc/{most}/status")).get("RssFile", 0))

    def _look_for_children(self) -> None:
        seen = set(descendants(self.pid))
        pids = {self.pid, *(seen & self._seen)}
        self._seen = seen
        if pids == self._readings.keys():
            return
        for pid in self._readings.keys() - pids:
            self._readings.pop(pid).close()
        for pid in pids - self._readings.keys():
            self._readings[pid] = _Reading(pid)
        known = [r.process for r in self._readings.values() if r.process is not None]
        self.family = known or self.family
        self._forks.hasten()

    def _resident_bytes(self) -> int:
        pairs = [reading.resident_and_shared() for reading in self._readings.values()]
        private = sum(resident - shared for resident, shared in pairs)
        total = private + max((shared for _, shared in pairs), default=0)
        least = max((resident for resident, _ in pairs), default=0)
        return max(least, total - self._shared_by_forks())

    def _shared_by_forks(self) -> int:
        """Returns bytes counted too often because forked children share their parent's pages."""
        if len(self._readings) < 2:
            return 0
        if self._forks.due():
            with self._forks:
                self._forked_bytes = sum(map(_too_often_counted, self._readings))
        return self._forked_bytes


class _Rarely:
    """Says when a costly step is due again, so that it takes at most LOOK_SHARE of a core.

    Only the step's processor time counts; time in which it waits for a core does not.
    """

    def __init__(self) -> None:
        self._due = self._began = 0.0

    def due(self) -> bool:
        return time.monotonic() >= self._due

    def hasten(self) -> None:
        self._due = 0.0

    def __enter__(self) -> None:
        self._began = time.thread_time()

    def __exit__(self, *_: object) -> None:
        self._due = time.monotonic() + (time.thread_time() - self._began) / LOOK_SHARE


class _Reading:
    """One process' memory, read through a file that stays open: some microseconds each time."""

    def __init__(self, pid: int) -> None:
        self.process: psutil.Process | None = None
        self._file: int | None = None
        with contextlib.suppress(OSError, *GONE):
            self.process = psutil.Process(pid)
            if LINUX:
                self._file = os.open(f"/proc/{pid}/statm", os.O_RDONLY | os.O_CLOEXEC)

    def resident_and_shared(self) -> tuple[int, int]:
        """Returns the process' resident and its shared bytes; zeros once the process has ended."""
        try:
            if self._file is not None:
                fields = os.pread(self._file, 256, 0).split()
                return int(fields[1]) * PAGE_BYTES, int(fields[2]) * PAGE_BYTES
            return (self.process.memory_info().rss, 0) if self.process and not LINUX else (0, 0)
        except (OSError, IndexError, *GONE):
            return 0, 0

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _forget_high_water(pid: int) -> None:
    """Resets the kernel's peak of a process (proc(5), clear_refs, value 5)."""
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def _high_water_bytes(pid: int) -> int:
    """Returns a process' most resident bytes since the last reset (VmHWM); 0 if unknown."""
    return _kilobytes(Path(f"/proc/{pid}/status")).get("VmHWM", 0)


def _too_often_counted(pid: int) -> int:
    """Returns the bytes of a process' own pages less its proportional share of them."""
    sizes = _kilobytes(Path(f"/proc/{pid}/smaps_rollup"))
    return sizes.get("Anonymous", 0) - sizes.get("Pss_Anon", sizes.get("Anonymous", 0))


def _kilobytes(file: Path) -> dict[str, int]:
    """Parses the lines ``name: number kB`` of a file of /proc: name -> bytes."""
    sizes = {}
    with contextlib.suppress(OSError):
        for line in file.read_text().splitlines():
            name, _, value = line.partition(":")
            if value.endswith(" kB"):
                sizes[name] = int(value.split()[0]) * 1024
    return sizes
