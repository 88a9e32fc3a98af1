"""gpudb: DuckDB behind a wrapper that answers on the GPU what it finds faster there."""

from __future__ import annotations

from typing import Any, ClassVar

from harness.engines.base import Session
from harness.engines.gaps import Gap
from harness.engines.gpu import GpuEngine
from harness.engines.own_environment import InOwnEnvironment
from harness.engines.sql.duckdb import DuckDB
from harness.engines.sql.duckdb_session import DuckDBSession
from harness.engines.training import BATCHES
from harness.machine.gpu.device import ServedDevice
from harness.machine.gpu.discovery import NoGpu, usable_gpu


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


class Gpudb(InOwnEnvironment, GpuEngine, DuckDB):
    """gpudb 0.7 does not read how DuckDB 2.0 tells of a parsed statement: it needs DuckDB 1.5."""

    name, label, colour = "duckdb-gpudb", "gpudb (DuckDB)", "#b08900"
    distribution, module = "duckdb-gpudb", "gpudb"
    requires = ("duckdb-gpudb==0.7.*", "duckdb==1.5.*")
    gaps: ClassVar[tuple[Gap, ...]] = (BATCHES,)
    by_default: ClassVar[bool] = False
    note: ClassVar[str] = (
        "a wrapper of DuckDB that answers on the GPU what it finds faster there: aggregates of "
        "integers and decimals, of tables in memory of a million rows or more."
    )

    def unavailable(self) -> str | None:
        """Why the engine cannot be used: no GPU, no driver, or no environment of its own."""
        try:
            usable_gpu()
        except NoGpu as error:
            return str(error)
        return InOwnEnvironment.unavailable(self)

    def version(self) -> str | None:
        return self.installed(self.distribution)

    def start(self, threads: int) -> Session:
        return GpudbSession(threads)
