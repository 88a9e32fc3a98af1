"""Summarises answers: if a later answer's summary is the same, its values need no second check.

A summary does not depend on the order of rows, nor on the last bits of a sum, which differ from run
to run of an engine with several threads.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from harness.verify.answer_files import batches

TOLERANCE = 1e-9
"""Of a sum, relative to the sum of its values' magnitudes."""


@dataclass(frozen=True)
class OfColumn:
    """Counts and sums of a column's values, which are compared in place of the values.

    ``values`` and ``nulls`` are counts, ``odd`` that of infinities and NaN; ``total`` is the sum of
    the numbers, ``magnitude`` that of their absolute values. A text counts as its length, a date or
    time as its distance from 1970.
    """

    values: int = 0
    nulls: int = 0
    odd: int = 0
    total: float = 0.0
    magnitude: float = 0.0

    def plus(self, values: pa.Array) -> OfColumn:
        numbers = _numbers(values).drop_null()
        finite = numbers.filter(pc.is_finite(numbers))
        return OfColumn(
            self.values + len(values),
            self.nulls + values.null_count,
            self.odd + len(numbers) - len(finite),
            self.total + (pc.sum(finite).as_py() or 0.0),
            self.magnitude + (pc.sum(pc.abs(finite)).as_py() or 0.0),
        )

    def is_close(self, other: OfColumn) -> bool:
        ours, theirs = ((one.values, one.nulls, one.odd) for one in (self, other))
        room = TOLERANCE * max(self.magnitude, other.magnitude)
        return ours == theirs and math.isclose(self.total, other.total, rel_tol=0.0, abs_tol=room)


Summary = tuple[OfColumn, ...]


def summary(answer: Path) -> Summary:
    """Reads an answer's file batch by batch; returns each column's counts and sums, in order."""
    found: list[OfColumn] = []
    for batch in batches(answer):
        found = found or [OfColumn()] * batch.num_columns
        found = [before.plus(values) for before, values in zip(found, batch.columns, strict=True)]
    return tuple(found)


def alike(one: Summary, other: Summary) -> bool:
    """True if two answers have the same numbers of values, and sums that are close."""
    return len(one) == len(other) and all(map(OfColumn.is_close, one, other))


def _numbers(values: pa.Array) -> pa.Array:
    """Returns a column's values as floats; an empty array if its type has no meaning as numbers."""
    kind: Any = values.type
    if pa.types.is_dictionary(kind):
        return _numbers(values.cast(kind.value_type))
    try:
        if pa.types.is_temporal(kind):
            values = values.view(pa.int32() if kind.bit_width == 32 else pa.int64())
        if pa.types.is_string_view(kind) or pa.types.is_large_string(kind) or kind == pa.string():
            values = pc.binary_length(values.cast(pa.large_string()))
        return values.cast(pa.float64(), safe=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return pa.nulls(0, pa.float64())
