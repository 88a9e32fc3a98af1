"""pandas: the engine, and the session that holds its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from sqlglot import exp

from harness.answer import NAN_IS_NULL
from harness.engines.base import Clients, Session, Sharing
from harness.engines.pandas.gaps import PANDAS_GAPS
from harness.engines.pandas.program import PandasProgram
from harness.engines.pandas.tables import needs_mask
from harness.engines.python.program import ProgramEmitter, PythonEngine, PythonSession
from harness.plan.guards.nan_uses import Use
from harness.plan.guards.special_uses import BY_CODE_POINT, Differing
from harness.special import Special
from harness.tables import Table
from harness.types import Type

if TYPE_CHECKING:
    import pyarrow as pa


class PandasSession(PythonSession):
    """A session of pandas. In memory, tables are DataFrames of pandas' default dtypes.

    Integers with NULLs are Int64.
    """

    def __init__(self, threads: int) -> None:
        import pandas as pd
        import pyarrow as pa

        super().__init__()
        pa.set_cpu_count(threads)
        self.pd = pd

    def load(self, table: Table) -> None:
        import pyarrow.parquet as pq

        arrow = pq.read_table([str(path) for path in table.parquet])
        frame = arrow.to_pandas(date_as_object=False)
        dtypes = {Type.INT64: self.pd.Int64Dtype(), Type.BOOLEAN: self.pd.BooleanDtype()}
        for c in table.schema:
            if needs_mask([c]) or c.type is Type.DECIMAL:
                own = dtypes.get(c.type) or self.pd.ArrowDtype(arrow[c.name].type)
                frame[c.name] = arrow[c.name].to_pandas(types_mapper=lambda _, own=own: own)
        self.tables[table.name] = frame

    def to_arrow(self, result: Any) -> pa.Table:
        """Returns the answer as an Arrow table.

        The metadata of a float column says that its NaN is NULL, for which pandas has no other
        value.
        """
        import pyarrow as pa

        table: pa.Table = pa.Table.from_pandas(result, preserve_index=False)
        for place, dtype in enumerate(result.dtypes):
            if dtype.kind == "f":
                field = table.field(place).with_metadata(NAN_IS_NULL)
                table = table.set_column(place, field, table.column(place))
        return table

    def rows(self, result: Any) -> int:
        return len(result)


class Pandas(PythonEngine):
    name = "pandas"
    label = "pandas"
    colour = "#e70488"
    distribution = "pandas"
    module = "pandas"
    emitter: ClassVar[type[ProgramEmitter]] = PandasProgram
    hands_over: ClassVar[str] = "slices of the answer"
    keeps_order = True
    nan_differs = frozenset(Use) - {Use.COMPARED_AT_ALL, Use.ORDERED, Use.MINIMUM}
    special_differs: ClassVar[Differing] = {
        **BY_CODE_POINT,
        **dict.fromkeys((exp.Ordered, exp.Window), frozenset({Special.INFINITE})),
        exp.Round: frozenset({Special.LARGE}),
    }
    gaps = PANDAS_GAPS
    clients = Clients(
        Sharing.PROCESSES, "it is not thread-safe, and Python's lock lets one thread run at a time"
    )

    def environment(self, threads: int) -> dict[str, str]:
        return {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}

    def start(self, threads: int) -> Session:
        return PandasSession(threads)
