"""Reads a user's Arrow and JSON files, which no engine reads, into one Parquet file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.json as pajson

from harness.data.arrow import ARROW_TYPES, arrow_schema
from harness.data.budget import Room
from harness.data.cache import Facts
from harness.data.columns import facts
from harness.data.csv_text import BLOCK_BYTES
from harness.data.files import JSON, Found, opened, suffix
from harness.data.parquet_files import canonical_batch, changes_of, columns_of, looks_of
from harness.data.partitions import change, with_keys
from harness.data.table_source import TableSource
from harness.data.write import WrittenFile, write_parquet
from harness.errors import DataError
from harness.special import Special
from harness.types import Schema, Type

JSON_TYPES = "; its types are those of its first 8 MiB, but for those that 'schema' declares"
Content = tuple[pa.Schema, Iterator[pa.RecordBatch]]


def make(source: TableSource, found: Found, target: Path, room: Room) -> Facts:
    """Writes the files' rows to one Parquet file ``target``; returns the table's facts.

    Values get the harness's own types, such as 64-bit integers and floats. Facts are what the cache
    stores of a table: its columns, NULLs and changes. Raises DataError for a file that cannot be
    read.
    """
    paths, schemas = found.paths, {}
    for path in paths:
        with _opened(source, path) as (schema, _):
            schemas[path] = schema
    columns, first = columns_of(source, schemas, found), schemas[paths[0]]
    written = write_parquet(target, arrow_schema(columns), _batches(source, found, columns), room)
    kind = f"its {suffix(paths[0])} is converted once, into the Parquet that engines read"
    large = _large_numbers(columns, written) if suffix(paths[0]) in JSON else ()
    changes = [*changes_of(first), *large, kind, *change(found.key_names)]
    return facts(
        columns, written, plain=True, in_place=False, changes=changes, looks=list(looks_of(first))
    )


def _large_numbers(columns: Schema, written: WrittenFile) -> Iterator[str]:
    """Yields a sentence for each column of numbers of which floats do not hold every digit.

    Such a number of JSON, as an identifier of 20 digits, may be an integer.
    """
    for column in columns:
        if column.type is Type.FLOAT64 and Special.LARGE in written.special[column.name]:
            yield f"{column.name} has numbers beyond 2^53, and is read as floats, of 15 digits"


def _batches(source: TableSource, found: Found, columns: Schema) -> Iterator[pa.RecordBatch]:
    for path in found.paths:
        with _opened(source, path) as (_, batches):
            for batch in batches:
                batch.validate(full=True)  # a file may have offsets beyond its end
                yield canonical_batch(source, path, columns, with_keys(batch, found.keys[path]))


@contextmanager
def _opened(source: TableSource, path: Path) -> Iterator[Content]:
    """Opens a file; Arrow's errors become DataErrors that say what is wrong with it."""
    kind = "JSON with one object a line" if suffix(path) in JSON else "an Arrow IPC file"
    try:
        with opened(path) if suffix(path) in JSON else pa.OSFile(str(path)) as file:
            yield _json(source, file) if suffix(path) in JSON else _arrow(file)
    except (OSError, pa.ArrowException) as error:
        message = str(error).splitlines()[0]
        message += JSON_TYPES if suffix(path) in JSON else ""
        raise DataError(f"{path} is damaged, or not {kind}: {message}") from error


def _arrow(file: pa.NativeFile) -> Content:
    """Opens Arrow's file format, which Feather is, or its stream format."""
    try:
        reader = pa.ipc.open_file(file)
    except pa.ArrowInvalid:
        file.seek(0)
        stream = pa.ipc.open_stream(file)
        return stream.schema, iter(stream)
    return reader.schema, map(reader.get_batch, range(reader.num_record_batches))


def _json(source: TableSource, file: pa.NativeFile) -> Content:
    """Opens JSON lines, of which the first 8 MiB decide on types that are not declared."""
    declared = [
        pa.field(name, ARROW_TYPES[kind])
        for name, kind in source.declared.items()
        if not kind.temporal
    ]
    options = pajson.ParseOptions(explicit_schema=pa.schema(declared)) if declared else None
    reader = pajson.open_json(file, pajson.ReadOptions(block_size=BLOCK_BYTES), options)
    return reader.schema, iter(reader)
