"""Batches of rows -> one Parquet file; Parquet files -> the same rows as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from harness.data.arrow import BATCH_ROWS, holds_any, opened
from harness.data.budget import Room
from harness.data.special import specials_in
from harness.errors import DataError
from harness.special import Specials, together

WRITER_VERSION = 1
"""Changes when the same rows would be written as other bytes."""

ROW_GROUP_BYTES = 1 << 27
"""A row group ends early if it takes this much memory: 128 MiB."""

READ_AT_ONCE = 1 << 20
"""Arrow's readers, and so pandas', look for line ends in blocks of this many bytes."""

STRUCTURAL = '"\r\n'
"""Text with one of these, or the delimiter, must be quoted in a CSV file."""


@dataclass(frozen=True)
class WrittenFile:
    """What was written to a file: the number of rows; each column's NULLs and special values."""

    rows: int
    nulls: dict[str, int]
    special: dict[str, Specials]


def write_parquet(
    path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch], room: Room
) -> WrittenFile:
    """Writes batches as row groups of 250,000 rows, so that engines can read them in parallel.

    Very long rows make shorter row groups, so that memory stays bounded. Raises DataError after the
    row group for which there was no room.
    """
    size = 0
    rows, nulls = 0, dict.fromkeys(schema.names, 0)
    special: dict[str, Specials] = dict.fromkeys(schema.names, ())
    with pq.ParquetWriter(path, schema) as writer:
        for table in _row_groups(schema, batches):
            writer.write_table(table, row_group_size=BATCH_ROWS)
            before, size = size, path.stat().st_size
            room.wrote(size - before)
            rows += table.num_rows
            for name in schema.names:
                nulls[name] += table[name].null_count
                special[name] = together(special[name], specials_in(table[name]))
    return WrittenFile(rows, nulls, special)


def _row_groups(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Gathers batches of any length into tables of one row group; the last is shorter."""
    waiting = schema.empty_table()
    for batch in batches:
        waiting = pa.concat_tables([waiting, pa.Table.from_batches([batch], schema)])
        while waiting.num_rows >= BATCH_ROWS:
            yield waiting.slice(0, BATCH_ROWS)
            waiting = waiting.slice(BATCH_ROWS)
        if waiting.nbytes >= ROW_GROUP_BYTES:
            yield waiting
            waiting = schema.empty_table()
    if waiting.num_rows:
        yield waiting


def write_csv(parquet: Sequence[Path], path: Path, room: Room, delimiter: str = ",") -> None:
    """Writes Parquet files' rows as CSV: a header, UTF-8, ISO dates, NULL as an empty field.

    Floats have as many digits as give the same float back. Raises DataError for text that CSV
    cannot distinguish from NULL or that some readers would cut, and if there is no room.
    """
    broken = False
    with path.open("wb") as sink:
        sink.write(_header(pq.read_schema(parquet[0]).names, delimiter))
        for file in parquet:
            with opened(file) as source:
                for batch in source.iter_batches(BATCH_ROWS):
                    _refuse_lost_nulls(batch)
                    before = sink.tell()
                    _append(batch, sink, delimiter)
                    room.wrote(sink.tell() - before)
                    broken = broken or any(holds_any(column, "\r\n") for column in _texts(batch))
                    if broken and sink.tell() > READ_AT_ONCE:
                        raise DataError(
                            "it cannot be written as CSV: it holds text of several lines, amid "
                            "which some readers cut a file of more than 1 MiB; use input: parquet"
                        )


def _header(names: list[str], delimiter: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerow(names)
    if names[0].startswith(("x^", "\ufeff")):  # what Polars unpacks, and what all readers drop
        return f'"{names[0]}"{text.getvalue().removeprefix(names[0])}'.encode()
    return text.getvalue().encode()


def _append(batch: pa.RecordBatch, sink: IO[bytes], delimiter: str) -> None:
    """Appends a batch as CSV; quotes texts only if a text of the batch has to be quoted.

    Quoted fields are slower to read.
    """
    quoted = any(holds_any(column, STRUCTURAL + delimiter) for column in _texts(batch))
    style = "needed" if quoted else "none"
    options = pacsv.WriteOptions(include_header=False, quoting_style=style, delimiter=delimiter)
    pacsv.write_csv(batch, sink, options)


def _refuse_lost_nulls(batch: pa.RecordBatch) -> None:
    if any(pc.any(pc.equal(pc.binary_length(c), 0)).as_py() for c in _texts(batch)):
        raise DataError(
            "it cannot be written as CSV: it holds empty text, which CSV cannot tell from NULL; "
            "use input: parquet"
        )
    if batch.num_columns == 1 and batch.column(0).null_count:
        raise DataError(
            "it cannot be written as CSV: a NULL in its only column would be a blank line, which "
            "readers skip; use input: parquet"
        )


def _texts(batch: pa.RecordBatch) -> list[pa.Array]:
    return [column for column in batch.columns if pa.types.is_string(column.type)]
