"""DuckDB: the SQL as written, since DuckDB's dialect is what workloads are written in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.answer import each_once
from harness.engines.base import OUTPUT_FILE, Engine, Program, Session
from harness.plan import Query
from harness.sandbox.files import reader
from harness.sandbox.guard import identifier, judge, lock
from harness.tables import Input, Table
from harness.types import Type

if TYPE_CHECKING:
    import pyarrow as pa


class DuckDBSession(Session):
    """Memory holds native tables; files stand behind views. Results are fetched as Arrow tables.

    DuckDB keeps no result of an earlier query, so each round computes its answer anew.
    """

    def __init__(self, threads: int) -> None:
        import duckdb

        self.connection = duckdb.connect(config={"threads": threads})
        self.sql = ""
        self.files: dict[str, tuple[Path, ...]] = {}
        self.locked = False

    def load(self, table: Table) -> None:
        self._create("TABLE", table, Input.PARQUET)

    def scan(self, table: Table, source: Input) -> None:
        self._create("VIEW", table, source)

    def _create(self, kind: str, table: Table, source: Input) -> None:
        self.files[table.name] = table.files(source)
        what = f"{kind} {identifier(table.name)}"
        self.connection.execute(
            f"CREATE OR REPLACE {what} AS SELECT * FROM {reader(table, source)}"
        )

    def prepare(self, program: Program) -> None:
        """Raises WorkloadError where DuckDB reads the program as anything but one SELECT."""
        if not self.locked:
            files = [file for files in self.files.values() for file in files]
            lock(self.connection, [*files, Path(OUTPUT_FILE).absolute()])
            self.locked = True
        judge(self.connection, _selected(program.text), self.files)
        self.sql = program.text

    def run(self) -> Any:
        relation = self.connection.sql(self.sql)
        return None if relation is None else relation.to_arrow_table()

    def to_arrow(self, result: Any) -> pa.Table:
        table: pa.Table = result
        return table.rename_columns(each_once(table.column_names))

    def rows(self, result: Any) -> int:
        return int(result.num_rows)


_COPY, _TO_FILE = "COPY (\n", f"\n) TO '{OUTPUT_FILE}' (FORMAT parquet)"


def _selected(program: str) -> str:
    """The SELECT of a program: all of it, or what its answer's file is made of."""
    if program.startswith(_COPY) and program.endswith(_TO_FILE):
        return program.removeprefix(_COPY).removesuffix(_TO_FILE)
    return program


def _storable(query: Query) -> str:
    """The query; sums of integers, 128 bits wide in DuckDB, cast to what Parquet can hold."""
    whole = [c.name for c in query.spec.schema if c.type is Type.INT64]
    if "sum(" not in query.sql.lower() or not whole:
        return query.sql
    casts = ", ".join(f"{identifier(name)}::BIGINT AS {identifier(name)}" for name in whole)
    return f"SELECT * REPLACE ({casts})\nFROM (\n{query.sql}\n)"


class DuckDB(Engine):
    name = "duckdb"
    label = "DuckDB"
    colour = "#f5c400"
    language = "sql"
    distribution = "duckdb"
    module = "duckdb"

    def compile(self, query: Query, tables: Mapping[str, Table], source: Input) -> Program:
        if query.write is None:
            return Program(query.sql, self.language)
        return Program(f"{_COPY}{_storable(query)}{_TO_FILE}", self.language)

    def start(self, threads: int) -> Session:
        return DuckDBSession(threads)
