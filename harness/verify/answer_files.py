"""Reads answers' files, Arrow IPC or Parquet (a file, or a folder of files), whole or in pieces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from harness.data.arrow import opened


def read(file: Path) -> pa.Table:
    """Reads a whole answer."""
    if file.suffix != ".arrow":
        return pq.read_table(file, partitioning=None)
    with pa.memory_map(str(file)) as source:
        return pa.ipc.open_file(source).read_all()


def rows(file: Path) -> int:
    """Returns the number of an answer's rows, without reading their values."""
    if file.suffix != ".arrow":
        return sum(pq.read_metadata(part).num_rows for part in _parts(file))
    with pa.memory_map(str(file)) as source:
        reader = pa.ipc.open_file(source)
        return sum(len(reader.get_batch(place)) for place in range(reader.num_record_batches))


def schema(file: Path) -> pa.Schema:
    if file.suffix != ".arrow":
        return pq.read_schema(_parts(file)[0])
    with pa.OSFile(str(file)) as source:
        return pa.ipc.open_file(source).schema


def batches(file: Path) -> Iterator[pa.RecordBatch]:
    """Yields an answer's batches, all of the schema of the file, or of a folder's first file.

    Files are read, not mapped: mapped pages would stay resident.
    """
    if file.suffix != ".arrow":
        wanted = schema(file)
        for part in _parts(file):
            with opened(part) as source:
                for batch in source.iter_batches(use_threads=False):
                    yield batch if batch.schema.equals(wanted) else batch.cast(wanted)
        return
    with pa.OSFile(str(file)) as source:
        reader = pa.ipc.open_file(source)
        for place in range(reader.num_record_batches):
            yield reader.get_batch(place)


def pieces(file: Path, size: int) -> Iterator[pa.Table]:
    """Yields an answer as tables of ``size`` rows; the last one may be shorter."""
    wanted = schema(file)
    held, length = [], 0
    for batch in batches(file):
        held.append(batch)
        length += len(batch)
        while length >= size:
            table = pa.Table.from_batches(held, wanted)
            yield table.slice(0, size)
            held, length = table.slice(size).to_batches(), length - size
    if length:
        yield pa.Table.from_batches(held, wanted)


def _parts(answer: Path) -> list[Path]:
    return sorted(answer.rglob("*.parquet")) if answer.is_dir() else [answer]
