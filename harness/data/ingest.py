"""Turns a user's CSV or Parquet files into one table with canonical types, kept in the cache."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from harness.data import csv_files, parquet_files
from harness.data.apart import Apart
from harness.data.budget import Room
from harness.data.cache import Cache, Entry, Facts, identity_hash
from harness.data.columns import noted
from harness.data.files import Found, resolve
from harness.data.identity import Identities, change_of, identities
from harness.data.links import plain
from harness.data.sources import TableSource
from harness.data.walk import Walk
from harness.data.write import WRITER_VERSION, write_csv
from harness.errors import DataError
from harness.tables import Input, Table

INGEST_VERSION = 1
"""Changes when the same files would be read as other values."""

FACTS_VERSION = 6
"""Changes when more, or something else, is noted of the same values."""

LABEL, PARQUET, CSV = "table", "table.parquet", "table.csv"
"""How the cache names them: what is in them is the same for tables of any name."""

Progress = Callable[[str], None]


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
    """Reads a table once; later calls take what the cache holds while the files are the same.

    Raises DataError where one changes while it is read: nobody knows what was read then. Tables of
    the same files, read in the same way, share what the cache holds, whatever they are called.

    A CSV file is handed to engines as it is where all their readers agree on its bytes; else
    (irregular quotation marks, blank lines, ``TRUE``; several files, of which pandas reads one)
    they get a copy of it in the cache, spelt plainly. A file whose path a reader could take for a
    pattern or an address is handed to them by a link.
    """
    found = resolve(source, walk)
    files = identities(found.paths)
    reading.allow_for(files)

    def make(folder: Path, room: Room) -> Facts:
        progress(f"{source.name}: reading {source.path}")
        maker = csv_files.make if found.csv else parquet_files.make
        given = source, found.paths, folder / PARQUET, room
        return _at_rest(files, lambda: reading.call(source.path, maker, *given))

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


def _at_rest(files: Identities, make: Callable[[], Facts]) -> Facts:
    """What ``make`` gives. Raises DataError where the files have changed meanwhile."""
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
        "declared": dict(source.declared),
        "csv": [source.csv_format.delimiter, *source.csv_format.null_values] if found.csv else None,
    }


def _pyarrow_major() -> str:
    return str(pa.__version__).split(".")[0]


def _table(source: TableSource, found: Found, entry: Entry, cache: Cache) -> Table:
    facts = entry.facts
    own_csv = found.csv and facts["plain"]
    own = plain(found, cache) if own_csv or facts["in_place"] else ()
    return Table(
        name=source.name,
        schema=noted(facts),
        rows=facts["rows"],
        parquet=own if facts["in_place"] else (entry.file(PARQUET),),
        csv=own if own_csv else (),
        csv_format=source.csv_format.plain,
        changes=tuple(facts["changes"]),
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
        given = table.parquet, folder / CSV, room, table.csv_format.delimiter
        reading.call(table.name, write_csv, *given)
        return {}

    entry = cache.fetch(
        LABEL,
        {**identity, "format": "csv", "writer": WRITER_VERSION, "pyarrow": _pyarrow_major()},
        lambda folder, room: _at_rest(files, lambda: make(folder, room)),
    )
    return replace(table, csv=(entry.file(CSV),))
