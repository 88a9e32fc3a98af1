"""Encodes two tables as arrays of numbers, in which rows can be compared, sorted and hashed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from harness.verify.canonical import CANONICAL, Chunks, ValueKind

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]

ABSOLUTE_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Rows:
    """Rows as code columns, which must agree exactly, and float columns, which must be near.

    NULL, NaN and the infinities are codes; the float columns hold 0 in their place.
    """

    exact: tuple[Ints, ...]
    floats: tuple[Floats, ...]

    def __len__(self) -> int:
        return len((self.exact or self.floats)[0])

    def take(self, index: Ints | list[int]) -> Rows:
        """The rows at these positions; the same object where these are all rows in order."""
        if len(index) == len(self) and np.array_equal(index, np.arange(len(self))):
            return self
        return Rows(
            tuple(column[index] for column in self.exact),
            tuple(column[index] for column in self.floats),
        )

    def with_codes(self, codes: Ints) -> Rows:
        """The rows with one more code column."""
        return Rows((codes, *self.exact), self.floats)


def encode(expected: pa.Table, answer: pa.Table) -> tuple[Rows, Rows]:
    """Encodes both tables alike, as Rows, whose codes mean the same in both.

    Their columns must be of equal kinds, each of the one Arrow type of its kind (integers int64).
    """
    exact: list[tuple[Ints, Ints]] = []
    floats: list[tuple[Floats, Floats]] = []
    for pair in zip(expected.columns, answer.columns, strict=True):
        if pair[0].type == CANONICAL[ValueKind.FLOAT]:
            values, classes = zip(*map(_finite_and_class, pair), strict=True)
            floats.append(values)
            exact.extend(_if_any(classes))
        else:
            exact.append(_codes(*pair))
            exact.extend(_if_any([_nulls(column) for column in pair]))
    left, right = (
        Rows(tuple(pair[side] for pair in exact), tuple(pair[side] for pair in floats))
        for side in (0, 1)
    )
    return left, right


def near(expected: Floats, answer: Floats, tolerance: float) -> Flags:
    """True where finite floats agree: ``|answer - expected| <= 1e-9 + tolerance * |expected|``."""
    with np.errstate(over="ignore"):
        bound = np.abs(expected)
        bound *= tolerance
        bound += ABSOLUTE_TOLERANCE
        near: Flags = np.abs(answer - expected) <= bound
    return near


def agree(expected: Rows, answer: Rows, tolerance: float) -> Flags:
    """True for each position at which both rows agree in every column."""
    result = np.ones(len(expected), dtype=np.bool_)
    for left, right in zip(expected.exact, answer.exact, strict=True):
        result &= left == right
    for near_left, near_right in zip(expected.floats, answer.floats, strict=True):
        if not result.any():
            break
        result &= near(near_left, near_right, tolerance)
    return result


def agreements(expected: Rows, answer: Rows, tolerance: float) -> Ints:
    """The number of columns in which each expected row agrees with the answer's only row."""
    count = np.zeros(len(expected), dtype=np.int64)
    for left, right in zip(expected.exact, answer.exact, strict=True):
        count += left == right
    for near_left, near_right in zip(expected.floats, answer.floats, strict=True):
        count += near(near_left, near_right, tolerance)
    return count


def hashed(columns: Sequence[Ints], length: int) -> Codes:
    """Returns a 64-bit hash of each of ``length`` rows, over these columns.

    Each column's values are mixed in by the finalizer of MurmurHash3 (Appleby, public domain).
    """
    code = np.full(length, 0x9E3779B97F4A7C15, dtype=np.uint64)
    for column in columns:
        code ^= column.view(np.uint64)
        for shift, factor in ((33, 0xFF51AFD7ED558CCD), (33, 0xC4CEB9FE1A85EC53)):
            code ^= code >> np.uint64(shift)
            code *= np.uint64(factor)
    return code


def filled(column: Chunks, value: float) -> Chunks:
    """The column with its NULLs replaced by a value; not copied where there are none."""
    return pc.fill_null(column, value) if column.null_count else column


def _if_any(pair: Sequence[Ints]) -> Iterator[tuple[Ints, Ints]]:
    """Yields the pair, the same code column of both tables, unless all its codes are 0."""
    left, right = pair
    if left.any() or right.any():
        yield left, right


def _nulls(column: Chunks) -> Ints:
    if not column.null_count:
        return np.zeros(len(column), dtype=np.int64)
    return _numbers(column.is_null().cast(pa.int64()))


def _codes(left: Chunks, right: Chunks) -> tuple[Ints, Ints]:
    if pa.types.is_large_string(left.type) or pa.types.is_large_string(right.type):
        return _text_codes(left.cast(pa.large_string()), right.cast(pa.large_string()))
    return _integers(left), _integers(right)


def _text_codes(left: Chunks, right: Chunks) -> tuple[Ints, Ints]:
    """Returns, for both columns, integers that stand for the texts: equal ones for equal texts.

    -1 stands for NULL.
    """
    both = pa.chunked_array([*left.chunks, *right.chunks], left.type).dictionary_encode()
    encoded: list[Any] = both.chunks
    indices = [filled(chunk.indices.cast(pa.int64()), -1) for chunk in encoded]
    codes = _numbers(pa.chunked_array(indices, pa.int64()))
    return codes[: len(left)], codes[len(left) :]


def _integers(column: Chunks) -> Ints:
    """Integers, booleans, dates and timestamps as 64-bit integers; 0 for NULL."""
    if pa.types.is_null(column.type):
        return np.zeros(len(column), dtype=np.int64)
    narrow = column.cast(pa.int32()) if pa.types.is_date32(column.type) else column
    return _numbers(filled(narrow.cast(pa.int64()), 0))


def _finite_and_class(column: Chunks) -> tuple[Floats, Ints]:
    """Finite values (else 0), and a class: 0 finite, 1 NULL, 2 NaN, 3 and 4 the infinities."""
    values: Floats = filled(column, 0.0).to_numpy()
    classes = _nulls(column)
    if not np.isfinite(values).all():
        classes = classes.copy()  # Arrow's memory is read-only
        for code, found in ((2, np.isnan(values)), (3, values == np.inf), (4, values == -np.inf)):
            classes[found] = code
        values = np.where(np.isfinite(values), values, 0.0)
    return values, classes


def _numbers(column: Chunks) -> Ints:
    numbers: Ints = column.to_numpy()
    return numbers
