"""DuckDB: the SQL as written, since DuckDB's dialect is what workloads are written in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from harness.engines.base import Engine, Program, Session
from harness.engines.sql import clients
from harness.engines.sql.copy import copied
from harness.engines.sql.duckdb_session import DuckDBSession
from harness.plan import CompiledQuery
from harness.tables import Input, Table


class DuckDB(Engine):
    name, label, colour, language = "duckdb", "DuckDB", "#f5c400", "sql"
    distribution = module = "duckdb"
    hands_over: ClassVar[str] = "the columns of to_arrow_reader's batches, as NumPy arrays"
    keeps_order: ClassVar[bool] = True
    clients = clients.DUCKDB

    def compile(self, query: CompiledQuery, tables: Mapping[str, Table], source: Input) -> Program:
        return Program(query.sql if query.write is None else copied(query), self.language)

    def start(self, threads: int) -> Session:
        return DuckDBSession(threads)
