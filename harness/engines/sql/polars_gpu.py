"""Polars' SQL on a GPU: the program of Polars SQL, collected by cuDF and never by the CPU."""

from __future__ import annotations

from typing import Any

from harness.engines.base import Session
from harness.engines.gpu import GpuEngine
from harness.engines.polars.gpu import MEMORY, lacking, says_not_on_gpu
from harness.engines.sql.polars import PolarsSql, PolarsSqlSession
from harness.errors import Unsupported, first_cause
from harness.machine.gpu.device import Device


class PolarsSqlGpuSession(PolarsSqlSession):
    """A query that cannot run on the GPU as a whole is unsupported."""

    def __init__(self, engine: Any = None) -> None:
        super().__init__()
        self.device = Device()
        self.engine = engine or self.pl.GPUEngine(raise_on_fail=True)

    def execute(self, sql: str) -> Any:
        frame = self.frame(sql)
        try:
            return frame.collect(engine=self.engine)
        except Exception as error:  # of a query that streams, a group of errors
            if says_not_on_gpu(cause := first_cause(error)):
                raise Unsupported(f"Polars cannot run this on the GPU: {lacking(cause)}") from error
            raise

    def write(self, sql: str, path: str) -> None:
        self.execute(sql).write_parquet(path)


class PolarsSqlGpu(GpuEngine, PolarsSql):
    name = "polars-sql-gpu"
    label = "Polars SQL on GPU"
    colour = "#0096c7"
    by_default = True
    distribution = "cudf-polars"
    module = "cudf_polars"

    def environment(self, threads: int) -> dict[str, str]:
        return {**super().environment(threads), **MEMORY}

    def start(self, threads: int) -> Session:
        return PolarsSqlGpuSession()
