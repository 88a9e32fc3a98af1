"""Sessions of gpudb."""

from __future__ import annotations

from typing import Any

from harness.engines.sql.sessions.duckdb import DuckDBSession
from harness.machine.gpu.device import ServedDevice


class GpudbSession(DuckDBSession):
    """A session of gpudb. A table's columns move to the device when a statement first needs them.

    By gpudb's default they move while the connection is idle, which it is not between rounds.
    """

    device = ServedDevice()

    def connected(self, config: dict[str, Any]) -> Any:
        import gpudb

        return gpudb.connect(config=config, residency="eager")

    def fallback_share(self) -> float | None:
        """Returns 0 if the GPU answered the last statement, the program's, and 1 if DuckDB did."""
        return 0.0 if self.connection.last_rewrite()["rewritten"] else 1.0
