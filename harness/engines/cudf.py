"""cuDF: pandas' programs in its spelling, on one GPU."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from harness.answer import NAN_IS_NULL
from harness.engines.base import Program, Session
from harness.engines.cudf_program import CudfProgram
from harness.engines.gpu import GpuEngine
from harness.engines.pandas import Pandas
from harness.engines.python import Gaps, PythonSession
from harness.plan import Query
from harness.tables import Input, Table

if TYPE_CHECKING:
    import pyarrow as pa


class CudfSession(PythonSession):
    """Memory holds a DataFrame on the device."""

    def __init__(self) -> None:
        import cudf

        super().__init__()
        self.cudf = cudf

    def load(self, table: Table) -> None:
        self.tables[table.name] = self.cudf.read_parquet([str(path) for path in table.parquet])

    def to_arrow(self, result: Any) -> pa.Table:
        """The answer; a quotient of zeros is NaN in floats, which are marked as such."""
        table: pa.Table = result.to_arrow(preserve_index=False)
        for place, field in enumerate(table.schema):
            if str(field.type) == "double":
                marked = field.with_metadata(NAN_IS_NULL)
                table = table.set_column(place, marked, table.column(place))
        return table

    def rows(self, result: Any) -> int:
        return len(result)


class Cudf(GpuEngine):
    name = "cudf"
    label = "cuDF"
    colour = "#3a0ca3"
    language = "python"
    distribution = "cudf-cu12"
    module = "cudf"
    nan_differs = Pandas.nan_differs
    not_yet: ClassVar[Mapping[str, str]] = Pandas.not_yet

    def compile(self, query: Query, tables: Mapping[str, Table], source: Input) -> Program:
        gaps = Gaps(self.label, self.cannot, self.not_yet)
        return CudfProgram(gaps, tables, source).program(self.lowered(query), query.write)

    def start(self, threads: int) -> Session:
        return CudfSession()
