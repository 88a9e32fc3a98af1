"""Sessions of Polars' SQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.engines.polars.scans import refuse_other_scans, scanner, scans
from harness.engines.session import Program
from harness.engines.sql.sessions.base import SqlSession
from harness.tables import Input, Table


class PolarsSqlSession(SqlSession):
    """A session of Polars' SQL: each run makes a context of LazyFrames, and collects one."""

    def __init__(self, threads: int) -> None:
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
