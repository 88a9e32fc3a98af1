"""Reads a user's Parquet files as a table with the harness's types, in place if they have these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from harness.data.arrow import (
    ARROW_TYPES,
    BATCH_ROWS,
    arrow_schema,
    decimal_to_float,
    opened,
)
from harness.data.budget import Room
from harness.data.cache import Facts
from harness.data.columns import check_declared, check_names, check_same, facts
from harness.data.files import Found
from harness.data.looks import left_out
from harness.data.partitions import change, fields, with_keys
from harness.data.special import specials_in
from harness.data.table_source import TableSource
from harness.data.text import parse, without_nan
from harness.data.write import WrittenFile, write_parquet
from harness.errors import DataError, WorkloadError
from harness.special import Specials, of_number, together
from harness.tables import Look
from harness.types import Column, Schema, Type

BATCH_BYTES = 1 << 27
"""Bytes read at once of all columns together."""
IDLE_NOTES = frozenset({b"org.apache.spark.version", b"org.apache.spark.sql.parquet.row.metadata"})
"""Metadata keys of Parquet files that no engine reads."""


def make(source: TableSource, found: Found, target: Path, room: Room) -> Facts:
    """Uses files in place if their types are the harness's and no float is NaN; else copies them.

    The copy is the file ``target``.

    The harness's types are 64-bit integers and floats, text, boolean, date and timestamps in
    microseconds. Files with metadata that a reader interprets (pandas' index) are copied, too.
    Columns of types that the harness lacks (lists, structs, binary, times of day) are left out.
    Returns what the cache stores of the table: its columns, NULLs and changes. Raises DataError for
    a file that cannot be read, and if there is no room for the copy.
    """
    paths, schemas = found.paths, {path: _schema(path) for path in found.paths}
    columns, first = columns_of(source, schemas, found), schemas[paths[0]]
    changes, looks = [*changes_of(first), *change(found.key_names)], list(looks_of(first))
    own = [column.name for column in columns if column.name not in found.key_names]
    for path in paths:
        next(_read(path, own, rows=1), None)  # raises if a column is encrypted
    if all(_canonical(path, columns) for path in paths):
        used = _in_place(paths, columns)
        if used is not None:
            return facts(columns, used, plain=True, in_place=True, changes=changes, looks=looks)
    batches = _batches(source, found, columns, own)
    written = write_parquet(target, arrow_schema(columns), batches, room)
    return facts(columns, written, plain=True, in_place=False, changes=changes, looks=looks)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turns errors of Arrow raised within into DataErrors that say what is wrong with the file."""
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        message = str(error).splitlines()[0]
        if getattr(error, "errno", None):
            raise DataError(f"{path} cannot be read: {message}") from error
        if "encrypt" in message.lower() or "decrypt" in message.lower():
            raise DataError(
                f"{path} is encrypted, and there is no key for it; write it without encryption"
            ) from error
        raise DataError(f"{path} is damaged, or no Parquet file: {message}") from error


def _schema(path: Path) -> pa.Schema:
    with _reading(path):
        return pq.read_schema(path)


def _read(path: Path, columns: Sequence[str], rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
    with _reading(path), opened(path) as file:
        rows = min(rows, _rows_at_once(file.metadata))
        for batch in file.iter_batches(rows, columns=list(columns)):
            batch.validate(full=True)  # texts may be no UTF-8
            yield batch


def _rows_at_once(metadata: pq.FileMetaData) -> int:
    """Returns how many rows have about BATCH_BYTES, by the file's metadata."""
    groups = [metadata.row_group(place) for place in range(metadata.num_row_groups)]
    sizes = [group.total_byte_size // max(1, group.num_rows) for group in groups]
    return max(1, BATCH_BYTES // int(8 * metadata.num_columns + max([1, *sizes])))


def columns_of(source: TableSource, schemas: Mapping[Path, pa.Schema], files: Found) -> Schema:
    """Returns the table's columns, and raises DataError unless all files have the same.

    ``schemas`` are those of the files themselves. Partition columns are the last.
    """
    start, first = next(iter(schemas.items()))
    whole = [*first, *fields(files.keys)]
    check_names(start, [field.name for field in whole])
    check_declared(source, start, [field.name for field in whole])
    for path, schema in schemas.items():
        check_same(start, first.names, path, schema.names)
        for field in schema:
            if _type(field.type) is not _type(first.field(field.name).type):
                expected = first.field(field.name).type
                raise DataError(
                    f"{path}: column {field.name!r} is {field.type}, but {expected} in "
                    f"{start.name}; the files of one table need the same types"
                )
    found = {field.name: _type(field.type) for field in whole}
    types = {name: source.declared.get(name, kind) for name, kind in found.items() if kind}
    if not types:
        raise DataError(f"{start} has no column of a type that can be queried")
    return tuple(Column(name, kind) for name, kind in types.items() if kind)


def changes_of(schema: pa.Schema) -> Iterator[str]:
    """Yields, for each column that is read as another type or left out, a sentence."""
    for field in schema:
        if pa.types.is_decimal(field.type):
            yield f"{field.name} is {field.type}, and read as floats"
        elif _type(field.type) is None:
            yield f"{field.name} is {field.type}, and left out"


def looks_of(schema: pa.Schema) -> Iterator[Look]:
    """Yields a Look for each column that is left out, which says what to do about it."""
    return (left_out(field.name, field.type) for field in schema if _type(field.type) is None)


def _type(arrow: pa.DataType) -> Type | None:
    """Returns the harness's type for one of Arrow's, or None."""
    tests = {
        Type.BOOLEAN: (pa.types.is_boolean,),
        Type.INT64: (pa.types.is_integer,),
        Type.FLOAT64: (pa.types.is_floating, pa.types.is_decimal),
        Type.STRING: (
            pa.types.is_string,
            pa.types.is_large_string,
            pa.types.is_string_view,
            pa.types.is_null,
        ),
        Type.DATE: (pa.types.is_date,),
        Type.TIMESTAMP: (pa.types.is_timestamp,),
    }
    if pa.types.is_dictionary(arrow):
        return _type(arrow.value_type)
    return next(
        (kind for kind, checks in tests.items() if any(check(arrow) for check in checks)), None
    )


def _canonical(path: Path, columns: Schema) -> bool:
    schema = _schema(path)
    wanted = arrow_schema(columns)
    alike = schema.names == wanted.names and schema.types == wanted.types
    return alike and _has_idle_metadata(schema)


def _has_idle_metadata(schema: pa.Schema) -> bool:
    """True if no reader interprets the file's metadata.

    pandas and Dask make an index of columns that pandas' metadata names; other libraries store
    types of their own in the metadata.
    """
    on_columns = {key for field in schema for key in field.metadata or ()}
    return set(schema.metadata or ()) <= IDLE_NOTES and on_columns <= {b"PARQUET:field_id"}


def _in_place(paths: tuple[Path, ...], columns: Schema) -> WrittenFile | None:
    """Returns the rows, NULLs and special values of files that are used as they are.

    NULLs come from the statistics if these are complete, else the values are read. Returns None if
    a float is NaN: the files are then copied, with NULL for NaN.
    """
    rows, total = 0, dict.fromkeys((column.name for column in columns), 0)
    special: dict[str, Specials] = dict.fromkeys(total, ())
    for path in paths:
        with _reading(path):
            metadata = pq.read_metadata(path)
            times = _noted_times(path, metadata)  # first: statistics of other dates raise
            noted, specials = _noted_nulls(metadata), _noted_specials(metadata)
        rows += metadata.num_rows
        known = {c.name for c in columns if not c.type.has_specials or c.name in specials}
        known -= {c.name for c in columns if c.type.temporal} - times
        read = [c.name for c in columns if c.name not in noted or c.name not in known]
        for batch in _read(path, read) if read else ():
            for name in read:
                if _has_nan(batch[name]):
                    return None
                check_times(path, name, batch[name])
                if name not in noted:
                    total[name] += batch[name].null_count
                special[name] = together(special[name], specials_in(batch[name]))
        for name, count in noted.items():
            total[name] += count
        for name, kinds in specials.items():
            special[name] = together(special[name], kinds)
    return WrittenFile(rows, total, special)


def _has_nan(values: pa.Array) -> bool:
    return pa.types.is_floating(values.type) and bool(pc.any(pc.is_nan(values)).as_py())


def _noted_nulls(metadata: pq.FileMetaData) -> dict[str, int]:
    """Returns the number of NULLs of each column that has statistics in every row group."""
    return {
        name: sum(noted.null_count for noted in groups)
        for name, groups in _statistics(metadata)
        if all(noted is not None and noted.has_null_count for noted in groups)
    }


def _noted_specials(metadata: pq.FileMetaData) -> dict[str, Specials]:
    """Returns the special values of integer columns, by their minima and maxima.

    Only of columns that have these in every row group.
    """
    return {
        name: together(*(of_number(end) for noted in groups for end in (noted.min, noted.max)))
        for name, groups in _statistics(metadata)
        if all(noted is not None and noted.has_min_max for noted in groups)
        and all(type(noted.min) is int for noted in groups)
    }


def _noted_times(path: Path, metadata: pq.FileMetaData) -> set[str]:
    """Returns the date and time columns whose statistics show no year outside of 1 to 9999.

    Raises DataError if they show one.
    """
    found = set()
    for name, groups in _statistics(metadata):
        if all(noted is not None and noted.has_min_max for noted in groups):
            try:
                ends = [end for noted in groups for end in (noted.min, noted.max)]
            except (OverflowError, ValueError):
                raise _beyond_years(path, name) from None
            found |= {name} if all(isinstance(end, date) for end in ends) else set()
    return found


def check_times(path: Path, name: str, values: pa.Array) -> None:
    """Raises DataError for a date or time outside of the years 1 to 9999, or infinite."""
    if not (pa.types.is_date(values.type) or pa.types.is_timestamp(values.type)):
        return
    try:
        pc.min_max(values).as_py()
    except (OverflowError, ValueError):
        raise _beyond_years(path, name) from None


def _beyond_years(path: Path, name: str) -> DataError:
    return DataError(
        f"{path}: column {name!r} has a date outside of the years 1 to 9999, or an infinite one, "
        "which Python's libraries cannot hold; replace it, by NULL for example"
    )


def _statistics(metadata: pq.FileMetaData) -> Iterator[tuple[str, list[Any]]]:
    """Yields each column's name and the statistics of its row groups, None if missing."""
    for index in range(metadata.num_columns):
        groups = [metadata.row_group(g).column(index) for g in range(metadata.num_row_groups)]
        yield metadata.schema.column(index).name, [group.statistics for group in groups]


def _batches(
    source: TableSource, found: Found, columns: Schema, own: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    for path in found.paths:
        for batch in _read(path, own):
            yield canonical_batch(source, path, columns, with_keys(batch, found.keys[path]))


def canonical_batch(
    source: TableSource, path: Path, columns: Schema, batch: pa.RecordBatch
) -> pa.RecordBatch:
    """Returns a Parquet file's batch, cast to the types of ``columns``, which are the table's.

    Raises WorkloadError if a column cannot have its declared type, DataError for a date or time
    outside of the years 1 to 9999.
    """
    arrays = [_values(source, column, batch[column.name]) for column in columns]
    for column, values in zip(columns, arrays, strict=True):
        check_times(path, column.name, values)
    return pa.RecordBatch.from_arrays(arrays, schema=arrow_schema(columns))


def _values(source: TableSource, column: Column, values: pa.Array) -> pa.Array:
    try:
        values = _to_canonical(values)
        if pa.types.is_string(values.type):
            return parse(values, column.type).values
        return pc.cast(values, ARROW_TYPES[column.type])
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise WorkloadError(
            f"table {source.name!r}: column {column.name!r} is not {column.type}: {error}",
            source.file,
            source.line,
        ) from error


def _to_canonical(values: pa.Array) -> pa.Array:
    """Casts values of a supported Arrow type to the harness's type for them.

    Integers and floats get 64 bits, decimals become floats, timestamps UTC in microseconds.
    """
    kind = values.type
    if pa.types.is_dictionary(kind):
        return _to_canonical(values.dictionary_decode())
    if pa.types.is_decimal(kind):
        return decimal_to_float(values)
    if pa.types.is_floating(kind):
        return without_nan(pc.cast(values, pa.float64()))
    if pa.types.is_timestamp(kind):
        moment = pa.timestamp("us", kind.tz and "UTC")
        return pc.cast(pc.cast(values, moment, safe=False), pa.timestamp("us"))
    found = _type(kind)
    return values if found is None else pc.cast(values, ARROW_TYPES[found])
