"""Works out, from ORDER BY and LIMIT, which rows of the reference may be where in an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from harness.answer import AnswerSpec, SortKey
from harness.verify.canonical import CANONICAL, Chunks, ValueKind
from harness.verify.rows import Flags, Ints, filled, near

Steps = npt.NDArray[np.int8]
BACK, TIE, FORWARD, LOOSE = -1, 0, 1, 2
"""How a row follows the one before it under the sort keys. LOOSE: equal up to rounding."""


@dataclass(frozen=True)
class Expected:
    """The rows that may stand in a query's answer, and where.

    ``candidates`` are these rows. A run is a group of rows that may swap places: ``runs`` has the
    run of each candidate, ``answer_runs`` the run from which each row of the answer must come. A
    candidate whose ``required`` is false ties with others at an edge of the LIMIT, and may be
    missing.
    """

    candidates: pa.Table
    runs: Ints
    answer_runs: Ints
    required: Flags

    @property
    def size(self) -> int:
        return len(self.answer_runs)


def whole(reference: pa.Table, spec: AnswerSpec) -> Expected:
    """Returns the expected rows of a query without LIMIT: all of the reference, all required."""
    runs = _numbered(
        steps(reference, spec.order, spec.tolerance, rounding=True) == FORWARD, len(reference)
    )
    return Expected(reference, runs, runs, np.ones(len(runs), dtype=np.bool_))


def cut(widened: pa.Table, rank: Ints, spec: AnswerSpec) -> Expected:
    """Returns the expected rows of a query with LIMIT or OFFSET.

    ``widened`` is DuckDB's answer with all rows that tie at an edge of the LIMIT, which may be
    missing from an engine's answer. ``rank`` holds the rank of each of its rows under the full
    ORDER BY.
    """
    order = np.argsort(rank, kind="stable")
    widened, rank = widened.take(order), rank[order]
    step = steps(widened, spec.order, spec.tolerance, rounding=True)
    runs = _numbered(step == FORWARD, len(rank))
    splits = (step == FORWARD) | ((step == TIE) & (np.diff(rank) != 0))
    groups = _numbered(splits, len(rank))
    first, last = _window(rank, spec)
    inside = np.zeros(len(rank), dtype=np.bool_)
    inside[first:last] = True
    touched = np.isin(groups, groups[first:last])
    complete = touched & ~np.isin(groups, groups[~inside])
    places = np.flatnonzero(touched)
    return Expected(widened.take(places), runs[touched], runs[first:last], complete[touched])


def _window(rank: Ints, spec: AnswerSpec) -> tuple[int, int]:
    """Returns which rows are within LIMIT and OFFSET: the first position and that after the last.

    ``rank`` has the rows' ranks, ascending; if the first is not 1, rows ahead of it are left out.
    """
    ahead = int(rank[0]) - 1 if len(rank) else 0
    first = min(max(0, spec.offset - ahead), len(rank))
    last = len(rank) if spec.limit is None else min(first + spec.limit, len(rank))
    return first, last


def _numbered(starts: Flags, length: int) -> Ints:
    """Returns the number of the run, from 0, that each of ``length`` rows belongs to.

    ``starts`` says of each row but the first whether it begins a run.
    """
    numbers = np.zeros(length, dtype=np.int64)
    numbers[1:] = np.cumsum(starts)
    return numbers


def steps(table: pa.Table, order: Sequence[SortKey], tolerance: float, rounding: bool) -> Steps:
    """Returns how each row but the first follows the one before it: BACK, TIE, FORWARD or LOOSE.

    TIE: their keys are equal; LOOSE: floats are so near that neither row need be first. The keys of
    ``order`` decide, the first one first. With ``rounding``, another engine may have rounded the
    floats differently: float keys that are near each other, even equal ones, are LOOSE, whatever
    the keys after them, and a step back counts as FORWARD. Without it, equal floats leave the
    decision to the next key.
    """
    result = np.full(max(0, len(table) - 1), TIE, dtype=np.int8)
    open_ = np.ones(len(result), dtype=np.bool_)
    for key in order:
        step = _key_steps(table.column(key.column), key, tolerance, rounding)
        if rounding:
            step[step == BACK] = FORWARD
        result[open_] = step[open_]
        open_ &= step == TIE
    return result


def _key_steps(column: Chunks, key: SortKey, tolerance: float, rounding: bool) -> Steps:
    before, after = column.slice(0, max(0, len(column) - 1)), column.slice(1)
    signs = _signs(before, after)
    if key.descending:
        signs = -signs
    if column.type == CANONICAL[ValueKind.FLOAT]:
        signs[_loose(before, after, tolerance) & ((signs != TIE) | rounding)] = LOOSE
    null_before, null_after = _flags(before.is_null()), _flags(after.is_null())
    signs[null_before & null_after] = TIE
    signs[null_before & ~null_after] = FORWARD if key.nulls_first else BACK
    signs[~null_before & null_after] = BACK if key.nulls_first else FORWARD
    return signs


def _signs(before: Chunks, after: Chunks) -> Steps:
    """1 where values rise, -1 where they fall, 0 where equal; NaN is the greatest, as in DuckDB."""
    rises: Chunks = pc.less(before, after)
    falls: Chunks = pc.greater(before, after)
    signs = _flags(rises).astype(np.int8) - _flags(falls)
    if before.type == CANONICAL[ValueKind.FLOAT]:
        nan_before, nan_after = _flags(pc.is_nan(before)), _flags(pc.is_nan(after))
        signs += (~nan_before & nan_after).astype(np.int8)
        signs -= nan_before & ~nan_after
    return signs


def _loose(before: Chunks, after: Chunks, tolerance: float) -> Flags:
    left, right = (filled(column, 0.0).to_numpy() for column in (before, after))
    finite: Flags = np.isfinite(left) & np.isfinite(right)
    with np.errstate(invalid="ignore"):
        finite &= near(left, right, tolerance)
    return finite


def _flags(column: Chunks) -> Flags:
    flags: Flags = filled(column, False).to_numpy()
    return flags
