"""Brings Arrow columns to one canonical type per kind of value, so that they can be compared."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Chunks: TypeAlias = Any
"""A pa.ChunkedArray, typed Any: pyarrow.compute (26.0) annotates its functions too narrowly."""

DAY_MICROSECONDS = 86_400_000_000


class ValueKind(StrEnum):
    """A type of values, whatever its width, unit or encoding."""

    INTEGER = "integer"
    FLOAT = "float"
    STRING = "string"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    NULL = "null"


CANONICAL = {
    ValueKind.INTEGER: pa.int64(),
    ValueKind.FLOAT: pa.float64(),
    ValueKind.STRING: pa.large_string(),
    ValueKind.BOOLEAN: pa.bool_(),
    ValueKind.DATE: pa.date32(),
    ValueKind.TIMESTAMP: pa.timestamp("us"),
    ValueKind.NULL: pa.null(),
}


class NotComparable(Exception):
    """Raised where values cannot be brought to the type of their kind; says why."""


def kind_of(arrow_type: pa.DataType) -> ValueKind | None:
    """The kind of a type; decimals without a scale are integers. None for unknown types."""
    if pa.types.is_dictionary(arrow_type):
        return kind_of(arrow_type.value_type)
    if pa.types.is_decimal(arrow_type):
        return ValueKind.INTEGER if arrow_type.scale == 0 else ValueKind.FLOAT
    if pa.types.is_timestamp(arrow_type):
        return ValueKind.TIMESTAMP if arrow_type.tz is None else None
    return next((kind for kind, belongs in _TESTS.items() if belongs(arrow_type)), None)


def _is_string(arrow_type: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(arrow_type)
        or pa.types.is_large_string(arrow_type)
        or pa.types.is_string_view(arrow_type)
    )


_TESTS: dict[ValueKind, Callable[[pa.DataType], bool]] = {
    ValueKind.INTEGER: pa.types.is_integer,
    ValueKind.FLOAT: pa.types.is_floating,
    ValueKind.STRING: _is_string,
    ValueKind.BOOLEAN: pa.types.is_boolean,
    ValueKind.DATE: pa.types.is_date,
    ValueKind.NULL: pa.types.is_null,
}


def canonical(column: Chunks, kind: ValueKind) -> Chunks:
    """Casts a column to the one Arrow type of its kind, such as int64 for all integers.

    Integers beyond 64 bits become their digits as text. With the kind DATE, a timestamp column
    becomes dates if every value is at midnight. Raises NotComparable where a value would be
    changed.
    """
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    try:
        if kind is ValueKind.DATE and pa.types.is_timestamp(column.type):
            return _dates(column)
        return column.cast(CANONICAL[kind], safe=kind is not ValueKind.FLOAT)
    except pa.ArrowInvalid:
        if kind is ValueKind.INTEGER:
            return column.cast(pa.decimal128(38, 0)).cast(pa.large_string())
        raise NotComparable(f"has values that are not exactly a {CANONICAL[kind]}") from None


def without_nan(column: Chunks) -> Chunks:
    """Casts numbers to floats and replaces NaN by NULL."""
    column = column.cast(pa.float64(), safe=False)
    return pc.if_else(pc.is_nan(column), None, column)


def _dates(column: Chunks) -> Chunks:
    column = column.cast(pa.timestamp("us"))
    microseconds = pc.fill_null(column.cast(pa.int64()), 0).to_numpy()
    if np.any(microseconds % DAY_MICROSECONDS):
        raise NotComparable("is timestamp, expected date")
    return column.cast(pa.date32())
