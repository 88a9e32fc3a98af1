"""Sessions of SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from harness.engines.base import Program
from harness.engines.sql import gaps
from harness.engines.sql.base import SqlSession
from harness.engines.sql.sqlite_values import answer, connected, fill, index
from harness.tables import Input, Table
from harness.types import Type

TYPES = "-- types of the answer: "  # of which SQLite has neither booleans nor dates


class SqliteSession(SqlSession):
    """A session of SQLite. Each run prepares its statement; results are lists of tuples."""

    def __init__(self, threads: int = 1) -> None:
        super().__init__(threads)
        self.connection = connected()
        self.tables, self.indexed = dict[str, Table](), set[tuple[str, str]]()

    def connect(self) -> None:
        self.connection = connected(self.connection)

    def load(self, table: Table) -> None:
        fill(self.connection, table, self.gaps)
        self.tables[table.name] = table
        self.indexed = {key for key in self.indexed if key[0] != table.name}

    def scan(self, table: Table, source: Input) -> None:
        raise self.gaps.unsupported(gaps.FILES, table.name)

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
        raise self.gaps.unsupported(gaps.FILES, path)

    def to_arrow(self, result: Any) -> Any:
        return answer(self.names, result, self.types)
