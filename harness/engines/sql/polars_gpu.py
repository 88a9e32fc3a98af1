"""Polars' SQL on a GPU: the program of Polars SQL, collected by cuDF and never by the CPU."""

from __future__ import annotations

from harness.engines.gpu import GpuEngine
from harness.engines.polars.gaps import UNTRANSLATED
from harness.engines.polars.gpu import MEMORY
from harness.engines.sql.polars import PolarsSql


class PolarsSqlGpu(GpuEngine, PolarsSql):
    name = "polars-sql-gpu"
    label = "Polars SQL on GPU"
    colour = "#0096c7"
    by_default = True
    gaps = (*PolarsSql.gaps, UNTRANSLATED)
    session = "harness.engines.sql.sessions.polars_gpu:PolarsSqlGpuSession"
    distribution = "cudf-polars"
    module = "cudf_polars"

    def environment(self, threads: int) -> dict[str, str]:
        return {**super().environment(threads), **MEMORY}
