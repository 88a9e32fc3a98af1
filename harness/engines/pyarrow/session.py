"""Sessions of PyArrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from harness.engines.python.session import PythonSession
from harness.tables import Table

if TYPE_CHECKING:
    import pyarrow as pa


class PyArrowSession(PythonSession):
    """A session of PyArrow. In memory, tables are as ``pyarrow.parquet`` reads them.

    Answers are Arrow tables, too.
    """

    answer: ClassVar[str] = "Table"
    returns: ClassVar[str] = "return a pyarrow.Table"

    def __init__(self, threads: int) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        super().__init__(threads)
        pa.set_cpu_count(threads)
        pa.set_io_thread_count(threads)
        self.read_table = pq.read_table

    def load(self, table: Table) -> None:
        self.tables[table.name] = self.read_table([str(path) for path in table.parquet])

    def to_arrow(self, result: Any) -> pa.Table:
        table: pa.Table = result
        return table

    def rows(self, result: Any) -> int:
        return int(result.num_rows)
