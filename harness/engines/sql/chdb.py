"""chDB: ClickHouse's engine inside the process, through its ADBC driver."""

from __future__ import annotations

import atexit
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from sqlglot.dialects.clickhouse import ClickHouse

from harness.engines.base import Program, memory_limit
from harness.engines.sql import chdb_tables, clients, gaps, rules, spellings
from harness.engines.sql.base import SqlEngine, SqlSession
from harness.engines.sql.chdb_spellings import ADDED, CHDB, DIFFERING, TYPES
from harness.engines.sql.chdb_tables import identifier, literal
from harness.plan import CompiledQuery
from harness.tables import Input, Table
from harness.types import Type


class ChdbSession(SqlSession):
    """A session of chDB. In memory, tables have its table engine Memory; views read files."""

    def __init__(self, threads: int = 1) -> None:
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


class Chdb(SqlEngine):
    name = module = distribution = "chdb"
    label, colour = "chDB", "#faaa1e"
    by_default: ClassVar[bool] = False
    session, clients, gaps, rules = ChdbSession, clients.CHDB, gaps.CHDB, rules.CHDB
    dialect, adds, special_differs = spellings.dialect(ClickHouse, CHDB, TYPES), ADDED, DIFFERING

    def compile(self, query: CompiledQuery, tables: Mapping[str, Table], source: Input) -> Program:
        if query.write and Type.TIMESTAMP in {column.type for column in query.spec.schema}:
            raise self.lacks().unsupported(gaps.TIMES_IN_FILES)
        return super().compile(query, tables, source)
