"""Sessions of Polars' SQL on a GPU."""

from __future__ import annotations

from typing import Any

from harness.engines.polars.gpu_session import NOT_ON_GPU, lacking, says_not_on_gpu
from harness.engines.sql.sessions.polars import PolarsSqlSession
from harness.errors import first_cause
from harness.machine.gpu.device import Device


class PolarsSqlGpuSession(PolarsSqlSession):
    """A session of Polars' SQL on a GPU.

    A query that cannot run there as a whole is unsupported.
    """

    def __init__(self, threads: int, engine: Any = None) -> None:
        super().__init__(threads)
        self.device = Device()
        self.engine = engine or self.pl.GPUEngine(raise_on_fail=True)

    def execute(self, sql: str) -> Any:
        frame = self.frame(sql)
        try:
            return frame.collect(engine=self.engine)
        except Exception as error:  # of a query that streams, a group of errors
            if says_not_on_gpu(cause := first_cause(error)):
                raise self.unsupported(NOT_ON_GPU, lacking(cause)) from error
            raise

    def write(self, sql: str, path: str) -> None:
        self.execute(sql).write_parquet(path)
