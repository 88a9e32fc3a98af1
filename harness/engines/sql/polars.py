"""Polars' SQL: its own dialect of PostgreSQL's, through ``SQLContext``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres

from harness.engines.polars.engine import Polars, refuse_header
from harness.engines.sql import gaps, spellings
from harness.engines.sql.base import SqlEngine
from harness.engines.sql.rules import POLARS_SQL
from harness.plan.guards.special_uses import Differing
from harness.special import Special
from harness.tables import Input, Table


class PolarsSql(SqlEngine):
    name, label, colour = "polars-sql", "Polars SQL", "#48cae4"
    distribution = module = "polars"
    variables, names_differ, clients = Polars.variables, Polars.names_differ, Polars.clients
    by_default, keeps_order = False, True  # by default the same engine runs as polars
    oldest: ClassVar[Mapping[str, str]] = {"polars": "2.0"}
    """Before it, remainders, ranks, windows and correlated subqueries gave other answers."""
    session = "harness.engines.sql.sessions.polars:PolarsSqlSession"
    gaps, rules = gaps.POLARS_SQL, POLARS_SQL
    special_differs: ClassVar[Differing] = {
        **Polars.special_differs,
        exp.IntDiv: frozenset({Special.LEAST, Special.BEYOND}),
        exp.Round: frozenset({Special.LEAST, Special.LARGE}),
    }
    dialect = spellings.dialect(Postgres, spellings.POLARS_SQL)

    def refuse_table(self, table: Table, source: Input) -> None:
        if source is Input.CSV:
            refuse_header(self.lacks(), table)

    def environment(self, threads: int) -> dict[str, str]:
        return {**super().environment(threads), "POLARS_MAX_THREADS": str(threads)}
