"""Polars with its GPU engine: the lazy programs, collected by cuDF and never by the CPU."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from harness.engines.base import Program, Session
from harness.engines.gpu import GpuEngine
from harness.engines.polars import Polars, PolarsProgram, PolarsSession
from harness.engines.python import Gaps
from harness.errors import Unsupported
from harness.gpu.device import Device
from harness.gpu.device import __name__ as MODULE
from harness.oom import says_out_of_memory
from harness.plan import Query
from harness.tables import Input, Table

MEMORY_VARIABLE = "CUDF_POLARS__MEMORY_RESOURCE_CONFIG__QUALNAME"
ON_GPU = "engine=pl.GPUEngine(raise_on_fail=True)"


class PolarsGpuProgram(PolarsProgram):
    """``sink_parquet`` runs on the CPU, so that an answer is collected before it is written."""

    collect: ClassVar[str] = f".collect({ON_GPU})"
    write: ClassVar[str] = f".collect({ON_GPU}).write_parquet"


class PolarsGpuSession(PolarsSession):
    """A query that cannot run on the GPU as a whole is unsupported.

    Tables in memory are the host's, as Polars' are; each run moves what it needs of them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.device = Device()

    def run(self) -> Any:
        try:
            return super().run()
        except (NotImplementedError, self.pl.exceptions.ComputeError) as error:
            if says_not_on_gpu(error):
                first = str(error).strip().splitlines()[0]
                raise Unsupported(f"Polars cannot run this on the GPU: {first}") from error
            raise


def says_not_on_gpu(error: Exception) -> bool:
    """Whether Polars could not translate the query, which ``raise_on_fail`` makes an error."""
    text = str(error)
    if says_out_of_memory(type(error).__name__, text):
        return False
    return isinstance(error, NotImplementedError) or any(
        words in text for words in ("conversion failed", "GPU not possible", "NotImplementedError")
    )


class PolarsGpu(GpuEngine, Polars):
    name = "polars-gpu"
    label = "Polars on GPU"
    colour = "#00b4d8"
    distribution = "cudf-polars-cu12"
    module = "cudf_polars"

    def environment(self, threads: int) -> dict[str, str]:
        """cuDF-Polars takes its memory from where the variable says."""
        return {**super().environment(threads), MEMORY_VARIABLE: f"{MODULE}.memory_resource"}

    def compile(self, query: Query, tables: Mapping[str, Table], source: Input) -> Program:
        gaps = Gaps(self.label, self.cannot, self.not_yet)
        return PolarsGpuProgram(gaps, tables, source).program(self.lowered(query), query.write)

    def start(self, threads: int) -> Session:
        return PolarsGpuSession()
