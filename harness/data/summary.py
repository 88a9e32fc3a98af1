"""Summarizes a table's columns for people: how many different values they have, and examples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.sandbox.files import reader
from harness.sandbox.names import quoted
from harness.tables import Input, Table
from harness.words import visible

if TYPE_CHECKING:
    import duckdb

MOST_ROWS = 1_000_000
"""The first rows of a table stand for all."""
EXAMPLES, EXAMPLE_CHARACTERS = 3, 24


@dataclass(frozen=True)
class ColumnSummary:
    """What a column's first rows hold.

    ``different`` is about how many different values there are, ``nulls`` the number of NULLs, and
    ``examples`` are the most frequent values.
    """

    different: int
    nulls: int
    examples: tuple[str, ...]


def summarize(table: Table) -> dict[str, ColumnSummary]:
    """Returns a ColumnSummary for each column, by its name."""
    import duckdb

    with duckdb.connect() as connection:
        rows = f"(FROM {reader(table, Input.PARQUET)} LIMIT {MOST_ROWS})"
        connection.execute(f"CREATE VIEW t AS FROM {rows}")
        return {column.name: _summary(connection, quoted(column.name)) for column in table.schema}


def _summary(connection: duckdb.DuckDBPyConnection, name: str) -> ColumnSummary:
    ((different, nulls),) = connection.execute(
        f"SELECT count(DISTINCT {name}), count(*) - count({name}) FROM t"
    ).fetchall()
    common = connection.execute(
        f"SELECT {name}::VARCHAR FROM t WHERE {name} IS NOT NULL GROUP BY {name} "
        f"ORDER BY count(*) DESC, {name} LIMIT {EXAMPLES}"
    ).fetchall()
    return ColumnSummary(
        different, nulls, tuple(visible(text[:EXAMPLE_CHARACTERS]) for (text,) in common)
    )
