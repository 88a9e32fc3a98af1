"""Sail: Spark SQL over DataFusion, on a Spark Connect server of its own in the worker's process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from sqlglot import exp
from sqlglot.dialects.spark import Spark as Dialect

from harness.engines.own_environment import InOwnEnvironment
from harness.engines.session import Program
from harness.engines.sql import gaps, rules, spellings
from harness.engines.sql.base import SqlEngine
from harness.plan import CompiledQuery
from harness.plan.guards.nan_uses import Use
from harness.plan.guards.special_uses import FULL_CASE, Differing
from harness.special import Special
from harness.tables import Input, Table

CACHES = ("FILE_STATISTICS_CACHE", "FILE_METADATA_CACHE")
"""What it would remember of Parquet files: enough to answer ``min(x)`` without reading them."""


class Sail(InOwnEnvironment, SqlEngine):
    name = "sail"
    distribution = module = "pysail"
    label = "Sail"
    colour = "#2b59c3"
    by_default: ClassVar[bool] = False
    requires = ("pysail==0.7.*", "pyspark-client==4.2.0")  # other clients are refused
    reads: ClassVar[frozenset[Input]] = frozenset({Input.PARQUET, Input.CSV})
    session = "harness.engines.sql.sessions.sail:SailSession"
    gaps, rules = gaps.SAIL, rules.SAIL
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

    def refuse_table(self, table: Table, source: Input) -> None:
        if source not in self.reads:
            raise self.lacks().unsupported(gaps.IN_MEMORY, table.name)

    def compile(self, query: CompiledQuery, tables: Mapping[str, Table], source: Input) -> Program:
        if query.write and query.spec.order:
            raise self.lacks().unsupported(gaps.ORDER_IN_FILES)
        return super().compile(query, tables, source)

    def environment(self, threads: int) -> dict[str, str]:
        own = {f"SAIL_PARQUET__{cache}__TYPE": "none" for cache in CACHES}
        own |= {"SAIL_EXECUTION__DEFAULT_PARALLELISM": str(threads), "RUST_LOG": "off"}
        return {**super().environment(threads), **own}
