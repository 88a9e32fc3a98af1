"""The referee's process: computes reference answers with DuckDB and compares answers with them.

It is the child process of harness.verify.referee. DuckDB and Arrow are imported here only, so
that the process that runs pytest stays small and imports no engine.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from harness.answer import AnswerSpec
from harness.data.budget import Budget, Room
from harness.errors import DataError, NoReference, WorkloadError
from harness.machine.messages import Message, spec_from_message, table_from_message
from harness.machine.oom import says_out_of_memory
from harness.machine.serve import serve_deep
from harness.sandbox.files import reader
from harness.sandbox.guard import identifier, judge, literal, lock
from harness.tables import Input, Table
from harness.verify.compare import compare
from harness.verify.parts import can_be_cut, compare_in_parts

MEMORY = "800MB"
"""DuckDB's memory limit for a reference; without one, where it cannot spill what is beyond."""
BATCH_ROWS = 50_000
MOST_BYTES = 20 * 10**9
"""The limit for one answer on disk."""
OTHER_WAYS = {
    "without its optimizer": (),
    "with filters pushed down and nothing else optimized": ("filter_pushdown",),
}
"""Names of other ways to compute an answer -> the optimizers that DuckDB keeps for each.

DuckDB's optimizer has bugs: 2.0.0 drops the filter ``nullif(w, w) like 'a%'`` above an outer
join. Without filter pushdown, though, ``from a, b where a.k = b.k`` is a cross join, which may
never end.
"""
OTHER_WAY_SECONDS = 20.0
OTHER_WAY_MEMORY = "2GB"


class References:
    """Computes each reference once, and caches it as an Arrow IPC file."""

    def __init__(self, other_way_seconds: float = OTHER_WAY_SECONDS) -> None:
        self._other_way_seconds = other_way_seconds
        self._budget: Budget
        self._threads = 1
        self._key: str | None = None
        self._database: duckdb.DuckDBPyConnection | None = None
        self._given_up: set[tuple[str, str]] = set()

    def start(self, budget: Message, threads: int, timeout: float = math.inf) -> Message:
        """Sets the disk budget of the run and DuckDB's threads.

        All other ways together take at most half of the ``timeout`` (seconds) of a request.
        """
        self._budget = Budget(**{**budget, "root": Path(budget["root"])})
        self._threads = threads
        limit = timeout / (2 * len(OTHER_WAYS))
        self._other_way_seconds = min(self._other_way_seconds, limit)
        self._budget.answers.mkdir(parents=True, exist_ok=True)
        return {}

    def reference(self, tables: list[Message], key: str, spec: Message) -> Message:
        """Replies with the path of a query's reference, cached or new, and whether it is widened.

        Raises NoReference where the widened reference would reject the answer of the query as
        written.
        """
        data, wanted = [table_from_message(table) for table in tables], spec_from_message(spec)
        plain = self._file(data, key, wanted.reference_sql)
        if wanted.widened_sql is None:
            return {"path": plain, "widened": False}
        widened = self._file(data, key, wanted.widened_sql)
        reason = compare(_read(plain), _read(widened), wanted, widened=True)
        if reason is not None:
            raise NoReference(f"the answer and its ties at the LIMIT disagree: {reason}")
        return {"path": widened, "widened": True}

    def check(
        self,
        answer: str,
        reference: str,
        widened: bool,
        tables: list[Message],
        key: str,
        spec: Message,
    ) -> Message:
        """Replies why an answer file is wrong, or with None.

        Before it calls an answer wrong, it runs the query in other ways: ``unsupported`` is then
        the reason why only DuckDB can answer this data, ``doubt`` the way in which DuckDB
        contradicts its own reference.
        """
        wanted = spec_from_message(spec)
        given, right = Path(answer), Path(reference)
        reason = _difference(given, right, wanted, widened)
        if reason is None:
            return {"reason": None, "unsupported": None, "doubt": None}
        from harness.verify.explained import another  # imported late: right answers need none of it

        unsupported = self.explain(tables, key, spec)["reason"]
        if unsupported is not None:
            return {"reason": reason, "unsupported": unsupported, "doubt": None}
        data = [table_from_message(table) for table in tables]
        doubt = self._doubt(given, right, wanted, widened, data, key)
        if doubt is None:
            with self._in_time(self._open(data, key)) as database:

                def differs(sql: str, told_by: AnswerSpec, cut: bool) -> bool:
                    with tempfile.TemporaryDirectory(dir=".") as folder:
                        other = Path(folder) / "other.arrow"
                        self._write(database, sql, other)
                        return _difference(other, right, told_by, cut) is not None

                names = [table.name for table in data]
                unsupported = another(wanted, widened, names, differs)
        return {"reason": reason, "unsupported": unsupported, "doubt": doubt}

    def explain(self, tables: list[Message], key: str, spec: Message) -> Message:
        """Replies why engines cannot answer this data as DuckDB does, or with None."""
        from harness.verify.explained import data_of_its_own

        data, wanted = [table_from_message(table) for table in tables], spec_from_message(spec)
        names = [table.name for table in data]
        with self._in_time(self._open(data, key)) as database:
            return {"reason": data_of_its_own(database, wanted.reference_sql, names)}

    @contextlib.contextmanager
    def _in_time(self, database: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
        """A context with a database that is interrupted at the time limit of another way."""
        timer = threading.Timer(self._other_way_seconds, database.interrupt)
        timer.start()
        try:
            yield database
        finally:
            timer.cancel()

    def _doubt(
        self,
        given: Path,
        right: Path,
        spec: AnswerSpec,
        widened: bool,
        data: Sequence[Table],
        key: str,
    ) -> str | None:
        """How the first other way that finishes contradicts the reference; None if it agrees."""
        for way in OTHER_WAYS:
            try:
                other = self._file(data, key, spec.reference_sql, way)
                difference = _difference(other, right, spec, widened)
                if difference is None:
                    return None
                sql = spec.widened_sql if widened else None
                ties = other if sql is None else self._file(data, key, sql, way)
            except NoReference:
                continue
            same = _difference(given, ties, spec, widened) is None
            return (
                f"DuckDB contradicts itself: {way}, it answers otherwise ({difference}); "
                f"this answer equals {'that one' if same else 'neither'}"
            )
        return None

    def _file(self, tables: Sequence[Table], key: str, sql: str, way: str = "") -> Path:
        told = [duckdb.__version__, key, sql, *([way] if way else [])]
        name = hashlib.sha256("\n".join(told).encode()).hexdigest()
        file = self._budget.answers / f"{name}.arrow"
        if not self._budget.use(file):
            unfinished = self._budget.unfinished(file)  # another run may be writing the same one
            try:
                if way:
                    self._compute_otherwise(tables, sql, way, unfinished)
                else:
                    self._compute(tables, key, sql, unfinished)
                unfinished.replace(file)
            finally:
                unfinished.unlink(missing_ok=True)
        return file

    def _open(self, tables: Sequence[Table], key: str) -> duckdb.DuckDBPyConnection:
        """DuckDB over the tables of a data key; stays open until another key is needed."""
        if self._database is None or self._key != key:
            if self._database is not None:
                self._database.close()
            self._database, self._key = open_database(tables, self._threads), key
        return self._database

    def _compute(self, tables: Sequence[Table], key: str, sql: str, target: Path) -> None:
        try:
            self._write(self._open(tables, key), sql, target)
        except NoReference as error:
            if not says_out_of_memory("", str(error)):
                raise
            with open_database(tables, self._threads, memory=None) as unbounded:
                self._write(unbounded, sql, target)

    def _compute_otherwise(self, tables: Sequence[Table], sql: str, way: str, target: Path) -> None:
        """Raises NoReference where that exceeds its limits, at this and every later call."""
        if (way, sql) in self._given_up:
            raise NoReference(f"DuckDB {way} came to no end")
        database = open_database(tables, self._threads, OTHER_WAYS[way], OTHER_WAY_MEMORY)
        try:
            with self._in_time(database):
                self._write(database, sql, target)
        except NoReference:
            self._given_up.add((way, sql))
            raise
        finally:
            database.close()

    def _write(self, database: duckdb.DuckDBPyConnection, sql: str, target: Path) -> None:
        """Writes a query's answer to an Arrow IPC file; fails where it exceeds its room on disk."""
        views = "SELECT view_name FROM duckdb_views() WHERE NOT internal"
        names, room = database.execute(views).fetchall(), Room(self._budget)
        try:
            judge(database, sql, [name for (name,) in names])
            rows = database.sql(sql).to_arrow_reader(BATCH_ROWS)
            with pa.OSFile(str(target), "wb") as file, pa.ipc.new_file(file, rows.schema) as out:
                for batch in rows:
                    if file.tell() + batch.nbytes > MOST_BYTES:
                        raise NoReference(f"the answer is larger than {MOST_BYTES / 1e9:g} GB")
                    room.take(batch.nbytes)
                    out.write_batch(batch)
        except (WorkloadError, DataError) as error:
            raise NoReference(str(error)) from error
        except (duckdb.Error, pa.ArrowException) as error:
            raise NoReference(f"DuckDB: {error}") from error


def open_database(
    tables: Sequence[Table],
    threads: int,
    optimizers: Sequence[str] | None = None,
    memory: str | None = MEMORY,
) -> duckdb.DuckDBPyConnection:
    """Opens a DuckDB with the tables' files as views, locked against other files and extensions.

    With ``optimizers`` it uses only these, has little memory, and cannot spill to disk.
    """
    database = duckdb.connect(config={"threads": threads, "temp_directory": "spill"})
    if memory is not None:
        database.execute(f"SET memory_limit = '{memory}'")
    if optimizers is not None:
        database.execute("SET temp_directory = ''")
        known = [name for (name,) in database.execute("FROM duckdb_optimizers()").fetchall()]
        off = ",".join(name for name in known if name not in optimizers)
        database.execute(f"SET disabled_optimizers = {literal(off)}")
    lock(database, [file for table in tables for file in (table.parquet or table.csv)])
    for table in tables:
        _create_view(database, table)
    return database


def _create_view(database: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Raises NoReference where DuckDB finds other columns in the files than the table has."""
    files = reader(table, Input.PARQUET if table.parquet else Input.CSV)
    view = identifier(table.name)
    database.execute(f"CREATE VIEW {view} AS SELECT * FROM {files}")
    # DESCRIBE "tables" would list all tables.
    found = [row[:2] for row in database.execute(f"DESCRIBE FROM {view}").fetchall()]
    wanted = [(c.name, c.type.sql.replace(" ", "")) for c in table.schema]
    if found != wanted:
        raise NoReference(f"DuckDB reads table {table.name!r} as {found}, and not as {wanted}")


def _difference(answer: Path, reference: Path, spec: AnswerSpec, widened: bool) -> str | None:
    """Why an answer file is wrong, or None. Compares part by part where it is large."""
    if widened or not can_be_cut(answer, reference, spec):
        return compare(_read(answer), _read(reference), spec, widened)
    with tempfile.TemporaryDirectory(dir=".") as folder:  # in the process's own folder
        return compare_in_parts(answer, reference, spec, Path(folder))


def _read(file: Path) -> pa.Table:
    """Reads an answer: an Arrow IPC file, or Parquet that a program wrote (a file or a folder)."""
    if file.suffix != ".arrow":
        return pq.read_table(file, partitioning=None)
    with pa.memory_map(str(file)) as source:
        return pa.ipc.open_file(source).read_all()


def main(arguments: Sequence[str]) -> None:
    references = References()
    names = ("start", "reference", "check", "explain")
    serve_deep({name: getattr(references, name) for name in names}, arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
