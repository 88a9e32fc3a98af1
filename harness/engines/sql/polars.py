"""Polars' SQL: its own dialect of PostgreSQL's, through ``SQLContext``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres

from harness.engines.base import Program
from harness.engines.polars.engine import Polars, refuse_header
from harness.engines.polars.scans import refuse_other_scans, scanner, scans
from harness.engines.sql import gaps, spellings
from harness.engines.sql.base import SqlEngine, SqlSession
from harness.engines.sql.rules import POLARS_SQL
from harness.plan.guards.special_uses import Differing
from harness.special import Special
from harness.tables import Input, Table


class PolarsSqlSession(SqlSession):
    """A session of Polars' SQL: each run makes a context of LazyFrames, and collects one."""

    def __init__(self, threads: int = 1) -> None:
        import polars as pl

        super().__init__(threads)
        self.pl, self.tables, self.scans = pl, dict[str, Any](), set[str]()
        self.files: dict[str, Callable[[], Any]] = {}

    def load(self, table: Table) -> None:
        self.tables[table.name] = self.pl.read_parquet(list(table.parquet)).lazy()

    def scan(self, table: Table, source: Input) -> None:
        self.files[table.name] = scan = scanner(self.pl, table, source)
        self.scans |= set(scans(scan().explain(optimized=False)))

    def prepare(self, program: Program) -> None:
        """Raises WorkloadError where the program would scan other files than the tables'."""
        super().prepare(program)
        with self.lacking_as_unsupported():
            plan = self.frame(self.sql).explain(optimized=False)
        refuse_other_scans(plan, self.scans)

    def frame(self, sql: str) -> Any:
        files = {name: scan() for name, scan in self.files.items() if name in sql}
        return self.pl.SQLContext(self.tables | files).execute(sql)

    def execute(self, sql: str) -> Any:
        return self.frame(sql).collect()

    def write(self, sql: str, path: str) -> None:
        self.frame(sql).sink_parquet(path)

    def to_arrow(self, result: Any) -> Any:
        return result.to_arrow()


class PolarsSql(SqlEngine):
    name, label, colour = "polars-sql", "Polars SQL", "#48cae4"
    distribution = module = "polars"
    variables, names_differ, clients = Polars.variables, Polars.names_differ, Polars.clients
    by_default, keeps_order = False, True  # by default the same engine runs as polars
    oldest: ClassVar[Mapping[str, str]] = {"polars": "2.0"}
    """Before it, remainders, ranks, windows and correlated subqueries gave other answers."""
    session, gaps, rules = PolarsSqlSession, gaps.POLARS_SQL, POLARS_SQL
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
