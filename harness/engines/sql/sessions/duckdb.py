"""Sessions of DuckDB."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.answer import each_once
from harness.engines.session import OUTPUT_FILE, SPILL_FOLDER, Program, Session, memory_limit
from harness.engines.training import of_arrow, train_of
from harness.sandbox.files import reader
from harness.sandbox.guard import identifier, judge, lock
from harness.tables import Input, Table

if TYPE_CHECKING:
    import pyarrow as pa

    from harness.answer import AnswerSpec
    from harness.engines.training import Batch


COPY, TO_FILE = "COPY (\n", f"\n) TO '{OUTPUT_FILE}' (FORMAT parquet)"
"""What stands before and after the SELECT of a program that writes its answer to a file."""


class DuckDBSession(Session):
    """A session of DuckDB: memory holds native tables; files are read through views.

    DuckDB keeps no earlier result. It may hold four fifths of the memory limit, of which answers
    in Arrow, which it does not count, have the rest.
    """

    def __init__(self, threads: int) -> None:
        config: dict[str, Any] = {"threads": threads, "temp_directory": SPILL_FOLDER}
        if (limit := memory_limit()) is not None:
            config["memory_limit"] = f"{limit * 4 // 5 >> 20}MiB"
        self.connection, self.spills_to = self.connected(config), Path(SPILL_FOLDER)
        self.sql, self.locked = "", False
        self.files: dict[str, tuple[Path, ...]] = {}

    def connected(self, config: dict[str, Any]) -> Any:
        """Returns a connection to a new database in memory."""
        import duckdb

        return duckdb.connect(config=config)

    def load(self, table: Table) -> None:
        self._create("TABLE", table, Input.PARQUET)

    def scan(self, table: Table, source: Input) -> None:
        self._create("VIEW", table, source)

    def _create(self, kind: str, table: Table, source: Input) -> None:
        self.files[table.name] = table.files(source)
        rows = f"SELECT * FROM {reader(table, source)}"
        self.connection.execute(f"CREATE OR REPLACE {kind} {identifier(table.name)} AS {rows}")

    def prepare(self, program: Program) -> None:
        """Raises WorkloadError where DuckDB reads the program as anything but one SELECT."""
        if not self.locked:
            lock(self.connection, [*chain(*self.files.values()), Path(OUTPUT_FILE).absolute()])
            self.locked = True
        judge(self.connection, selected(program.text), self.files)
        self.sql = program.text

    def run(self) -> Any:
        relation = self.connection.sql(self.sql)
        return None if relation is None else relation.to_arrow_table()

    def batches(self, spec: AnswerSpec) -> Iterator[Batch]:
        yield from of_arrow(
            self.connection.sql(self.sql).to_arrow_reader(train_of(spec).batch_rows), spec
        )

    def connect(self) -> None:
        self.connection = self.connection.cursor()

    def to_arrow(self, result: Any) -> pa.Table:
        return result.rename_columns(each_once(result.column_names))

    def rows(self, result: Any) -> int:
        return int(result.num_rows)


def selected(program: str) -> str:
    """The SELECT of a program: the program itself, or what its COPY statement contains."""
    if program.startswith(COPY) and program.endswith(TO_FILE):
        return program.removeprefix(COPY).removesuffix(TO_FILE)
    return program
