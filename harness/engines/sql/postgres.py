"""PostgreSQL: a server of the run's own on loopback, or the one that ``--connect`` names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres as Dialect

from harness.engines.base import Program
from harness.engines.sql import clients, gaps, rules, spellings
from harness.engines.sql.base import SqlEngine, SqlSession
from harness.machine import postgres_server
from harness.machine.variables import POSTGRES
from harness.plan.guards.nan_uses import Use
from harness.plan.guards.special_uses import FULL_CASE, Differing
from harness.special import Special
from harness.tables import Input, Table


class PostgresSession(SqlSession):
    """A session of PostgreSQL: tables with indexed join keys; each run copies CSV files in."""

    def __init__(self, threads: int = 1) -> None:
        from harness.engines.sql.postgres_tables import Connected

        super().__init__(threads)
        self.database = Connected(threads)

    def load(self, table: Table) -> None:
        self.database.load(table)

    def scan(self, table: Table, source: Input) -> None:
        self.database.scan(table)

    def connect(self) -> None:
        self.database = self.database.for_client()

    def prepare(self, program: Program) -> None:
        super().prepare(program)
        self.database.prepare(self.sql)

    def execute(self, sql: str) -> Any:
        return self.database.answer(sql)

    def write(self, sql: str, path: str) -> None:
        import pyarrow.parquet as pq

        pq.write_table(self.execute(sql), path)

    def close(self) -> None:
        self.database.close()


class Postgres(SqlEngine):
    name, label, colour, clients = "postgres", "PostgreSQL", "#336791", clients.POSTGRES
    distribution, module = "adbc-driver-postgresql", "adbc_driver_postgresql"
    connects, serves, by_default = True, True, False
    secrets, reads = POSTGRES, frozenset({Input.MEMORY, Input.CSV})
    session, gaps, rules = PostgresSession, gaps.POSTGRES, rules.POSTGRES
    nan_differs: ClassVar[frozenset[Use]] = frozenset()
    special_differs: ClassVar[Differing] = {**FULL_CASE, exp.Round: frozenset({Special.LARGE})}
    dialect = spellings.dialect(Dialect, spellings.POSTGRES)
    also: ClassVar[Mapping[Input, str]] = {
        Input.CSV: "-- each run copies the files into tables first, and indexes join keys\n"
    }

    def refuse_table(self, table: Table, source: Input) -> None:
        if source not in self.reads:
            raise self.lacks().unsupported(gaps.NO_PARQUET, table.name)

    def unavailable(self) -> str | None:
        no_server = None if self.address else postgres_server.unavailable()
        return super().unavailable() or no_server

    def version(self) -> str | None:
        return super().version() if self.address else postgres_server.version()
