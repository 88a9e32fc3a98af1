"""Engines that answer as DuckDB does, and disturb the engine that runs after them in known ways.

For ``--engines polars,beside=harness.commands.selfcheck.neighbours:Thrashing``: Polars must take
the same time beside them as after they have ended.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from harness.engines.sql.duckdb import DuckDB
from harness.engines.sql.sessions.duckdb import DuckDBSession

THRASHED_SECONDS = 0.1
THRASHED_BYTES = 2**27
"""Bytes for each thread: more than a processor's caches hold."""
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
    """Writes to an array again and again for THRASHED_SECONDS, without Python's global lock."""
    began = time.perf_counter()
    while time.perf_counter() - began < THRASHED_SECONDS:
        array += 1.0


class Thrashing(DuckDB):
    """An engine that keeps every core and its caches busy for a tenth of a second, then answers."""

    session = _ThrashingSession


class _IdlingSession(DuckDBSession):
    def run(self) -> Any:
        time.sleep(IDLE_SECONDS)
        return super().run()


class Idling(DuckDB):
    """An engine that leaves the machine idle for half a second, then answers."""

    session = _IdlingSession
