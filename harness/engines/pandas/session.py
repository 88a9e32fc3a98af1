"""Sessions of pandas: tables in memory with pandas' default dtypes, or with Arrow's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harness.answer import NAN_IS_NULL
from harness.engines.python.session import PythonSession
from harness.tables import Table
from harness.types import Column, Schema, Type

if TYPE_CHECKING:
    import pyarrow as pa

MOMENT = "timestamp[us][pyarrow]"
"""The dtype of dates and timestamps: pandas compares Arrow's dates with no ``pd.Timestamp``."""


def needs_mask(schema: Schema | Sequence[Column]) -> bool:
    """True if a column needs a dtype with a mask: integers or booleans with NULLs."""
    return any(c.nullable and c.type in (Type.INT64, Type.BOOLEAN) for c in schema)


class PandasSession(PythonSession):
    """A session of pandas. In memory, tables are DataFrames of pandas' default dtypes.

    Integers with NULLs are Int64.
    """

    def __init__(self, threads: int) -> None:
        import pandas as pd
        import pyarrow as pa

        super().__init__(threads)
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


class ArrowSession(PandasSession):
    """A session of pandas in which tables in memory are DataFrames of Arrow's dtypes."""

    def load(self, table: Table) -> None:
        import pyarrow.parquet as pq

        arrow = pq.read_table([str(path) for path in table.parquet])
        frame = arrow.to_pandas(types_mapper=self.pd.ArrowDtype)
        dates = {c.name: MOMENT for c in table.schema if c.type is Type.DATE}
        self.tables[table.name] = frame.astype(dates)
