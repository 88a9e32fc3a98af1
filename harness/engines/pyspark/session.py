"""Sessions of PySpark's DataFrames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from harness.engines.pyspark.tables import SparkTables
from harness.engines.python.session import PythonSession
from harness.tables import Input, Table

if TYPE_CHECKING:
    import pyarrow as pa


class PySparkFrameSession(PythonSession):
    """A session of PySpark. A program gets each table as a DataFrame, cached or over files."""

    answer: ClassVar[str] = "Table"
    returns: ClassVar[str] = "end it with .toArrow(), and return that"

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        self.spark = SparkTables(threads)

    def load(self, table: Table) -> None:
        self.tables[table.name] = self.spark.loaded(table)

    def scan(self, table: Table, source: Input) -> None:
        self.tables[table.name] = self.spark.scanned(table, source)

    def to_arrow(self, result: Any) -> pa.Table:
        return result

    def rows(self, result: Any) -> int:
        return len(result)

    def close(self) -> None:
        self.spark.end()
