"""Sessions of PySpark's DataFrames."""

from __future__ import annotations

from typing import ClassVar

from harness.engines.pyspark.tables import SparkTables
from harness.engines.python.session import ArrowAnswers
from harness.tables import Input, Table


class PySparkFrameSession(ArrowAnswers):
    """A session of PySpark. A program gets each table as a DataFrame, cached or over files."""

    returns: ClassVar[str] = "end it with .toArrow(), and return that"

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        self.spark = SparkTables(threads)

    def load(self, table: Table) -> None:
        self.tables[table.name] = self.spark.loaded(table)

    def scan(self, table: Table, source: Input) -> None:
        self.tables[table.name] = self.spark.scanned(table, source)

    def close(self) -> None:
        self.spark.end()
