"""Finds the special values in a column."""

from __future__ import annotations

import math

import pyarrow as pa
import pyarrow.compute as pc

from harness.characters import BREAKS, specials
from harness.data.arrow import holds_any, is_ascii
from harness.special import Special, Specials, of_number, together


def specials_in(values: pa.Array | pa.ChunkedArray) -> Specials:
    """Returns the special values in a column of texts or numbers; () for other types."""
    if pa.types.is_string(values.type):
        breaks = (Special.BREAK,) if holds_any(values, BREAKS) else ()
        if is_ascii(values):
            return breaks
        unusual = values.filter(pc.invert(pc.string_is_ascii(values)))
        return together(specials("".join(unusual.to_pylist())), breaks)
    if pa.types.is_integer(values.type):
        return _of_extremes(values)
    if pa.types.is_floating(values.type):
        infinite = pc.is_inf(values)
        if not pc.any(infinite).as_py():
            return together(_of_zeros(values), _of_extremes(values))
        finite = values.filter(pc.invert(infinite))
        return together((Special.INFINITE,), _of_zeros(finite), _of_extremes(finite))
    return ()


def _of_zeros(floats: pa.Array | pa.ChunkedArray) -> Specials:
    zeros = floats.filter(pc.equal(floats, 0.0))
    least = pc.min(pc.divide(1.0, zeros)).as_py()
    return (Special.MINUS_ZERO,) if least == -math.inf else ()


def _of_extremes(numbers: pa.Array | pa.ChunkedArray) -> Specials:
    extremes = pc.min_max(numbers).as_py().values()
    return together(*(of_number(number) for number in extremes if number is not None))
