"""Asks DuckDB, over empty tables, for a query's answer columns and for the values of constants."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from harness.errors import WorkloadError
from harness.sandbox.guard import identifier, judge, lock
from harness.types import Schema

if TYPE_CHECKING:
    import duckdb

MEMORY = "500MB"
"""The memory limit while constants are computed."""
MOST_CHARACTERS = 300
"""The longest part of DuckDB's message to show; it may quote the whole query."""

_COMPARABLE = re.compile(
    r"BOOLEAN|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(.*\)|VARCHAR|ENUM\(.*\)|UUID"
    r'|DATE|TIMESTAMP(_S|_MS)?|"?NULL"?'
)
"""Types of columns whose values the referee can compare."""

_Tables = tuple[tuple[str, Schema], ...]


def answer_columns(sql: str, schemas: Mapping[str, Schema]) -> tuple[list[str], list[str]]:
    """Returns the names of the answer's columns, as DuckDB has them, and their types.

    Raises WorkloadError if DuckDB rejects the query: an unknown function, incompatible types, a
    column that is not grouped.
    """
    import duckdb  # imported late: printing programs does not need it

    with _database(tuple(schemas.items())).cursor() as connection:
        judge(connection, sql, schemas)
        try:
            answer = connection.sql(sql)
        except duckdb.Error as error:
            raise WorkloadError(_first_line(error)) from None
        return answer.columns, [str(kind) for kind in answer.types]


def check_comparable(names: Sequence[str], kinds: Sequence[str]) -> None:
    """Raises WorkloadError for a column of a type that the referee cannot compare, as a list.

    ``kinds`` are the types, in DuckDB's words, of the answer's columns ``names``.
    """
    for name, kind in zip(names, kinds, strict=True):
        if not _COMPARABLE.fullmatch(kind):
            words = f"column {name!r} of the answer is {kind}, which cannot be compared; cast it"
            raise WorkloadError(words)


def constant(sql: str) -> tuple[str, object] | None:
    """Returns the type and value that DuckDB computes for an expression without columns.

    ``constant("1 + 1")`` = ``("INTEGER", 2)``; None if DuckDB refuses the expression.
    """
    return constants([sql])[0]


def constants(expressions: Sequence[str]) -> list[tuple[str, object] | None]:
    """Returns what `constant` returns for each of these expressions.

    All are computed in one statement; if that fails, each in its own.
    """
    if not expressions:
        return []
    found = _row(expressions)
    if found is None and len(expressions) > 1:
        return [constant(sql) for sql in expressions]
    return [None] if found is None else list(found)


def _row(expressions: Sequence[str]) -> list[tuple[str, object]] | None:
    """Returns the types and values of a SELECT list without columns; None if DuckDB refuses it."""
    import duckdb

    sql = f"select {', '.join(expressions)}"
    with _database(()).cursor() as connection:
        try:
            judge(connection, sql, ())
            found = connection.sql(sql)
            (values,) = found.fetchall()
            return list(zip(map(str, found.types), values, strict=True))
        except (duckdb.Error, WorkloadError, ValueError, OverflowError):  # Python has no such date
            return None


@lru_cache(maxsize=8)
def _database(tables: _Tables) -> duckdb.DuckDBPyConnection:
    import duckdb

    database = duckdb.connect(config={"threads": 1, "memory_limit": MEMORY})
    for name, schema in tables:
        columns = ", ".join(f"NULL::{c.type.sql} AS {identifier(c.name)}" for c in schema)
        database.execute(f"CREATE VIEW {identifier(name)} AS SELECT {columns}")
    lock(database, ())
    return database


def _first_line(error: Exception) -> str:
    """Returns DuckDB's message in one line, after ``DuckDB says:``.

    It is the message's first line and its ``Did you mean``, without further candidates.
    """
    lines = [line for line in str(error).strip().splitlines() if line]
    words = [lines[0].partition(" Error: ")[2] or lines[0]]
    words += [line for line in lines[1:2] if line.startswith("Did you mean")]
    text = " ".join(words).split(" You might need")[0]
    return f"DuckDB says: {text[:MOST_CHARACTERS]}"
