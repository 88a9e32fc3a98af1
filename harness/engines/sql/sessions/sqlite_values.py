"""Loads tables into SQLite, and converts its rows to an Arrow table."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any

from sqlglot.dialects.sqlite import SQLite

from harness.answer import NAN_IS_NULL
from harness.engines.sql.sessions.join_keys import join_keys
from harness.engines.sql.sessions.tables import declared
from harness.sandbox.guard import identifier
from harness.tables import Table
from harness.types import Type

if TYPE_CHECKING:
    import pyarrow as pa

_DECLARED = {
    **dict.fromkeys(Type, "TEXT"),
    **{Type.INT64: "INTEGER", Type.FLOAT64: "REAL", Type.BOOLEAN: "INTEGER"},
}
SECONDS = 19
"""The characters of a time in seconds; SQLite's functions have no fractions."""


class FractionOfSecond(Exception):
    """Raised for a time between two seconds."""


def connected(copied: sqlite3.Connection | None = None) -> sqlite3.Connection:
    """Returns a connection to a new database in memory: empty, or a copy of another's."""
    connection = sqlite3.connect(
        ":memory:", isolation_level=None, cached_statements=0, check_same_thread=False
    )
    connection.execute("PRAGMA case_sensitive_like = ON")
    if copied is not None:
        copied.backup(connection)
    return connection


def fill(connection: sqlite3.Connection, table: Table) -> None:
    """Makes a table, replacing one of its name, with the rows of its Parquet files.

    Raises FractionOfSecond for times that SQLite's functions cannot read.
    """
    name = identifier(table.name)
    connection.execute(f"DROP TABLE IF EXISTS {name}")
    connection.execute(f"CREATE TABLE {name} ({declared(table, _DECLARED)})")
    connection.execute("BEGIN")
    try:
        _insert(connection, table)
    except FractionOfSecond:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _insert(connection: sqlite3.Connection, table: Table) -> None:
    marks = ", ".join("?" * len(table.schema))
    for rows in _batches(table):
        connection.executemany(f"INSERT INTO {identifier(table.name)} VALUES ({marks})", rows)


def index(
    connection: sqlite3.Connection,
    sql: str,
    tables: Mapping[str, Table],
    indexed: Set[tuple[str, str]],
) -> Set[tuple[str, str]]:
    """Makes indexes on the columns that a query joins by, unless they are among ``indexed``.

    Returns the new ones, as pairs of a table and a column.
    """
    found = join_keys(sql, SQLite, tables) - indexed
    for name, column in sorted(found):
        where = f"{identifier(name)} ({identifier(column)})"
        connection.execute(f"CREATE INDEX {identifier(f'{name}.{column}')} ON {where}")
    if found:
        connection.execute("ANALYZE")
    return found


def _batches(table: Table) -> Iterator[Iterator[tuple[Any, ...]]]:
    """Yields the rows of a table, batch by batch; raises ValueError for fractions of seconds."""
    from harness.data.arrow import opened

    names = [column.name for column in table.schema]
    for file in table.parquet:
        with opened(file) as source:
            for batch in source.iter_batches(columns=names):
                yield zip(*(_plain(column) for column in batch.columns), strict=True)


def _plain(column: pa.Array) -> list[Any]:
    import pyarrow as pa

    if pa.types.is_timestamp(column.type):
        texts = column.cast(pa.string()).to_pylist()
        if any(text is not None and text[SECONDS:].strip(".0") for text in texts):
            raise FractionOfSecond
        return [text and text[:SECONDS] for text in texts]
    as_text = pa.types.is_date(column.type) or pa.types.is_decimal(column.type)
    return list((column.cast(pa.string()) if as_text else column).to_pylist())


def answer(
    names: Sequence[str], rows: Sequence[tuple[Any, ...]], types: Sequence[Type]
) -> pa.Table:
    """Returns the rows as an Arrow table, its float columns marked: NULL may stand for NaN."""
    import pyarrow as pa

    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    arrays = [_array(values, of) for values, of in zip(columns, types, strict=True)]
    fields = [pa.field(n, a.type) for n, a in zip(names, arrays, strict=True)]
    marked = [f.with_metadata(NAN_IS_NULL) if pa.types.is_float64(f.type) else f for f in fields]
    return pa.table(arrays, schema=pa.schema(marked))


def _array(values: Sequence[Any], of: Type) -> pa.Array:
    import pyarrow as pa

    if of.temporal:
        return pa.array(values, pa.string()).cast(_ARROW[of](pa))
    read = {Type.INT64: int, Type.FLOAT64: float, Type.BOOLEAN: bool}.get(of)
    given = values if read is None else [None if v is None else read(v) for v in values]
    return pa.array(given, _ARROW[of](pa))


_ARROW = {
    Type.INT64: lambda pa: pa.int64(),
    Type.FLOAT64: lambda pa: pa.float64(),
    Type.BOOLEAN: lambda pa: pa.bool_(),
    Type.STRING: lambda pa: pa.string(),
    Type.DATE: lambda pa: pa.date32(),
    Type.TIMESTAMP: lambda pa: pa.timestamp("us"),
}
