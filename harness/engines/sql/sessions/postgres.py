"""Sessions of PostgreSQL."""

from __future__ import annotations

from typing import Any

from harness.engines.session import Program
from harness.engines.sql.sessions.base import SqlSession
from harness.engines.sql.sessions.postgres_tables import Connected
from harness.tables import Input, Table


class PostgresSession(SqlSession):
    """A session of PostgreSQL: tables with indexed join keys; each run copies CSV files in."""

    def __init__(self, threads: int) -> None:
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
