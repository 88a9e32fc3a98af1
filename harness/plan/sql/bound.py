"""SQL as DuckDB reads it over empty tables: the names of its answer, and what constants are."""

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
"""What constants may take while they are computed."""
MOST_CHARACTERS = 300
"""Of what DuckDB says, which may quote all of a query."""

_COMPARABLE = re.compile(
    r"BOOLEAN|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(.*\)|VARCHAR|ENUM\(.*\)|UUID"
    r'|DATE|TIMESTAMP(_S|_MS|_NS)?|"?NULL"?'
)
"""Types of columns that an answer can be compared by."""

_Tables = tuple[tuple[str, Schema], ...]


def answer_columns(sql: str, schemas: Mapping[str, Schema]) -> tuple[list[str], list[str]]:
    """The names of the answer's columns, as DuckDB has them, and their types.

    Raises WorkloadError where DuckDB finds the query wrong: an unknown function, types that do not
    go together, a column that is not grouped.
    """
    import duckdb  # here: who only prints programs needs none

    with _database(tuple(schemas.items())).cursor() as connection:
        judge(connection, sql, schemas)
        try:
            answer = connection.sql(sql)
        except duckdb.Error as error:
            raise WorkloadError(_first_line(error)) from None
        return answer.columns, [str(kind) for kind in answer.types]


def check_comparable(names: Sequence[str], kinds: Sequence[str]) -> None:
    """Raises WorkloadError where columns of these types cannot be compared."""
    for name, kind in zip(names, kinds, strict=True):
        if not _COMPARABLE.fullmatch(kind):
            words = f"column {name!r} of the answer is {kind}, which cannot be compared; cast it"
            raise WorkloadError(words)


def constant(sql: str) -> tuple[str, object] | None:
    """The type and the value of an expression without columns; None where DuckDB has none."""
    import duckdb

    with _database(()).cursor() as connection:
        try:
            judge(connection, f"select {sql}", ())
            found = connection.sql(f"select {sql}")
            ((value,),) = found.fetchall()
        except (duckdb.Error, WorkloadError, ValueError, OverflowError):  # of dates far away
            return None
        return str(found.types[0]), value


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
    """What is wrong, and what DuckDB would have instead, without its list of candidates."""
    lines = [line for line in str(error).strip().splitlines() if line]
    words = [lines[0].partition(" Error: ")[2] or lines[0]]
    words += [line for line in lines[1:2] if line.startswith("Did you mean")]
    text = " ".join(words).split(" You might need")[0]
    return f"DuckDB says: {text[:MOST_CHARACTERS]}"
