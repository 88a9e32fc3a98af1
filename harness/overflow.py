"""A query -> whether a sum of whole numbers in it passes 64 bits, as wide as engines' sums are.

DuckDB's sums have 128 bits. Others go round to the other end of their range without a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import duckdb
import sqlglot
from sqlglot import exp

from harness.duckdb_guard import judge
from harness.errors import WorkloadError
from harness.plan.functions import by_name

DIALECT = "duckdb"
BATCH_ROWS = 100_000
TOLD = "a sum of whole numbers that passes 64 bits on this data"
_TOO_WIDE = re.compile("INT128 .* out of range for the destination type INT64")


def overflow(database: duckdb.DuckDBPyConnection, sql: str, tables: Iterable[str]) -> str | None:
    """What passes 64 bits: a sum, or that of a mean. None too where DuckDB cannot tell."""
    try:
        guarded = _guarded(sql)
        if guarded is None:
            return None
        judge(database, guarded, tables)
    except (WorkloadError, sqlglot.errors.SqlglotError):  # what is printed is another query
        return None
    try:
        for _ in database.sql(guarded).to_arrow_reader(BATCH_ROWS):
            pass  # what raises, does so on the way
    except (duckdb.Error, OSError) as error:  # Arrow's, of what DuckDB raises on the way
        return TOLD if _TOO_WIDE.search(str(error)) else None
    return None


def _guarded(sql: str) -> str | None:
    """The query, which now raises where one of its sums is too wide; None where it has no sum."""
    tree = sqlglot.parse_one(sql, read=DIALECT)
    by_name(tree)
    aggregates = list(tree.find_all(exp.Sum, exp.Avg))
    for aggregate in reversed(aggregates):  # the innermost first
        value = _whole(aggregate)
        place = exp.Placeholder()
        value.replace(place)
        total = value.transform(lambda e, one=aggregate: exp.Sum(this=e.this) if e == one else e)
        place.replace(_raising(value.sql(DIALECT), total.sql(DIALECT)))
    return tree.sql(DIALECT) if aggregates else None


def _whole(aggregate: exp.Expr) -> exp.Expr:
    """The aggregate with its FILTER and its OVER."""
    value = aggregate
    while isinstance(value.parent, (exp.Filter, exp.Window)) and value.arg_key == "this":
        value = value.parent
    return value


def _raising(value: str, total: str) -> exp.Expr:
    """The value itself, for which a total of 128 bits is made one of 64 on the way."""
    narrow = f"typeof({total}) = 'HUGEINT' and cast({total} as bigint) is null"
    return sqlglot.parse_one(f"case when {narrow} then null else {value} end", read=DIALECT)
