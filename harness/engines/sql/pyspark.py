"""PySpark: Spark SQL, in a JVM that the run starts, on a standalone cluster or a Connect server."""

from __future__ import annotations

from typing import Any

from sqlglot.dialects.spark import Spark as Dialect

from harness.engines.pyspark.engine import OnSpark
from harness.engines.pyspark.session import SparkTables, address, name
from harness.engines.sql import gaps, rules, spellings
from harness.engines.sql.base import SqlEngine, SqlSession
from harness.tables import Input, Table


class PySparkSession(SqlSession):
    """A session of PySpark. In memory, tables are cached DataFrames.

    Views read files through Spark itself.
    """

    def __init__(self, threads: int = 1) -> None:
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


class PySpark(OnSpark, SqlEngine):
    name = "pyspark"
    label = "PySpark"
    colour = "#e25a1c"
    session, gaps, rules = PySparkSession, gaps.PYSPARK, rules.PYSPARK
    dialect = spellings.dialect(Dialect, spellings.PYSPARK)
