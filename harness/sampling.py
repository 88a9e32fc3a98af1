"""Watches a process tree: how much memory is resident, the peak, and whether it is too much."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from harness.processtree import GONE, family

INTERVAL_SECONDS = 0.01
FAMILY_INTERVAL_SECONDS = 0.5
"""How often new children are looked for: it reads the whole process table."""
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
LINUX = sys.platform.startswith("linux")


class Sampler:
    """A thread that samples the resident bytes of a process tree and keeps the peak.

    Pages that processes share (libraries, a server's shared buffers) are counted once: the sum
    of what is private to each, plus the largest shared part. Calls ``exceeded`` once, from its
    own thread, as soon as the tree holds more than ``limit_bytes``.
    """

    def __init__(
        self, pid: int, limit_bytes: int | None = None, exceeded: Callable[[], None] | None = None
    ) -> None:
        self.pid, self.limit_bytes, self._exceeded = pid, limit_bytes, exceeded
        self.family: list[psutil.Process] = []
        self.peak_bytes = 0
        self.out_of_memory = False
        self._readings: dict[int, _Reading] = {}
        self._family_due = 0.0
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=f"sampler-{pid}", daemon=True)

    def start(self) -> None:
        self.sample()
        self._thread.start()

    def close(self) -> None:
        self._stopped.set()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join()
        with self._lock:
            for reading in self._readings.values():
                reading.close()
            self._readings.clear()

    def sample(self) -> int:
        """The resident bytes now; raises the peak where they are more."""
        with self._lock:
            if time.monotonic() >= self._family_due:
                self._look_for_children()
            current = self._resident_bytes()
            self.peak_bytes = max(self.peak_bytes, current)
        return current

    def reset(self) -> int:
        """Starts a new peak from now on; gives the resident bytes now."""
        with self._lock:
            self._look_for_children()
            _forget_high_water(self.pid)
            self.peak_bytes = self._resident_bytes()
            return self.peak_bytes

    def peak(self) -> int:
        """The most resident bytes since the last reset, also between two samples where one
        process is alone (the kernel keeps that mark for each process, not for a tree)."""
        self.sample()
        if len(self._readings) == 1:
            self.peak_bytes = max(self.peak_bytes, _high_water_bytes(self.pid))
        return self.peak_bytes

    def _watch(self) -> None:
        while not self._stopped.wait(INTERVAL_SECONDS):
            current = self.sample()
            if self.limit_bytes is not None and current > self.limit_bytes:
                self.out_of_memory = True
                if self._exceeded is not None:
                    self._exceeded()
                return

    def _look_for_children(self) -> None:
        began = time.monotonic()
        self.family = family(self.pid) or self.family
        pids = {process.pid for process in self.family}
        for pid in self._readings.keys() - pids:
            self._readings.pop(pid).close()
        for pid in pids - self._readings.keys():
            self._readings[pid] = _Reading(pid)
        took = time.monotonic() - began  # on a crowded machine, look more rarely
        self._family_due = time.monotonic() + max(FAMILY_INTERVAL_SECONDS, 100 * took)

    def _resident_bytes(self) -> int:
        pairs = [reading.resident_and_shared() for reading in self._readings.values()]
        private = sum(resident - shared for resident, shared in pairs)
        return private + max((shared for _, shared in pairs), default=0)


class _Reading:
    """One process' memory, read through a file that stays open: some microseconds a time."""

    def __init__(self, pid: int) -> None:
        self._process: psutil.Process | None = None
        self._file: int | None = None
        with contextlib.suppress(OSError, *GONE):
            if LINUX:
                self._file = os.open(f"/proc/{pid}/statm", os.O_RDONLY | os.O_CLOEXEC)
            else:
                self._process = psutil.Process(pid)

    def resident_and_shared(self) -> tuple[int, int]:
        """Bytes; zeros once the process has ended."""
        try:
            if self._file is not None:
                fields = os.pread(self._file, 256, 0).split()
                return int(fields[1]) * PAGE_BYTES, int(fields[2]) * PAGE_BYTES
            return (self._process.memory_info().rss, 0) if self._process else (0, 0)
        except (OSError, IndexError, *GONE):
            return 0, 0

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _forget_high_water(pid: int) -> None:
    """Sets the kernel's own peak of a process back (proc(5), clear_refs, value 5)."""
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def _high_water_bytes(pid: int) -> int:
    """VmHWM of a process since it was last set back; 0 where the system has none."""
    with contextlib.suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0
