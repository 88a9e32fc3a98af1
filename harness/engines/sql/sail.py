"""Sail: Spark SQL over DataFusion, on a Spark Connect server of its own in the worker's process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from sqlglot import exp
from sqlglot.dialects.spark import Spark as Dialect

from harness.engines.base import Program
from harness.engines.own_environment import InOwnEnvironment
from harness.engines.pyspark.session import SparkTables
from harness.engines.sql import gaps, rules, spellings
from harness.engines.sql.base import SqlEngine, SqlSession
from harness.engines.sql.pyspark import PySparkSession
from harness.plan import CompiledQuery
from harness.plan.guards.nan_uses import Use
from harness.plan.guards.special_uses import FULL_CASE, Differing
from harness.special import Special
from harness.tables import Input, Table


class SailSession(PySparkSession):
    """A session of Sail: PySpark's client, connected to the server over loopback."""

    def __init__(self, threads: int = 1) -> None:
        from pysail.spark import SparkConnectServer

        SqlSession.__init__(self, threads)  # not PySpark's, which starts a JVM
        self.server = SparkConnectServer("127.0.0.1", 0)
        self.server.start(background=True)
        host, port = self.server.listening_address
        self.tables = SparkTables(threads, f"sc://{host}:{port}")

    def scan(self, table: Table, source: Input) -> None:
        rows = self.tables.scanned(table, source)
        rows.createOrReplaceTempView(table.name)  # Sail takes backquotes for a part of the name

    def close(self) -> None:
        super().close()
        self.server.stop()


class Sail(InOwnEnvironment, SqlEngine):
    name = "sail"
    distribution = module = "pysail"
    label = "Sail"
    colour = "#2b59c3"
    by_default: ClassVar[bool] = False
    requires = ("pysail==0.7.*", "pyspark-client==4.2.0")  # other clients are refused
    reads: ClassVar[frozenset[Input]] = frozenset({Input.PARQUET, Input.CSV})
    session, gaps, rules = SailSession, gaps.SAIL, rules.SAIL
    nan_differs: ClassVar[frozenset[Use]] = frozenset()
    special_differs: ClassVar[Differing] = {
        **FULL_CASE,
        **dict.fromkeys((exp.Sum, exp.Avg, exp.Min, exp.Max), frozenset({Special.INFINITE})),
        **dict.fromkeys((exp.Floor, exp.Ceil), frozenset({Special.INFINITE, Special.LARGE})),
        exp.PercentileDisc: frozenset({Special.BEYOND}),
        exp.Round: frozenset({Special.LARGE}),
    }
    dialect = spellings.dialect(Dialect, spellings.SAIL)
    note = "Spark's SQL over DataFusion, in Rust; it holds no tables in memory and reads files."

    def compile(self, query: CompiledQuery, tables: Mapping[str, Table], source: Input) -> Program:
        if query.write and query.spec.order:
            raise self.lacks().unsupported(gaps.ORDER_IN_FILES)
        return super().compile(query, tables, source)

    def environment(self, threads: int) -> dict[str, str]:
        parallel = {"SAIL_EXECUTION__DEFAULT_PARALLELISM": str(threads), "RUST_LOG": "off"}
        return {**super().environment(threads), **parallel}
