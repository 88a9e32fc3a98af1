"""Sessions of chDB."""

from __future__ import annotations

import atexit
from pathlib import Path
from typing import Any

from harness.engines.session import memory_limit
from harness.engines.sql.sessions import chdb_tables
from harness.engines.sql.sessions.base import SqlSession
from harness.engines.sql.sessions.chdb_tables import identifier, literal
from harness.tables import Input, Table


class ChdbSession(SqlSession):
    """A session of chDB. In memory, tables have its table engine Memory; views read files."""

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        self.connect()

    def connect(self) -> None:
        import adbc_driver_chdb.dbapi as adbc

        self.connection = adbc.connect()
        self.cursor = self.connection.cursor()
        atexit.register(self.close)
        for name, value in chdb_tables.settings(self.threads, memory_limit()).items():
            self.execute(f"SET {name} = {value}")

    def load(self, table: Table) -> None:
        name = identifier(table.name)
        self.execute(f"DROP TABLE IF EXISTS {name}")
        self.execute(f"CREATE TABLE {name} ({chdb_tables.columns(table)}) ENGINE = Memory")
        for rows in chdb_tables.files(table, Input.PARQUET):
            self.execute(f"INSERT INTO {name} {rows}")

    def scan(self, table: Table, source: Input) -> None:
        rows = " UNION ALL ".join(chdb_tables.files(table, source))
        self.execute(f"DROP TABLE IF EXISTS {identifier(table.name)}")
        self.execute(f"CREATE VIEW {identifier(table.name)} AS {rows}")

    def execute(self, sql: str) -> Any:
        self.cursor.execute(sql)
        return self.cursor.fetch_arrow_table()

    def write(self, sql: str, path: str) -> None:
        to = literal(str(Path(path).absolute()))
        self.execute(f"INSERT INTO FUNCTION file({to}, 'Parquet') {sql}")

    def to_arrow(self, result: Any) -> Any:
        return chdb_tables.without_zones(result)

    def close(self) -> None:
        atexit.unregister(self.close)
        self.cursor.close()
        self.connection.close()

    disconnect = close
