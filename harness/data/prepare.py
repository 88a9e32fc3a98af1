"""A workload and a size -> tables on disk, ready for every engine."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from harness.data.apart import Apart, Making
from harness.data.arrow import BATCH_ROWS, arrow_schema
from harness.data.budget import Room
from harness.data.cache import Cache, CacheEntry, Facts, identity_hash
from harness.data.generators.base import Generator
from harness.data.ingest import Ingested, ingest
from harness.data.sources import DataSource, DataSpec
from harness.data.table_source import TableSource
from harness.data.walk import Walk
from harness.data.write import WRITER_VERSION, WrittenFile, write_csv, write_parquet
from harness.errors import DataError
from harness.tables import Input, Table
from harness.types import Schema

Progress = Callable[[str], None]
Made = TypeVar("Made")

PARQUET_BYTES, CSV_BYTES = 3, 7
"""Bytes of a generated value, about: generators have 2 to 4, and 5 to 10."""


@dataclass(frozen=True)
class Tables:
    """A workload's tables at one size; ``key`` is the hash of what determines their content."""

    tables: Mapping[str, Table]
    key: str


def _silent(_: str) -> None:
    """Reports no progress."""


def prepare(
    workload: DataSource,
    size: str,
    source: Input,
    cache: Cache,
    progress: Progress = _silent,
    making: Making | None = None,
) -> Tables:
    """Returns the tables of a workload, which are made or read once and then cached.

    Parquet is always made, since the reference reads it; CSV if ``source`` is CSV. Generated tables
    are made by ``making``, or in this process if that is None. Raises
    WorkloadError (no such size or file), DataError (a file that cannot be used, or no room) or
    DataUnavailable (something must be installed first).
    """
    size = workload.size(size)
    if workload.data is not None:
        made = _Generated(workload.data, size, progress, making)
        return _generated(workload, workload.data, size, source, cache, made)
    walk = Walk()
    with Apart() as reading:
        read = {
            name: _ingested(table, source, walk, cache, reading, progress)
            for name, table in workload.tables.items()
        }
    key = identity_hash({name: ingested.key for name, ingested in read.items()})
    return Tables({name: ingested.table for name, ingested in read.items()}, key)


def _ingested(
    table: TableSource,
    source: Input,
    walk: Walk,
    cache: Cache,
    reading: Apart,
    progress: Progress,
) -> Ingested:
    """Returns a user's table; a DataError names the line that declares it."""
    try:
        return ingest(table, source, walk, cache, reading, progress)
    except DataError as error:
        place = f"{table.file}:{table.line}: table {table.name!r}"
        raise type(error)(f"{place}: {error}") from error


def schemas(workload: DataSource, size: str, cache: Cache) -> Mapping[str, Schema]:
    """Returns the tables' columns; a user's files are read for them, a generator knows its own."""
    if workload.data is not None:
        params = workload.data.params(workload.size(size))
        known: Mapping[str, Schema] = workload.data.generator.schemas(params)
        return known
    tables = prepare(workload, size, Input.MEMORY, cache).tables
    return {name: table.schema for name, table in tables.items()}


def changes(workload: DataSource, size: str, cache: Cache) -> list[str]:
    """Returns sentences that say how the tables differ from the user's files, table by table.

    There are none for generated tables.
    """
    if workload.data is not None:
        return []
    tables = prepare(workload, size, Input.MEMORY, cache).tables
    return [f"table {name}: {words}" for name, t in tables.items() for words in t.changes]


def content_key(workload: DataSource, size: str, cache: Cache) -> str:
    """Returns the ``key`` of the Tables that `prepare` would return; makes no generated tables."""
    if workload.data is not None:
        return identity_hash(_Generated(workload.data, workload.size(size)).content)
    return prepare(workload, size, Input.MEMORY, cache).key


def _generated(
    workload: DataSource,
    data: DataSpec,
    size: str,
    source: Input,
    cache: Cache,
    made: _Generated,
) -> Tables:
    """Returns generated tables; a DataError names the line that declares their size."""
    csv: CacheEntry | None = None
    try:
        parquet = cache.fetch(data.generator.name, made.identity("parquet"), made.make_parquet)
        if source is Input.CSV:
            csv = cache.fetch(
                data.generator.name,
                made.identity("csv"),
                lambda folder, room: made.make_csv(parquet, folder, room),
            )
    except DataError as error:
        place = f"{workload.file}:{data.line(size)}: size {size!r}"
        raise type(error)(f"{place}: {error}") from error
    tables = {
        name: Table(
            name=name,
            schema=schema,
            rows=parquet.facts["rows"][name],
            parquet=(parquet.file(f"{name}.parquet"),),
            csv=(csv.file(f"{name}.csv"),) if csv else (),
        )
        for name, schema in made.schemas.items()
    }
    return Tables(tables, identity_hash(made.content))


class _Generated:
    """One size of a generated workload: its identity, and how its files are made."""

    def __init__(
        self,
        data: DataSpec,
        size: str,
        progress: Progress = _silent,
        making: Making | None = None,
    ) -> None:
        self.generator, self.params, self.progress = data.generator, data.params(size), progress
        self._making = making
        self.label = f"{self.generator.name}-{size}"
        self.schemas: Mapping[str, Schema] = self.generator.schemas(self.params)
        self.content: dict[str, Any] = {
            "generator": self.generator.name,
            "version": self.generator.version(),
            "params": self.params.model_dump(mode="json"),
            "batch_rows": BATCH_ROWS,
        }

    def identity(self, kind: str) -> dict[str, Any]:
        """Returns what determines the bytes of the files of a kind, ``parquet`` or ``csv``."""
        pyarrow = pa.__version__.split(".")[0]
        return {**self.content, "format": kind, "writer": WRITER_VERSION, "pyarrow": pyarrow}

    def _expected_bytes(self, of_a_value: int) -> int:
        rows, schemas = self.generator.rows(self.params), self.schemas
        return of_a_value * sum(rows[name] * len(schema) for name, schema in schemas.items())

    def make_parquet(self, folder: Path, room: Room) -> Facts:
        room.expect(self._expected_bytes(PARQUET_BYTES))
        scratch = folder / "scratch"
        scratch.mkdir()
        rows = {name: self._table(name, folder, scratch, room).rows for name in self.schemas}
        shutil.rmtree(scratch)
        return {"rows": rows}

    def _table(self, name: str, folder: Path, scratch: Path, room: Room) -> WrittenFile:
        self.progress(f"{self.label}: making table {name}")
        schema, path = self.schemas[name], folder / f"{name}.parquet"
        arguments = self.generator, name, self.params, scratch, path, schema, room
        written = self._call(name, _write_table, *arguments)
        for column in schema:
            if written.nulls[column.name] and not column.nullable:
                raise DataError(
                    f"generator {self.generator.name} put a NULL into {name}.{column.name}, which "
                    "it calls not nullable; please report this"
                )
            if set(written.special[column.name]) - set(column.special):
                raise DataError(
                    f"generator {self.generator.name} put special values into "
                    f"{name}.{column.name} without saying so; please report this"
                )
        return written

    def make_csv(self, parquet: CacheEntry, folder: Path, room: Room) -> Facts:
        room.expect(self._expected_bytes(CSV_BYTES))
        for name in self.schemas:
            self.progress(f"{self.label}: writing table {name} as CSV")
            file = parquet.file(f"{name}.parquet")
            self._call(name, write_csv, (file,), folder / f"{name}.csv", room)
        return {}

    def _call(self, name: str, function: Callable[..., Made], *arguments: Any) -> Made:
        if self._making is None:
            return function(*arguments)
        return self._making.call(f"{self.label}: the table {name}", function, *arguments)


def _write_table(
    generator: Generator[Any],
    name: str,
    params: Any,
    scratch: Path,
    path: Path,
    schema: Schema,
    room: Room,
) -> WrittenFile:
    """Writes the table that a generator makes of ``params`` to a Parquet file."""
    return write_parquet(path, arrow_schema(schema), generator.batches(name, params, scratch), room)
