"""A user's files, such as CSV or Parquet -> one table with the harness's own types, cached."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from harness.data import csv_files, other_files, parquet_files
from harness.data.apart import Apart
from harness.data.budget import Room
from harness.data.cache import Cache, CacheEntry, Facts, identity_hash
from harness.data.columns import schema_of
from harness.data.files import Found, resolve
from harness.data.identity import Identities, change_of, identities
from harness.data.links import plain
from harness.data.looks import looks_of
from harness.data.table_source import TableSource
from harness.data.walk import Walk
from harness.data.write import WRITER_VERSION, write_csv
from harness.errors import DataError
from harness.tables import Input, Table

INGEST_VERSION = 1
"""Changes when the same files would be read as other values."""

FACTS_VERSION = 9
"""Changes when other facts are stored for the same values."""

LABEL, PARQUET, CSV = "table", "table.parquet", "table.csv"
"""Names in the cache; they do not depend on the table's name."""

Progress = Callable[[str], None]

_MAKERS = {"Arrow": other_files.make, "JSON": other_files.make}


@dataclass(frozen=True)
class Ingested:
    """A user's table, and the hash of what determines its content."""

    table: Table
    key: str


def ingest(
    source: TableSource,
    wanted: Input,
    walk: Walk,
    cache: Cache,
    reading: Apart,
    progress: Progress,
) -> Ingested:
    """Reads a table once; later calls use the cache as long as the files are the same.

    Tables of the same files, read in the same way, share a cache entry, whatever their names.
    Raises DataError if a file changes while it is read. ``wanted`` is the input that a run uses;
    files are read in the process of ``reading``; ``progress`` is called with a sentence.

    Engines get a CSV file as it is if all their readers agree on its bytes. Otherwise (irregular
    quotation marks, blank lines, ``TRUE``; several files, of which pandas reads one) they get a
    copy in the cache, rewritten so that all do. A file whose path could be read as a pattern or a
    URL is linked.
    """
    found = resolve(source, walk)
    if found.kind == "TSV" and not source.delimited:
        source = replace(source, csv_format=replace(source.csv_format, delimiter="\t"))
    files = identities(found.paths)
    reading.allow_for(files)

    def make(folder: Path, room: Room) -> Facts:
        progress(f"{source.name}: reading {source.path}")
        maker = csv_files.make if found.csv else _MAKERS.get(found.kind, parquet_files.make)
        arguments = source, found, folder / PARQUET, room
        return _if_unchanged(files, lambda: reading.call(source.path, maker, *arguments))

    identity = _identity(source, found, files)
    entry = cache.fetch(
        LABEL,
        {
            **identity,
            "format": "parquet",
            "writer": WRITER_VERSION,
            "facts": FACTS_VERSION,
            "pyarrow": _pyarrow_major(),
        },
        make,
    )
    table = _table(source, found, entry, cache)
    if wanted is Input.CSV and not table.csv:
        table = _with_csv_copy(table, files, identity, cache, reading, progress)
    return Ingested(table, identity_hash(identity))


def _if_unchanged(files: Identities, make: Callable[[], Facts]) -> Facts:
    """Returns what ``make`` returns; raises DataError if the files changed meanwhile."""
    facts = make()
    if changed := change_of(files):
        raise DataError(f"{changed} while it was read; try again when nobody writes to it")
    return facts


def _identity(source: TableSource, found: Found, files: Identities) -> dict[str, Any]:
    return {
        "ingest": INGEST_VERSION,
        "files": [
            (os.path.realpath(path), path.suffix, *file.lasting) for path, file in files.items()
        ],
        **({"keys": [dict(keys) for keys in found.keys.values()]} if found.key_names else {}),
        "declared": dict(source.declared),
        "csv": [source.csv_format.delimiter, *source.csv_format.null_values] if found.csv else None,
    }


def _pyarrow_major() -> str:
    return str(pa.__version__).split(".")[0]


def _table(source: TableSource, found: Found, entry: CacheEntry, cache: Cache) -> Table:
    facts = entry.facts
    own_csv = found.csv and facts["plain"]
    own = plain(found, cache) if own_csv or facts["in_place"] else ()
    return Table(
        name=source.name,
        schema=schema_of(facts),
        rows=facts["rows"],
        parquet=own if facts["in_place"] else (entry.file(PARQUET),),
        csv=own if own_csv else (),
        csv_format=source.csv_format.plain,
        changes=tuple(facts["changes"]),
        looks=looks_of(facts),
    )


def _with_csv_copy(
    table: Table,
    files: Identities,
    identity: Mapping[str, Any],
    cache: Cache,
    reading: Apart,
    progress: Progress,
) -> Table:
    def make(folder: Path, room: Room) -> Facts:
        progress(f"{table.name}: writing a CSV copy that every engine reads alike")
        arguments = table.parquet, folder / CSV, room, table.csv_format.delimiter
        reading.call(table.name, write_csv, *arguments)
        return {}

    entry = cache.fetch(
        LABEL,
        {**identity, "format": "csv", "writer": WRITER_VERSION, "pyarrow": _pyarrow_major()},
        lambda folder, room: _if_unchanged(files, lambda: make(folder, room)),
    )
    return replace(table, csv=(entry.file(CSV),))
