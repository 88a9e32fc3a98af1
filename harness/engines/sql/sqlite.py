"""SQLite in Python's standard library: tables in memory, their join keys indexed."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from sqlglot.dialects.sqlite import SQLite as Dialect

from harness.engines.session import Program
from harness.engines.sql import clients, gaps, rules, spellings
from harness.engines.sql.base import SqlEngine
from harness.engines.sql.sessions.sqlite import FILES, TYPES
from harness.engines.sql.sqlite_spellings import ADDED, SQLITE
from harness.plan import CompiledQuery
from harness.plan.guards.special_uses import FULL_CASE, Differing
from harness.tables import Input, Table


class Sqlite(SqlEngine):
    name, label, colour = "sqlite", "SQLite", "#0f80cc"
    distribution = module = "sqlite3"
    by_default: ClassVar[bool] = False
    reads: ClassVar[frozenset[Input]] = frozenset({Input.MEMORY})
    hands_over: ClassVar[str] = "the columns of fetchmany's rows, as NumPy arrays"
    session = "harness.engines.sql.sessions.sqlite:SqliteSession"
    clients, gaps, rules = clients.SQLITE, gaps.SQLITE, rules.SQLITE
    special_differs: ClassVar[Differing] = FULL_CASE
    dialect, adds = spellings.dialect(Dialect, SQLITE), ADDED
    note = "One thread, rows in tables that are indexed by the keys of joins: a yardstick."

    def compile(self, query: CompiledQuery, tables: Mapping[str, Table], source: Input) -> Program:
        if query.write or source not in self.reads:
            raise self.lacks().unsupported(FILES)
        made = super().compile(query, tables, source)
        types = " ".join(column.type for column in query.spec.schema)
        return replace(made, text=f"{made.text}{TYPES}{types}\n")

    def version(self) -> str:
        return sqlite3.sqlite_version
