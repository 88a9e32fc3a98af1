"""PySpark: Spark SQL, in a JVM that the run starts, on a standalone cluster or a Connect server."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.spark import Spark as Dialect

from harness.engines.base import CONNECT_VARIABLE
from harness.engines.sql import gaps, rules, spellings
from harness.engines.sql.base import SqlEngine, SqlSession
from harness.machine import java
from harness.machine.variables import SPARK
from harness.plan.guards.nan_uses import Use
from harness.plan.guards.special_uses import FULL_CASE, Differing
from harness.special import Special
from harness.tables import Input, Table


class PySparkSession(SqlSession):
    """A session of PySpark. In memory, tables are cached DataFrames.

    Views read files through Spark itself.
    """

    def __init__(self, threads: int = 1) -> None:
        from harness.engines.sql import spark_session

        super().__init__(threads)
        self.spark = spark_session.started(threads, os.environ.get(CONNECT_VARIABLE))
        self.reading, self.cached = spark_session, dict[str, Any]()

    def load(self, table: Table) -> None:
        if table.name in self.cached:  # Spark would answer from it
            self.cached.pop(table.name).unpersist()
        rows = self.reading.read(self.spark, table, Input.PARQUET)
        rows = self.reading.spread(rows, table, self.threads).cache()
        rows.count()
        self.cached[table.name] = rows
        self.reading.name(rows, table)

    def scan(self, table: Table, source: Input) -> None:
        self.reading.name(self.reading.read(self.spark, table, source), table)

    def execute(self, sql: str) -> Any:
        return self.spark.sql(sql).toArrow()

    def write(self, sql: str, path: str) -> None:
        self.spark.sql(sql).write.parquet(self.reading.address(path))

    def close(self) -> None:
        self.reading.end(self.spark, self.cached.values())


class PySpark(SqlEngine):
    name = distribution = module = "pyspark"
    label = "PySpark"
    colour = "#e25a1c"
    connects = serves = True
    by_default: ClassVar[bool] = False
    secrets = SPARK
    oldest: ClassVar[Mapping[str, str]] = {"pyspark": "4.0"}
    session, gaps, rules = PySparkSession, gaps.PYSPARK, rules.PYSPARK
    nan_differs: ClassVar[frozenset[Use]] = frozenset()
    special_differs: ClassVar[Differing] = {
        **FULL_CASE,
        exp.PercentileDisc: frozenset({Special.BEYOND}),
        exp.Round: frozenset({Special.LARGE}),
    }
    dialect = spellings.dialect(Dialect, spellings.PYSPARK)

    def environment(self, threads: int) -> dict[str, str]:
        return {**super().environment(threads), **java.on_loopback(self.address)}

    def unavailable(self) -> str | None:
        served = (self.address or "").startswith("sc://")
        return super().unavailable() or (None if served else java.unavailable(oldest=17))
