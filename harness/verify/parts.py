"""Compares two large answers part by part, so that memory holds only one part of each.

Rows are distributed by a hash of their integers. Equal rows get into the same part on both
sides, so the answers are equal exactly if all parts are. Order is lost, so this is for answers
without ORDER BY.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pyarrow as pa

from harness.answer import AnswerSpec
from harness.verify import words
from harness.verify.compare import compare
from harness.verify.rows import Ints, filled, hashed

PART_ROWS = 500_000
MOST_PARTS = 500
"""The limit for parts, and so for files that are open at a time."""
ROW = "enginebench row"
"""An additional column of each part: the number of the row in the whole answer."""


def can_be_cut(answer: Path, reference: Path, spec: AnswerSpec, part_rows: int = PART_ROWS) -> bool:
    """True for large answers in Arrow IPC files, without order, that have integers to hash."""
    if answer.suffix != ".arrow" or spec.order:
        return False
    return max(_rows(answer), _rows(reference)) > 2 * part_rows and bool(
        _integer_columns(answer, reference)
    )


def compare_in_parts(
    answer: Path, reference: Path, spec: AnswerSpec, folder: Path, part_rows: int = PART_ROWS
) -> str | None:
    """Returns what ``compare`` would, from one part at a time; the parts are files in a folder."""
    rows, keys = [_rows(file) for file in (answer, reference)], _integer_columns(answer, reference)
    count = min(-(-max(rows) // part_rows), MOST_PARTS)
    sides = [
        _cut(file, keys, count, folder / side)
        for file, side in ((answer, "given"), (reference, "right"))
    ]
    told = [] if rows[0] == rows[1] else [f"{words.count(rows[0])}, expected {rows[1]}"]
    for given, right in zip(*sides, strict=True):
        (part, numbers), (wanted, _) = _taken(given), _taken(right)
        difference = compare(part, wanted, spec, numbers=numbers)
        if difference is not None:
            told.append(difference)
            break
    return "; ".join(told) or None


def _rows(file: Path) -> int:
    with pa.memory_map(str(file)) as source:  # reads the schema, no rows
        reader = pa.ipc.open_file(source)
        return sum(len(reader.get_batch(place)) for place in range(reader.num_record_batches))


def batches(file: Path) -> Iterator[pa.RecordBatch]:
    """Yields a file's batches. It is read, not mapped: mapped pages would stay resident."""
    with pa.OSFile(str(file)) as source:
        reader = pa.ipc.open_file(source)
        for place in range(reader.num_record_batches):
            yield reader.get_batch(place)


def _schema(file: Path) -> pa.Schema:
    with pa.OSFile(str(file)) as source:
        return pa.ipc.open_file(source).schema


def _integer_columns(*files: Path) -> list[int]:
    """The positions of columns that are integers of at most 64 bits in all files.

    [] if a column has a dictionary: an Arrow file of a part could not hold it.
    """
    types = [_schema(file).types for file in files]
    if any(pa.types.is_dictionary(column) for columns in types for column in columns):
        return []
    alike = zip(*types, strict=False)  # the number of columns is compared elsewhere
    return [place for place, column in enumerate(alike) if all(map(pa.types.is_integer, column))]


def _cut(file: Path, keys: list[int], count: int, folder: Path) -> list[Path]:
    """Distributes an answer's rows over ``count`` files in a folder, by a hash of columns ``keys``.

    Returns the files. Each row gets its number in the answer as a last column.
    """
    folder.mkdir(parents=True)
    parts = [folder / f"{number}.arrow" for number in range(count)]
    schema, first = _schema(file).append(pa.field(ROW, pa.int64())), 0
    with ExitStack() as stack:
        writers = [
            stack.enter_context(pa.ipc.new_file(stack.enter_context(file), schema))
            for file in [pa.OSFile(str(part), "wb") for part in parts]
        ]
        for batch in batches(file):
            codes = [_integers(batch.column(key)) for key in keys]
            number = (hashed(codes, len(batch)) % np.uint64(count)).astype(np.uint16)
            rows = pa.array(np.arange(first, first + len(batch)))
            first += len(batch)
            whole = pa.RecordBatch.from_arrays([*batch.columns, rows], schema=schema)
            ordered = whole.take(pa.array(np.argsort(number, kind="stable")))
            ends = np.cumsum(np.bincount(number, minlength=count))
            for writer, end, size in zip(writers, ends, np.diff(ends, prepend=0), strict=True):
                writer.write_batch(ordered.slice(end - size, size))
    return parts


def _integers(column: pa.Array) -> Ints:
    codes: Ints = filled(column, 0).cast(pa.int64(), safe=False).to_numpy(zero_copy_only=False)
    return codes


def _taken(part: Path) -> tuple[pa.Table, Ints]:
    """Reads a part and the numbers of its rows, and deletes its file."""
    table = pa.Table.from_batches(list(batches(part)), _schema(part))
    part.unlink()
    last = table.num_columns - 1
    return table.remove_column(last), table.column(last).to_numpy()
