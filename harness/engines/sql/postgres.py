"""PostgreSQL: a server of the run's own on loopback, or the one that ``--connect`` names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres as Dialect

from harness.engines.sql import clients, gaps, rules, spellings
from harness.engines.sql.base import SqlEngine
from harness.machine import postgres_server
from harness.machine.variables import POSTGRES
from harness.plan.guards.nan_uses import Use
from harness.plan.guards.special_uses import FULL_CASE, Differing
from harness.special import Special
from harness.tables import Input, Table


class Postgres(SqlEngine):
    name, label, colour, clients = "postgres", "PostgreSQL", "#336791", clients.POSTGRES
    distribution, module = "adbc-driver-postgresql", "adbc_driver_postgresql"
    requires = ("psycopg[binary]>=3.2", "sqlglot>=30.0")
    """What its session imports beside the driver, in an environment with another version of it."""
    connects, serves, by_default = True, True, False
    secrets, reads = POSTGRES, frozenset({Input.MEMORY, Input.CSV})
    session = "harness.engines.sql.sessions.postgres:PostgresSession"
    gaps, rules = gaps.POSTGRES, rules.POSTGRES
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
