"""Says whether DuckDB has several right answers to a query, over tables in memory."""

from __future__ import annotations

from collections.abc import Iterable

import duckdb
import pyarrow as pa

from harness.answer import AnswerSpec
from harness.errors import NoReference
from harness.sandbox.guard import judge
from harness.verify import explained
from harness.verify.compare import compare


def another(
    database: duckdb.DuckDBPyConnection,
    spec: AnswerSpec,
    right: pa.Table,
    widened: bool,
    tables: Iterable[str],
) -> str | None:
    """Returns a sentence that says why a query has several right answers, or None.

    It has, if DuckDB gives another answer than ``right`` to a text that means the same as the
    query: over rows in another order, say. (`harness.verify.explained.another` has the rule.)
    ``widened`` says that ``right`` has all rows that may be in the answer to a query with a LIMIT;
    ``tables`` are the names of those that it may read.
    """
    names = list(tables)

    def differs(sql: str, told_by: AnswerSpec, cut: bool) -> bool:
        judge(database, sql, names)
        try:
            other = database.sql(sql).to_arrow_table()
        except duckdb.Error as error:
            raise NoReference(str(error)) from error
        named = told_by.named(other.column_names)
        return compare(other.rename_columns(named), right, told_by, cut) is not None

    of_floats = "select column_name from information_schema.columns where data_type = 'DOUBLE'"
    floats = {name for (name,) in database.execute(of_floats).fetchall()}
    return explained.another(spec, widened, names, differs, floats)
