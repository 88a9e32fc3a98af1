"""Sessions of PyArrow."""

from __future__ import annotations

from typing import ClassVar

from harness.engines.python.session import ArrowAnswers
from harness.tables import Table


class PyArrowSession(ArrowAnswers):
    """A session of PyArrow. In memory, tables are as ``pyarrow.parquet`` reads them.

    Answers are Arrow tables, too.
    """

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
