"""Turns the harness's column types into Arrow's, and decimals into floats."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harness.types import Schema, Type

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
    """The Arrow schema of a table's files.

    Every field is written as optional, as most Parquet in the world is: an engine should not
    profit from a promise that it would not get elsewhere.
    """
    return pa.schema([pa.field(column.name, ARROW_TYPES[column.type]) for column in schema])


def decimal_to_float(values: pa.Array) -> pa.Array:
    """The nearest 64-bit floats, so that 0.07 equals a query's literal ``0.07``.

    Arrow's own cast multiplies by a power of ten that is not exact and lands beside them
    (so does its ``round``). Up to 15 digits the unscaled integer is recovered and divided,
    which rounds once; beyond, the number is read from its text.
    """
    if values.type.precision > 15 or values.type.scale < 0:
        return pc.cast(pc.cast(values, pa.string()), pa.float64())
    scale = 10.0**values.type.scale
    near = pc.cast(values, pa.float64())
    exact = np.rint(near.to_numpy(zero_copy_only=False) * scale) / scale
    return pc.if_else(pc.is_null(values), None, pa.array(exact))
