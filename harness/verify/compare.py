"""Compares an answer with its reference: None if it is right, else the first difference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from harness.answer import NAN_IS_NULL, AnswerSpec
from harness.errors import HarnessError
from harness.verify import words
from harness.verify.canonical import (
    Chunks,
    NotComparable,
    ValueKind,
    canonical,
    kind_of,
    without_nan,
)
from harness.verify.matching import Leftover, unmatched
from harness.verify.order import BACK, Expected, cut, steps, whole
from harness.verify.rows import Ints, Rows, agree, agreements, encode


class Differs(Exception):
    """Raised at the first difference; its message describes it."""


@dataclass(frozen=True)
class Places:
    """Where the rows of two parts, of the answer and of the reference, stand in the whole ones.

    ``numbers`` are the positions of the answer's rows. ``runs`` are the runs of the expected rows,
    and of the answer's (`order.Expected`).
    """

    numbers: Ints
    runs: tuple[Ints, Ints]


def compare(
    answer: pa.Table,
    reference: pa.Table,
    spec: AnswerSpec,
    widened: bool = False,
    places: Places | None = None,
) -> str | None:
    """Returns why an answer is wrong, or None if it is right. Rows are counted from 1.

    ``reference`` is DuckDB's answer; with ``widened`` it also has the rows that tie at the edge of
    a LIMIT, and last a column of ranks under the ORDER BY. ``places`` are given where both tables
    are parts of larger ones; numbers of rows, and the order of the answer, are then not checked.
    Columns take the names of the spec where it has any. Raises HarnessError where the reference has
    a type that cannot be compared.
    """
    rank = None
    if widened:
        last = reference.num_columns - 1
        rank = reference.column(last).cast(pa.int64()).to_numpy()
        reference = reference.remove_column(last)
    try:
        ours, theirs = alike(reference, answer, spec)
        if places is not None:
            part = Expected(ours, *places.runs, np.ones(len(ours), dtype=np.bool_))
            _check_rows(part, theirs, spec, places.numbers)
            return None
        expected = whole(ours, spec) if rank is None else cut(ours, rank, spec)
        _check_size(expected, theirs, spec)
        _check_rows(expected, theirs, spec, np.arange(len(theirs)))
        _check_order(expected, theirs, spec)
    except Differs as difference:
        return str(difference)
    return None


def alike(reference: pa.Table, answer: pa.Table, spec: AnswerSpec) -> tuple[pa.Table, pa.Table]:
    """Returns both with the same names, and one Arrow type per kind of value (int64 for integers).

    Raises Differs where names or kinds of columns differ.
    """
    names = list(spec.columns)
    if len(names) != reference.num_columns:
        names = reference.column_names
    _check_names(answer.column_names, names)
    pairs = []
    for place, name in enumerate(names):
        ours, theirs = reference.column(place), answer.column(place)
        if answer.field(place).metadata == NAN_IS_NULL and kind_of(ours.type) is ValueKind.FLOAT:
            ours, theirs = without_nan(ours), without_nan(theirs)
        pairs.append(_alike_columns(name, ours, theirs))
    return (
        pa.table([ours for ours, _ in pairs], names=names),
        pa.table([theirs for _, theirs in pairs], names=names),
    )


def _check_names(given: list[str], expected: list[str]) -> None:
    if len(given) != len(expected):
        told = f"missing: {_listed(expected, given)}; unexpected: {_listed(given, expected)}"
        raise Differs(f"{len(given)} columns, expected {len(expected)}; {told}")
    for place, (name, right) in enumerate(zip(given, expected, strict=True), start=1):
        if name != right:
            raise Differs(f"column {place} is '{name}', expected '{right}'")


def _listed(names: list[str], known: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names if name not in known) or "none"


def _alike_columns(name: str, ours: Chunks, theirs: Chunks) -> tuple[Chunks, Chunks]:
    kind, given = kind_of(ours.type), kind_of(theirs.type)
    if kind is None:
        raise HarnessError(
            f"the reference's column '{name}' is {ours.type}, which cannot be compared; "
            "cast it in the query"
        )
    if theirs.null_count == len(theirs):  # any type will do for a column of NULLs
        kind = ValueKind.INTEGER if kind is ValueKind.NULL else kind
        theirs = pa.chunked_array([pa.nulls(len(theirs), ours.type)])
    elif kind is not given and (kind, given) != (ValueKind.DATE, ValueKind.TIMESTAMP):
        if kind is not ValueKind.NULL:
            raise Differs(f"column '{name}' is {given or theirs.type}, expected {kind}")
        kind = given
    return _canonical(name, ours, kind), _canonical(name, theirs, kind)


def _canonical(name: str, column: Chunks, kind: ValueKind | None) -> Chunks:
    if kind is None:
        raise Differs(f"column '{name}' is {column.type}, expected NULL throughout")
    try:
        return canonical(column, kind)
    except NotComparable as reason:
        raise Differs(f"column '{name}' {reason}") from None


def _check_size(expected: Expected, answer: pa.Table, spec: AnswerSpec) -> None:
    if len(answer) == expected.size:
        return
    left = _leftover(*encode(expected.candidates, answer), expected, spec, give_up_early=False)
    told = [f"{words.count(len(answer))}, expected {expected.size}"]
    if len(left.expected):
        told.append(f"missing: {words.rows(expected.candidates, left.expected)}")
    if len(left.answer):
        told.append(f"unexpected: {words.rows(answer, left.answer)}")
    raise Differs("; ".join(told))


def _check_rows(expected: Expected, answer: pa.Table, spec: AnswerSpec, numbers: Ints) -> None:
    ours, theirs = encode(expected.candidates, answer)
    placed = ours, theirs
    if spec.order:
        placed = ours.with_codes(expected.runs), theirs.with_codes(expected.answer_runs)
    left = _leftover(*placed, expected, spec)
    if len(left.answer):
        pointer = _Pointer(expected, answer, ours, theirs, spec.tolerance, numbers)
        raise Differs(pointer.describe(left))
    if len(left.expected):
        raise Differs(f"missing: {words.rows(expected.candidates, left.expected)}")


def _leftover(
    ours: Rows, theirs: Rows, expected: Expected, spec: AnswerSpec, give_up_early: bool = True
) -> Leftover:
    """Returns the places of required rows that the answer lacks, and of its unexpected rows.

    ``ours`` are all rows that may be in the answer, ``theirs`` the answer's rows. Rows that tie at
    the edge of a LIMIT are not required. With ``give_up_early`` some places may be left out.
    """
    required = np.flatnonzero(expected.required)
    optional = np.flatnonzero(~expected.required)
    if not len(optional):
        return unmatched(ours, theirs, spec.tolerance, give_up_early)
    first = unmatched(ours.take(required), theirs, spec.tolerance, give_up_early=False)
    rest = theirs.take(first.answer)
    second = unmatched(ours.take(optional), rest, spec.tolerance, give_up_early=False)
    return Leftover(required[first.expected], first.answer[second.answer])


def _check_order(expected: Expected, answer: pa.Table, spec: AnswerSpec) -> None:
    """Raises Differs if the answer is not sorted by its own values, up to rounding.

    An order that the reference does not have either (that of another collation) is not checked.
    """
    if not spec.order or step_back(expected.candidates, spec) is not None:
        return  # the reference was sorted by a collation that is unknown here
    place = step_back(answer, spec)
    if place is not None:
        raise Differs(out_of_order(answer, place, spec))


def step_back(table: pa.Table, spec: AnswerSpec) -> int | None:
    """Returns the first position whose row belongs before the row ahead of it, if there is one."""
    back = np.flatnonzero(steps(table, spec.order, spec.tolerance, rounding=False) == BACK)
    return int(back[0]) + 1 if len(back) else None


def out_of_order(table: pa.Table, place: int, spec: AnswerSpec, first: int = 0) -> str:
    """Describes a row out of order; ``first`` is the position of the table's first row."""
    keys = table.select([key.column for key in spec.order])
    told = f"{words.row(keys, place)} after {words.row(keys, place - 1)}"
    return f"row {first + place + 1} is out of order: {told}"


@dataclass(frozen=True)
class _Pointer:
    """Describes the first wrong value among rows that have no partner on the other side."""

    expected: Expected
    answer: pa.Table
    ours: Rows
    theirs: Rows
    tolerance: float
    numbers: Ints

    def describe(self, left: Leftover) -> str:
        place = int(left.answer[0])
        partner = self._partner(place, left.expected)
        if partner is not None:
            name, given, right = self._differing(place, partner)
            return f"row {self.numbers[place] + 1}, column '{name}': {given}, expected {right}"
        told = f"row {self.numbers[place] + 1} is not expected: {words.row(self.answer, place)}"
        if len(left.expected):
            told += f"; missing: {words.rows(self.expected.candidates, left.expected)}"
        return told

    def _partner(self, place: int, missing: Ints) -> int | None:
        """Returns the position of the expected row that the answer's row ``place`` stands for.

        It is the one expected row that may stand there, or else, of the ``missing`` ones that may,
        the one that agrees with the answer's row in most columns; None if none agrees in any.
        """
        run = self.expected.answer_runs[place]
        alone = np.flatnonzero(self.expected.runs == run)
        if len(alone) == 1:
            return int(alone[0])
        near_by = missing[self.expected.runs[missing] == run]
        shared = agreements(self.ours.take(near_by), self.theirs.take([place]), self.tolerance)
        return int(near_by[np.argmax(shared)]) if shared.any() else None

    def _columns_agree(self, place: int, candidate: int) -> list[bool]:
        given = self.answer.slice(place, 1)
        right = self.expected.candidates.slice(candidate, 1)
        return [
            bool(agree(*encode(right.select([i]), given.select([i])), self.tolerance)[0])
            for i in range(given.num_columns)
        ]

    def _differing(self, place: int, candidate: int) -> tuple[str, str, str]:
        agreeing = self._columns_agree(place, candidate)
        column = agreeing.index(False) if False in agreeing else 0
        given = words.value(self.answer.column(column)[place].as_py())
        right = words.value(self.expected.candidates.column(column)[candidate].as_py())
        return self.answer.column_names[column], given, right
