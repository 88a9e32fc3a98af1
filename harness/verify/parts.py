"""Two large answers -> parts of both, cut by value, that are alike exactly where the answers are.

Rows that are equal have equal integers, and so lie in the same part on either side. Order does
not survive, so this is for answers that have none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pyarrow as pa

from harness.answer import AnswerSpec
from harness.verify.compare import compare
from harness.verify.rows import Ints, filled, hashed

PART_ROWS = 500_000


def alike_in_parts(
    answer: Path, reference: Path, spec: AnswerSpec, folder: Path, part_rows: int = PART_ROWS
) -> bool:
    """Whether the answer in an Arrow IPC file is right, in the memory that one part needs.

    False says no more than that this way cannot tell. Small answers, such with an order and such
    without integers are not cut; what is wrong is better told by ``compare`` of the whole.
    """
    rows = [_rows(file) for file in (answer, reference)]
    keys = _integer_columns(answer, reference)
    if rows[0] != rows[1] or rows[0] <= 2 * part_rows or not keys or spec.order:
        return False
    count = -(-rows[0] // part_rows)
    sides = [
        _cut(file, keys, count, folder / side)
        for file, side in ((answer, "given"), (reference, "right"))
    ]
    return all(
        compare(_taken(given), _taken(right), spec) is None
        for given, right in zip(*sides, strict=True)
    )


def _rows(file: Path) -> int:
    with pa.memory_map(str(file)) as source:  # the rows themselves are not touched
        reader = pa.ipc.open_file(source)
        return sum(len(reader.get_batch(place)) for place in range(reader.num_record_batches))


def _batches(file: Path) -> Iterator[pa.RecordBatch]:
    """One after the other, and read rather than mapped: what was mapped would stay resident."""
    with pa.OSFile(str(file)) as source:
        reader = pa.ipc.open_file(source)
        for place in range(reader.num_record_batches):
            yield reader.get_batch(place)


def _schema(file: Path) -> pa.Schema:
    with pa.OSFile(str(file)) as source:
        return pa.ipc.open_file(source).schema


def _integer_columns(*files: Path) -> list[int]:
    """The places of the columns that hold integers of at most 64 bits in all files.

    None where a column has a dictionary, which an Arrow file cannot hold in parts.
    """
    types = [_schema(file).types for file in files]
    if any(pa.types.is_dictionary(column) for columns in types for column in columns):
        return []
    alike = zip(*types, strict=False)  # another number of columns is told of by the whole
    return [place for place, column in enumerate(alike) if all(map(pa.types.is_integer, column))]


def _cut(file: Path, keys: list[int], count: int, folder: Path) -> list[Path]:
    """The parts' files, each with the rows whose integers hash to its number."""
    folder.mkdir(parents=True)
    parts = [folder / f"{number}.arrow" for number in range(count)]
    schema = _schema(file)
    with ExitStack() as stack:
        writers = [
            stack.enter_context(pa.ipc.new_file(stack.enter_context(file), schema))
            for file in [pa.OSFile(str(part), "wb") for part in parts]
        ]
        for batch in _batches(file):
            codes = [_integers(batch.column(key)) for key in keys]
            number = (hashed(codes, len(batch)) % np.uint64(count)).astype(np.uint16)
            ordered = batch.take(pa.array(np.argsort(number, kind="stable")))
            ends = np.cumsum(np.bincount(number, minlength=count))
            for writer, end, size in zip(writers, ends, np.diff(ends, prepend=0), strict=True):
                writer.write_batch(ordered.slice(end - size, size))
    return parts


def _integers(column: pa.Array) -> Ints:
    codes: Ints = filled(column, 0).cast(pa.int64(), safe=False).to_numpy(zero_copy_only=False)
    return codes


def _taken(part: Path) -> pa.Table:
    """A part, whose file is not needed any longer."""
    table = pa.Table.from_batches(list(_batches(part)), _schema(part))
    part.unlink()
    return table
