"""Turns a workload and a size into tables on disk, ready for every engine."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from harness.data.arrow import arrow_schema
from harness.data.cache import Entry, Facts, default_root, fetch, identity_hash
from harness.data.generators.base import BATCH_ROWS
from harness.data.ingest import Ingested, ingest
from harness.data.walk import Walk
from harness.data.write import WRITER_VERSION, Written, write_csv, write_parquet
from harness.errors import DataError
from harness.tables import Input, Table
from harness.types import Schema
from harness.workload import DataSpec, TableSource, Workload

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Tables:
    """A workload's tables at one size. ``key`` is the hash of what determines their content."""

    tables: Mapping[str, Table]
    key: str


def _silent(_: str) -> None:
    """The progress of those who do not ask for it."""


def prepare(
    workload: Workload,
    size: str,
    source: Input,
    cache_root: Path | None = None,
    progress: Progress = _silent,
) -> Tables:
    """The tables of a workload, made or read at most once and then kept in the cache.

    Parquet is always there, for it is what the reference reads; CSV is there where
    ``source`` asks for it. Raises WorkloadError (no such size or file), DataError (a file
    that cannot be used) or DataUnavailable (something that must be installed first).
    """
    size, root = workload.size(size), cache_root or default_root()
    if workload.data is not None:
        return _generated(workload.data, size, source, root, progress)
    walk = Walk()
    read = {
        name: _ingested(table, source, walk, root, progress)
        for name, table in workload.tables.items()
    }
    key = identity_hash({name: ingested.key for name, ingested in read.items()})
    return Tables({name: ingested.table for name, ingested in read.items()}, key)


def _ingested(
    table: TableSource, source: Input, walk: Walk, root: Path, progress: Progress
) -> Ingested:
    """A user's table. Raises DataError that says where in the workload it is declared."""
    try:
        return ingest(table, source, walk, root, progress)
    except DataError as error:
        place = f"{table.file}:{table.line}: table {table.name!r}"
        raise type(error)(f"{place}: {error}") from error


def schemas(workload: Workload, size: str, cache_root: Path | None = None) -> Mapping[str, Schema]:
    """The tables' columns. A generator knows its own; the user's files are read for them."""
    if workload.data is not None:
        params = workload.data.sizes[workload.size(size)]
        known: Mapping[str, Schema] = workload.data.generator.schemas(params)
        return known
    tables = prepare(workload, size, Input.MEMORY, cache_root).tables
    return {name: table.schema for name, table in tables.items()}


def content_key(workload: Workload, size: str, cache_root: Path | None = None) -> str:
    """The ``key`` that ``prepare`` gives; generated tables are not made for it."""
    if workload.data is not None:
        return identity_hash(_Generated(workload.data, workload.size(size), _silent).content)
    return prepare(workload, size, Input.MEMORY, cache_root).key


def _generated(data: DataSpec, size: str, source: Input, root: Path, progress: Progress) -> Tables:
    made = _Generated(data, size, progress)
    parquet = fetch(root, made.label, made.identity("parquet"), made.make_parquet)
    csv: Entry | None = None
    if source is Input.CSV:
        csv = fetch(
            root, made.label, made.identity("csv"), lambda folder: made.make_csv(parquet, folder)
        )
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
    """One size of a generated workload: what determines it, and how its files are made."""

    def __init__(self, data: DataSpec, size: str, progress: Progress) -> None:
        self.generator, self.params, self.progress = data.generator, data.sizes[size], progress
        self.label = f"{self.generator.name}-{size}"
        self.schemas: Mapping[str, Schema] = self.generator.schemas(self.params)
        self.content: dict[str, Any] = {
            "generator": self.generator.name,
            "version": self.generator.version(),
            "params": self.params.model_dump(mode="json"),
            "batch_rows": BATCH_ROWS,
        }

    def identity(self, kind: str) -> dict[str, Any]:
        """What determines the very bytes of the files."""
        pyarrow = pa.__version__.split(".")[0]
        return {**self.content, "format": kind, "writer": WRITER_VERSION, "pyarrow": pyarrow}

    def make_parquet(self, folder: Path) -> Facts:
        scratch = folder / "scratch"
        scratch.mkdir()
        rows = {name: self._table(name, folder, scratch).rows for name in self.schemas}
        shutil.rmtree(scratch)
        return {"rows": rows}

    def _table(self, name: str, folder: Path, scratch: Path) -> Written:
        self.progress(f"{self.label}: making table {name}")
        batches = self.generator.batches(name, self.params, scratch)
        schema = self.schemas[name]
        written = write_parquet(folder / f"{name}.parquet", arrow_schema(schema), batches)
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

    def make_csv(self, parquet: Entry, folder: Path) -> Facts:
        for name in self.schemas:
            self.progress(f"{self.label}: writing table {name} as CSV")
            write_csv((parquet.file(f"{name}.parquet"),), folder / f"{name}.csv")
        return {}
