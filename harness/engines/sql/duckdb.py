"""DuckDB: the SQL as written, since DuckDB's dialect is what workloads are written in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from harness.engines.base import Engine
from harness.engines.session import Program, Session
from harness.engines.sql import clients
from harness.engines.sql.sessions.duckdb import COPY, TO_FILE
from harness.plan import CompiledQuery
from harness.sandbox.guard import identifier
from harness.tables import Input, Table
from harness.types import Type


class DuckDB(Engine):
    name, label, colour, language = "duckdb", "DuckDB", "#f5c400", "sql"
    distribution = module = "duckdb"
    session: ClassVar[str | type[Session]] = "harness.engines.sql.sessions.duckdb:DuckDBSession"
    hands_over: ClassVar[str] = "the columns of to_arrow_reader's batches, as NumPy arrays"
    keeps_order: ClassVar[bool] = True
    clients = clients.DUCKDB

    def compile(self, query: CompiledQuery, tables: Mapping[str, Table], source: Input) -> Program:
        return Program(query.sql if query.write is None else copied(query), self.language)


def copied(query: CompiledQuery) -> str:
    """The COPY statement that writes a query's answer to OUTPUT_FILE."""
    return f"{COPY}{_storable(query)}{TO_FILE}"


def _storable(query: CompiledQuery) -> str:
    """Returns the query's SQL, its integer columns cast to 64 bits if it has a sum.

    DuckDB's sums of integers have 128 bits, which Parquet lacks.
    """
    whole = [c.name for c in query.spec.schema if c.type is Type.INT64]
    if "sum(" not in query.sql.lower() or not whole:
        return query.sql
    casts = ", ".join(f"{identifier(name)}::BIGINT AS {identifier(name)}" for name in whole)
    return f"SELECT * REPLACE ({casts})\nFROM (\n{query.sql}\n)"
