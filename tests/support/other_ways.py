"""Whether DuckDB's own answer is another, of answers that are tables in memory."""

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
    """In which way DuckDB's answer is another than ``right``, if it is in one."""
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
