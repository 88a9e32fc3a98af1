"""cuDF: pandas' programs with cuDF's differences, on one GPU."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ClassVar

from sqlglot import exp

from harness.answer import NAN_IS_NULL
from harness.engines.base import Session
from harness.engines.cudf.gaps import CUDF_GAPS, DIVISION
from harness.engines.cudf.program import CudfProgram
from harness.engines.gpu import GpuEngine
from harness.engines.pandas.engine import Pandas
from harness.engines.python.program import PythonEngine, PythonSession
from harness.machine.gpu.device import Device, own_device
from harness.plan.guards.special_uses import FULL_CASE, Differing
from harness.special import Special
from harness.tables import Table

if TYPE_CHECKING:
    import pyarrow as pa


class CudfSession(PythonSession):
    """A session of cuDF. In memory, tables are DataFrames on the GPU."""

    device: Device

    def __init__(self) -> None:
        super().__init__()
        self.device = self._device()
        import cudf

        self.cudf = cudf

    def _device(self) -> Device:
        return own_device()

    def load(self, table: Table) -> None:
        """Copies a table to the GPU from the host's memory, and times the transfer."""
        import pyarrow.parquet as pq

        host = pq.read_table([str(path) for path in table.parquet])
        began = time.perf_counter()
        self.tables[table.name] = self.cudf.DataFrame.from_arrow(host)
        self.device.synchronise()
        taken = self.device.transfer_seconds or 0.0
        self.device.transfer_seconds = taken + time.perf_counter() - began

    def to_arrow(self, result: Any) -> pa.Table:
        """Returns the answer as an Arrow table; marks float columns as having NaN for NULL.

        cuDF's 0 / 0 gives NaN.
        """
        table: pa.Table = result.to_arrow(preserve_index=False)
        for place, field in enumerate(table.schema):
            if str(field.type) == "double":
                marked = field.with_metadata(NAN_IS_NULL)
                table = table.set_column(place, marked, table.column(place))
        return table

    def rows(self, result: Any) -> int:
        return len(result)


class Cudf(GpuEngine, PythonEngine):
    name = "cudf"
    label = "cuDF"
    colour = "#3a0ca3"
    distribution = "cudf"
    module = "cudf"
    emitter = CudfProgram
    nan_differs = Pandas.nan_differs
    special_differs: ClassVar[Differing] = {
        **Pandas.special_differs,
        **FULL_CASE,
        **DIVISION,
        exp.IntDiv: frozenset({Special.LEAST}),
        exp.Mod: frozenset({Special.LEAST, Special.INFINITE}),
        exp.Round: frozenset({Special.LEAST, Special.LARGE}),
    }
    gaps = CUDF_GAPS

    def start(self, threads: int) -> Session:
        return CudfSession()
