"""Polars' SQL on a GPU: the program of Polars SQL, collected by cuDF and never by the CPU."""

from __future__ import annotations

from typing import Any

from harness.engines.gaps import Refused
from harness.engines.gpu import GpuEngine
from harness.engines.polars.gaps import NOT_ON_GPU
from harness.engines.polars.gpu import MEMORY, lacking, says_not_on_gpu
from harness.engines.sql.polars import PolarsSql, PolarsSqlSession
from harness.errors import first_cause
from harness.machine.gpu.device import Device


class PolarsSqlGpuSession(PolarsSqlSession):
    """A session of Polars' SQL on a GPU.

    A query that cannot run there as a whole is unsupported.
    """

    def __init__(self, threads: int = 1, engine: Any = None) -> None:
        super().__init__(threads)
        self.device = Device()
        self.engine = engine or self.pl.GPUEngine(raise_on_fail=True)

    def execute(self, sql: str) -> Any:
        frame = self.frame(sql)
        try:
            return frame.collect(engine=self.engine)
        except Exception as error:  # of a query that streams, a group of errors
            if says_not_on_gpu(cause := first_cause(error)):
                raise Refused(PolarsSqlGpu.label, NOT_ON_GPU, detail=lacking(cause)) from error
            raise

    def write(self, sql: str, path: str) -> None:
        self.execute(sql).write_parquet(path)


class PolarsSqlGpu(GpuEngine, PolarsSql):
    name = "polars-sql-gpu"
    label = "Polars SQL on GPU"
    colour = "#0096c7"
    by_default = True
    gaps = (*PolarsSql.gaps, NOT_ON_GPU)
    session = PolarsSqlGpuSession
    distribution = "cudf-polars"
    module = "cudf_polars"

    def environment(self, threads: int) -> dict[str, str]:
        return {**super().environment(threads), **MEMORY}
