"""Engines that answer as DuckDB does, and disturb whoever comes after them in known ways.

For ``--engines polars,beside=harness.commands.selfcheck.neighbours:Thrashing``: what Polars takes
is to be the same beside them and after they have left.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from harness.engines.base import Session
from harness.engines.sql.duckdb import DuckDB, DuckDBSession

THRASHED_SECONDS = 0.1
THRASHED_BYTES = 2**27
"""For each thread: more than a processor's caches hold."""
IDLE_SECONDS = 0.5


class _ThrashingSession(DuckDBSession):
    def __init__(self, threads: int) -> None:
        import numpy as np

        super().__init__(threads)
        self._arrays = [np.zeros(THRASHED_BYTES // 8) for _ in range(threads)]

    def run(self) -> Any:
        threads = [threading.Thread(target=_thrash, args=(array,)) for array in self._arrays]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return super().run()


def _thrash(array: Any) -> None:
    """Writes through memory for a while, away from Python's global lock."""
    began = time.perf_counter()
    while time.perf_counter() - began < THRASHED_SECONDS:
        array += 1.0


class Thrashing(DuckDB):
    """Keeps every core and its caches busy for a tenth of a second before it answers."""

    def start(self, threads: int) -> Session:
        return _ThrashingSession(threads)


class _IdlingSession(DuckDBSession):
    def run(self) -> Any:
        time.sleep(IDLE_SECONDS)
        return super().run()


class Idling(DuckDB):
    """Leaves the machine idle for half a second before it answers."""

    def start(self, threads: int) -> Session:
        return _IdlingSession(threads)
