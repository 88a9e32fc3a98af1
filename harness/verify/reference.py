"""The referee's process: computes reference answers with DuckDB and compares answers with them.

It is the child process of harness.verify.referee. DuckDB and Arrow are imported here only, so
that the process that runs pytest stays small and imports no engine.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

import duckdb
import pyarrow as pa

from harness.answer import AnswerSpec
from harness.data.budget import CacheBudget, Room
from harness.errors import DataError, NoReference, WorkloadError
from harness.machine.oom import says_out_of_memory
from harness.machine.worker_server import Handlers, serve_deep
from harness.sandbox.files import reader
from harness.sandbox.guard import identifier, judge, literal, lock
from harness.tables import Input, Table
from harness.types import Type
from harness.verify.answer_files import read
from harness.verify.compare import compare
from harness.verify.parts import compare_in_parts, is_large
from harness.verify.requests import (
    Adopt,
    AnswerVerdict,
    Check,
    Compute,
    Explain,
    Reference,
    StartReferee,
)
from harness.verify.summary import Summary, alike, summary
from harness.verify.training import compare_terms, train_reference

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
        self._budget: CacheBudget
        self._threads = 1
        self._key: str | None = None
        self._database: duckdb.DuckDBPyConnection | None = None
        self._given_up: set[tuple[str, str]] = set()
        self._right: dict[tuple[Path, Path], Summary] = {}

    def start(self, request: StartReferee) -> None:
        self._budget, self._threads = request.budget, request.threads
        limit = request.timeout / (2 * len(OTHER_WAYS))
        self._other_way_seconds = min(self._other_way_seconds, limit)
        self._budget.answers.mkdir(parents=True, exist_ok=True)

    def reference(self, request: Compute) -> Reference:
        """Returns a query's reference, from the cache if it is there.

        For a query with a LIMIT it is widened by the rows that tie there. Raises NoReference if the
        widened reference would reject the query's own answer.
        """
        data, key, spec = request.tables, request.key, request.spec
        if spec.judge is not None:
            return self._adopted(data, key, spec.judge)
        plain = self._file(data, key, spec, spec.reference_sql)
        if spec.train is not None:
            return Reference(self._terms(data, key, spec, plain), False, data, key)
        if spec.widened_sql is None:
            return Reference(plain, False, data, key)
        widened = self._file(data, key, spec, spec.widened_sql)
        reason = compare(read(plain), read(widened), spec, widened=True)
        if reason is not None:
            raise NoReference(f"the answer and its ties at the LIMIT disagree: {reason}")
        return Reference(widened, True, data, key)

    def _terms(self, tables: Sequence[Table], key: str, spec: AnswerSpec, answer: Path) -> Path:
        """Returns the file with the terms of the model that DuckDB's answer trains.

        Raises NoReference if rows tie under the ORDER BY, or no model can learn from them.
        """
        told = [answer.stem, repr(spec.train), version("scikit-learn")]
        name = hashlib.sha256("\n".join(told).encode()).hexdigest()
        file = self._budget.answers / f"{name}.arrow"
        if not self._budget.use(file):
            self._refuse_ties(self._open(tables, key), tables, spec)
            unfinished = self._budget.unfinished(file)
            try:
                train_reference(answer, spec, unfinished)
                unfinished.replace(file)
            finally:
                unfinished.unlink(missing_ok=True)
        return file

    def _refuse_ties(
        self, database: duckdb.DuckDBPyConnection, tables: Sequence[Table], spec: AnswerSpec
    ) -> None:
        """Raises NoReference if rows tie under the ORDER BY of a query whose rows train a model."""
        if spec.ties_sql is None:
            return
        try:
            judge(database, spec.ties_sql, [table.name for table in tables])
            ties = database.sql(spec.ties_sql).fetchall()
        except (WorkloadError, duckdb.Error) as error:
            raise NoReference(f"DuckDB: {error}") from error
        if ties:
            raise NoReference(
                "rows tie under the ORDER BY, and a model depends on the order of its rows: "
                "add columns to it that tell any two rows apart"
            )

    def adopt(self, request: Adopt) -> Reference:
        """Stores an answer as the reference of a query without SQL."""
        assert request.spec.judge is not None
        file = self._file_of(request.key, request.spec.judge)
        unfinished = self._budget.unfinished(file)
        try:
            Room(self._budget).take(request.answer.stat().st_size)
            shutil.copyfile(request.answer, unfinished)
            unfinished.replace(file)
        except DataError as error:
            raise NoReference(str(error)) from error
        finally:
            unfinished.unlink(missing_ok=True)
        return Reference(file, False, request.tables, request.key)

    def _adopted(self, tables: tuple[Table, ...], key: str, judge: tuple[str, str]) -> Reference:
        """Returns the stored answer of a query's first program; raises NoReference without one."""
        file = self._file_of(key, judge)
        if not self._budget.use(file):
            raise NoReference(
                f"there is nothing to compare it with: {judge[0]}, the first program of a query "
                "without SQL, has no answer"
            )
        return Reference(file, False, tables, key)

    def _file_of(self, key: str, judge: tuple[str, str]) -> Path:
        name = hashlib.sha256("\n".join(["judge", key, *judge]).encode()).hexdigest()
        return self._budget.answers / f"{name}.arrow"

    def check(self, request: Check) -> AnswerVerdict:
        """Compares an answer with its reference.

        A file that held a right answer before, and has the same summary (counts and sums of each
        column) now, is right without a comparison. Before an answer is called wrong, the reference
        is computed in other ways.
        """
        given, spec, reference = request.answer, request.spec, request.reference
        right, widened = reference.path, reference.widened
        key, found = (given, right), summary(given)
        if key in self._right and alike(self._right[key], found):
            return AnswerVerdict(None)
        reason = _difference(given, right, spec, widened)
        if reason is None:
            self._right[key] = found
            return AnswerVerdict(None)
        if spec.judge is not None:
            return AnswerVerdict(f"not as {spec.judge[0]} answers: {reason}")
        from harness.verify.explained import another  # imported late: right answers need none of it

        unsupported = self._data_of_its_own(spec, reference, raised=False)
        if unsupported is not None:
            return AnswerVerdict(reason, unsupported)
        if spec.train is not None:
            return AnswerVerdict(reason)
        doubt = self._doubt(given, spec, reference)
        if doubt is None:
            with self._in_time(self._open(reference.tables, reference.key)) as database:

                def differs(sql: str, told_by: AnswerSpec, cut: bool) -> bool:
                    with tempfile.TemporaryDirectory(dir=".") as folder:
                        other = Path(folder) / "other.arrow"
                        self._write(database, sql, told_by, other)
                        return _difference(other, right, told_by, cut) is not None

                names = [table.name for table in reference.tables]
                columns = (column for table in reference.tables for column in table.schema)
                floats = {c.name for c in columns if c.type is Type.FLOAT64}
                unsupported = another(spec, widened, names, differs, floats)
        return AnswerVerdict(reason, unsupported, doubt)

    def explain(self, request: Explain) -> str | None:
        """Returns the reason in the data for an engine's error, or None."""
        if request.spec.judge is not None:
            return None
        return self._data_of_its_own(request.spec, request.reference, raised=True)

    def _data_of_its_own(self, spec: AnswerSpec, reference: Reference, raised: bool) -> str | None:
        from harness.verify.explained import data_of_its_own

        names = [table.name for table in reference.tables]
        with self._in_time(self._open(reference.tables, reference.key)) as database:
            return data_of_its_own(database, spec.reference_sql, names, raised)

    @contextlib.contextmanager
    def _in_time(self, database: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
        """A ``with`` statement's context: a query in it that takes too long is interrupted."""
        timer = threading.Timer(self._other_way_seconds, database.interrupt)
        timer.start()
        try:
            yield database
        finally:
            timer.cancel()

    def _doubt(self, given: Path, spec: AnswerSpec, reference: Reference) -> str | None:
        """Computes the reference with other optimizers of DuckDB, until one computation finishes.

        Returns how its answer differs from the reference, and whether the engine's answer ``given``
        equals it; None if it is the reference again, or no computation finishes.
        """
        right, widened = reference.path, reference.widened
        data, key = reference.tables, reference.key
        for way in OTHER_WAYS:
            try:
                other = self._file(data, key, spec, spec.reference_sql, way)
                difference = _difference(other, right, spec, widened)
                if difference is None:
                    return None
                sql = spec.widened_sql if widened else None
                ties = other if sql is None else self._file(data, key, spec, sql, way)
            except NoReference:
                continue
            same = _difference(given, ties, spec, widened) is None
            return (
                f"DuckDB contradicts itself: {way}, it answers otherwise ({difference}); "
                f"this answer equals {'that one' if same else 'neither'}"
            )
        return None

    def _file(
        self, tables: Sequence[Table], key: str, spec: AnswerSpec, sql: str, way: str = ""
    ) -> Path:
        told = [duckdb.__version__, key, sql, way, *spec.columns]
        name = hashlib.sha256("\n".join(told).encode()).hexdigest()
        file = self._budget.answers / f"{name}.arrow"
        if not self._budget.use(file):
            unfinished = self._budget.unfinished(file)  # another run may be writing the same one
            try:
                if way:
                    self._compute_otherwise(tables, spec, sql, way, unfinished)
                else:
                    self._compute(tables, key, spec, sql, unfinished)
                unfinished.replace(file)
            finally:
                unfinished.unlink(missing_ok=True)
        return file

    def _open(self, tables: Sequence[Table], key: str) -> duckdb.DuckDBPyConnection:
        """Opens DuckDB over tables whose content ``key`` identifies, unless it is open already.

        It stays open until another key is needed.
        """
        if self._database is None or self._key != key:
            if self._database is not None:
                self._database.close()
            self._database, self._key = open_database(tables, self._threads), key
        return self._database

    def _compute(
        self, tables: Sequence[Table], key: str, spec: AnswerSpec, sql: str, target: Path
    ) -> None:
        try:
            self._write(self._open(tables, key), sql, spec, target)
        except NoReference as error:
            if not says_out_of_memory("", str(error)):
                raise
            with open_database(tables, self._threads, memory=None) as unbounded:
                self._write(unbounded, sql, spec, target)

    def _compute_otherwise(
        self, tables: Sequence[Table], spec: AnswerSpec, sql: str, way: str, target: Path
    ) -> None:
        """Writes an answer to ``target``, computed with other optimizers of DuckDB, within limits.

        ``way`` names them in `OTHER_WAYS`. Raises NoReference if a limit is exceeded, and at every
        later call for the same answer.
        """
        if (way, sql) in self._given_up:
            raise NoReference(f"DuckDB {way} came to no end")
        database = open_database(tables, self._threads, OTHER_WAYS[way], OTHER_WAY_MEMORY)
        try:
            with self._in_time(database):
                self._write(database, sql, spec, target)
        except NoReference:
            self._given_up.add((way, sql))
            raise
        finally:
            database.close()

    def _write(
        self, database: duckdb.DuckDBPyConnection, sql: str, spec: AnswerSpec, target: Path
    ) -> None:
        """Writes a query's answer to an Arrow IPC file, its columns under the names of the spec.

        Raises NoReference if DuckDB fails, or the answer is too large for the disk's budget.
        """
        views = "SELECT view_name FROM duckdb_views() WHERE NOT internal"
        tables, room = database.execute(views).fetchall(), Room(self._budget)
        try:
            judge(database, sql, [name for (name,) in tables])
            rows = database.sql(sql).to_arrow_reader(BATCH_ROWS)
            names = spec.named(rows.schema.names)
            schema = pa.schema([f.with_name(n) for f, n in zip(rows.schema, names, strict=True)])
            with pa.OSFile(str(target), "wb") as file, pa.ipc.new_file(file, schema) as out:
                for found in rows:
                    batch = found.rename_columns(names)
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
    """Makes a view of a table's files; raises NoReference if DuckDB finds other columns in them."""
    files = reader(table, Input.PARQUET if table.parquet else Input.CSV)
    view = identifier(table.name)
    database.execute(f"CREATE VIEW {view} AS SELECT * FROM {files}")
    # DESCRIBE "tables" would list all tables.
    found = [row[:2] for row in database.execute(f"DESCRIBE FROM {view}").fetchall()]
    wanted = [(c.name, c.type.sql.replace(" ", "")) for c in table.schema]
    if found != wanted:
        raise NoReference(f"DuckDB reads table {table.name!r} as {found}, and not as {wanted}")


def _difference(answer: Path, reference: Path, spec: AnswerSpec, widened: bool) -> str | None:
    """Returns why an answer file is wrong, or None; compares a large file part by part."""
    if spec.train is not None:
        return compare_terms(answer, reference, spec.tolerance)
    if widened or not is_large(answer, reference):
        return compare(read(answer), read(reference), spec, widened)
    with tempfile.TemporaryDirectory(dir=".") as folder:  # in the process's own folder
        return compare_in_parts(answer, reference, spec, Path(folder))


def main(arguments: Sequence[str]) -> None:
    references = References()
    handlers: Handlers = {
        StartReferee: references.start,
        Compute: references.reference,
        Adopt: references.adopt,
        Check: references.check,
        Explain: references.explain,
    }
    serve_deep(handlers, arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
