"""Sessions of SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from harness.engines.session import Program
from harness.engines.sql.sessions.base import SqlSession
from harness.engines.sql.sessions.sqlite_values import (
    FractionOfSecond,
    answer,
    connected,
    fill,
    index,
)
from harness.tables import Input, Table
from harness.types import Type

FILES = "Parquet and CSV files, to read or to write"
FRACTIONS = "times with fractions of a second"
RESERVED = "a table whose name begins with sqlite_"
TYPES = "-- types of the answer: "  # of which SQLite has neither booleans nor dates


class SqliteSession(SqlSession):
    """A session of SQLite. Each run prepares its statement; results are lists of tuples."""

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        self.connection = connected()
        self.tables, self.indexed = dict[str, Table](), set[tuple[str, str]]()

    def connect(self) -> None:
        self.connection = connected(self.connection)

    def load(self, table: Table) -> None:
        if table.name.lower().startswith("sqlite_"):
            raise self.unsupported(RESERVED, table.name)
        try:
            fill(self.connection, table)
        except FractionOfSecond:
            raise self.unsupported(FRACTIONS, table.name) from None
        self.tables[table.name] = table
        self.indexed = {key for key in self.indexed if key[0] != table.name}

    def scan(self, table: Table, source: Input) -> None:
        raise self.unsupported(FILES, table.name)

    def prepare(self, program: Program) -> None:
        text, _, types = program.text.rpartition(TYPES)
        super().prepare(replace(program, text=text))
        self.types = [Type(name) for name in types.split()]
        self.indexed |= index(self.connection, self.sql, self.tables, self.indexed)

    def execute(self, sql: str) -> Any:
        cursor = self.connection.execute(sql)
        self.names = [column[0] for column in cursor.description]
        return cursor.fetchall()

    def stream(self, sql: str, rows: int) -> Iterator[Any]:
        cursor = self.connection.execute(sql)
        names = [column[0] for column in cursor.description]
        while part := cursor.fetchmany(rows):
            yield from answer(names, part, self.types).to_batches()

    def write(self, sql: str, path: str) -> None:
        raise self.unsupported(FILES, path)

    def to_arrow(self, result: Any) -> Any:
        return answer(self.names, result, self.types)
