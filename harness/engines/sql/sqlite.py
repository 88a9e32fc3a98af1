"""SQLite in Python's standard library: tables in memory, their join keys indexed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from sqlglot.dialects.sqlite import SQLite as Dialect

from harness.engines.base import Program
from harness.engines.sql import clients, gaps, rules, spellings
from harness.engines.sql.base import SqlEngine, SqlSession
from harness.engines.sql.sqlite_spellings import ADDED, SQLITE
from harness.engines.sql.sqlite_values import answer, connected, fill, index
from harness.plan import CompiledQuery
from harness.plan.guards.special_uses import FULL_CASE, Differing
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


class Sqlite(SqlEngine):
    name, label, colour = "sqlite", "SQLite", "#0f80cc"
    distribution = module = "sqlite3"
    by_default: ClassVar[bool] = False
    reads: ClassVar[frozenset[Input]] = frozenset({Input.MEMORY})
    hands_over: ClassVar[str] = "the columns of fetchmany's rows, as NumPy arrays"
    session, clients, gaps, rules = SqliteSession, clients.SQLITE, gaps.SQLITE, rules.SQLITE
    special_differs: ClassVar[Differing] = FULL_CASE
    dialect, adds = spellings.dialect(Dialect, SQLITE), ADDED
    note = "One thread, rows in tables that are indexed by the keys of joins: a yardstick."

    def compile(self, query: CompiledQuery, tables: Mapping[str, Table], source: Input) -> Program:
        if query.write or source not in self.reads:
            raise self.lacks().unsupported(gaps.FILES)
        made = super().compile(query, tables, source)
        types = " ".join(column.type for column in query.spec.schema)
        return replace(made, text=f"{made.text}{TYPES}{types}\n")

    def version(self) -> str:
        return sqlite3.sqlite_version
