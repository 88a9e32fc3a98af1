"""Sessions of PySpark's SQL."""

from __future__ import annotations

from typing import Any

from harness.engines.pyspark.tables import SparkTables, address, name
from harness.engines.sql.sessions.base import SqlSession
from harness.tables import Input, Table


class PySparkSession(SqlSession):
    """A session of PySpark. In memory, tables are cached DataFrames.

    Views read files through Spark itself.
    """

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        self.tables = SparkTables(threads)

    def load(self, table: Table) -> None:
        name(self.tables.loaded(table), table)

    def scan(self, table: Table, source: Input) -> None:
        name(self.tables.scanned(table, source), table)

    def execute(self, sql: str) -> Any:
        return self.tables.spark.sql(sql).toArrow()

    def write(self, sql: str, path: str) -> None:
        self.tables.spark.sql(sql).write.parquet(address(path))

    def close(self) -> None:
        self.tables.end()
