"""Arrow's types for the harness's column types, and Parquet files read in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from harness.types import Schema, Type

BATCH_ROWS = 250_000
"""Rows made at once, and rows of a Parquet row group. Another figure gives other generated data."""
BUFFER_BYTES = 1 << 16
"""Bytes of a Parquet file that are read at once of each column."""
PIECE_BYTES = 1 << 20
"""Bytes of texts that are copied at once to be searched."""
ARROW_TYPES: dict[Type, pa.DataType] = {
    Type.BOOLEAN: pa.bool_(),
    Type.INT64: pa.int64(),
    Type.FLOAT64: pa.float64(),
    Type.DECIMAL: pa.decimal128(15, 2),
    Type.STRING: pa.string(),
    Type.DATE: pa.date32(),
    Type.TIMESTAMP: pa.timestamp("us"),
}


def arrow_schema(schema: Schema) -> pa.Schema:
    """Returns the Arrow schema of a table's files.

    Every field is optional, as in most Parquet files: an engine should not profit from a promise
    that other files do not make.
    """
    return pa.schema([pa.field(column.name, ARROW_TYPES[column.type]) for column in schema])


def opened(path: Path) -> pq.ParquetFile:
    """Opens a Parquet file to read it batch by batch; memory does not grow with the file.

    By default (``pre_buffer``) Arrow keeps the bytes of all row groups that were read.
    """
    return pq.ParquetFile(path, buffer_size=BUFFER_BYTES, pre_buffer=False)


def holds_any(texts: pa.Array | pa.ChunkedArray, characters: str) -> bool:
    """True if a text of a column has one of these characters in ASCII.

    The bytes of all texts are searched at once, which is some ten times as fast as text by text.
    """
    wanted = [c.encode() for c in characters]
    return any(
        any(c in piece for piece in _pieces(part) for c in wanted)
        and (not part.null_count or any(_holds(part, c) for c in characters))  # not below a NULL
        for part in _parts(texts)
    )


def is_ascii(texts: pa.Array | pa.ChunkedArray) -> bool:
    """True if the texts of a column are in ASCII, and what lies below its NULLs is, too."""
    return all(piece.isascii() for part in _parts(texts) for piece in _pieces(part))


def _parts(texts: pa.Array | pa.ChunkedArray) -> list[pa.Array]:
    return texts.chunks if isinstance(texts, pa.ChunkedArray) else [texts]


def _pieces(texts: pa.Array) -> Iterator[bytes]:
    """Yields the bytes in UTF-8 of all texts of a column, in pieces of PIECE_BYTES."""
    _, places, data = texts.buffers()
    if len(texts) and data is not None:
        ends = pa.Array.from_buffers(
            pa.int32(), len(texts) + 1, [None, places], offset=texts.offset
        )
        content = memoryview(data)[ends[0].as_py() : ends[-1].as_py()]
        for start in range(0, len(content), PIECE_BYTES):
            yield bytes(content[start : start + PIECE_BYTES])


def _holds(texts: pa.Array, character: str) -> bool:
    return pc.any(pc.match_substring(texts, character)).as_py() is True


def decimal_to_float(values: pa.Array) -> pa.Array:
    """Converts decimals to the nearest 64-bit floats, so that 0.07 equals a query's ``0.07``.

    Arrow's own cast multiplies by an inexact power of ten and can miss the nearest float (so does
    its ``round``). Up to 15 digits the unscaled integer is recovered and divided, which rounds
    once; longer decimals are read from their text.
    """
    if values.type.precision > 15 or values.type.scale < 0:
        return pc.cast(pc.cast(values, pa.string()), pa.float64())
    scale = 10.0**values.type.scale
    near = pc.cast(values, pa.float64())
    exact = np.rint(near.to_numpy(zero_copy_only=False) * scale) / scale
    return pc.if_else(pc.is_null(values), None, pa.array(exact))
