"""gpudb: DuckDB behind a wrapper that answers on the GPU what it finds faster there."""

from __future__ import annotations

from typing import ClassVar

from harness.engines.gaps import BATCHES, Gap
from harness.engines.gpu import GpuEngine
from harness.engines.own_environment import InOwnEnvironment
from harness.engines.sql.duckdb import DuckDB
from harness.machine.gpu.discovery import NoGpu, usable_gpu


class Gpudb(InOwnEnvironment, GpuEngine, DuckDB):
    """gpudb 0.7 does not read how DuckDB 2.0 tells of a parsed statement: it needs DuckDB 1.5."""

    name, label, colour = "duckdb-gpudb", "gpudb (DuckDB)", "#b08900"
    distribution, module = "duckdb-gpudb", "gpudb"
    session = "harness.engines.sql.sessions.gpudb:GpudbSession"
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
