"""Compares two large answers part by part, so that memory holds only one part of each.

Both are read once, side by side: rows that agree in place are done with. The others are distributed
over files by a hash of all columns but floats, and under an ORDER BY of the run that they belong
to. Equal rows get into the same part on both sides, so the answers are equal exactly if all parts
are. Where a part holds too many rows, since the columns have few values or are floats only, those
that are equal bit by bit are counted, and only what is left is compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path

import numpy as np
import pyarrow as pa

from harness.answer import AnswerSpec
from harness.verify import answer_files, words
from harness.verify.canonical import CANONICAL, ValueKind, kind_of
from harness.verify.compare import Differs, Places, alike, compare, out_of_order, step_back
from harness.verify.cut import Cut, Part, without_pairs
from harness.verify.order import FORWARD, steps
from harness.verify.rows import Flags, Ints, agree, encode

PART_ROWS = 250_000
PIECE_ROWS = 50_000
"""Rows that are compared in place at a time."""
MOST_PARTS = 400
"""The limit for parts, and so for files that are open at a time."""


def is_large(answer: Path, reference: Path, part_rows: int = PART_ROWS) -> bool:
    """True if an answer has more than twice ``part_rows`` rows: too many to compare as a whole."""
    return max(answer_files.rows(answer), answer_files.rows(reference)) > 2 * part_rows


def compare_in_parts(
    answer: Path, reference: Path, spec: AnswerSpec, folder: Path, part_rows: int = PART_ROWS
) -> str | None:
    """Returns what ``compare`` would, from one part at a time; the parts are files in a folder."""
    rows = [answer_files.rows(file) for file in (answer, reference)]
    told = [] if rows[0] == rows[1] else [f"{words.count(rows[0])}, expected {rows[1]}"]
    if told:
        spec = replace(spec, order=())
    count = min(-(-max(rows) // part_rows), MOST_PARTS)
    ordered = _Ordered(spec)
    try:
        schema = _schema(reference, answer, spec)
        given, right = (Cut(folder / side, schema, count) for side in ("given", "right"))
        with given, right:
            for piece in _pieces(reference, answer, spec, schema, min(part_rows, PIECE_ROWS)):
                piece.cut(right, given, ordered.runs(piece))
    except Differs as difference:
        return str(difference)
    for part in np.argsort(right.sizes - given.sizes, kind="stable"):  # unexpected rows first
        found = _difference(given, right, int(part), spec, part_rows)
        if found is not None:
            return "; ".join([*told, found])
    return "; ".join(told) or ordered.told


@dataclass(frozen=True)
class _Piece:
    """Rows of both answers from the same places, the reference's (``ours``) and the engine's.

    ``first`` is the position of the first one. ``agreeing`` says which places agree; it is as long
    as the longer side, since one is shorter at the end of an answer with fewer rows.
    """

    first: int
    ours: pa.Table
    theirs: pa.Table
    agreeing: Flags

    def cut(self, right: Cut, given: Cut, runs: Ints) -> None:
        """Adds the rows that do not agree in place to ``right`` (the reference's) and ``given``.

        ``runs`` holds the run of each of the piece's places.
        """
        left = np.flatnonzero(~self.agreeing)
        for side, table in ((right, self.ours), (given, self.theirs)):
            places = left[left < len(table)]
            if len(places):
                rows = table.take(pa.array(places))
                side.add(Part(rows, runs[places], places + self.first))


def _pieces(
    reference: Path, answer: Path, spec: AnswerSpec, schema: pa.Schema, size: int
) -> Iterator[_Piece]:
    none = [answer_files.schema(file).empty_table() for file in (reference, answer)]
    both = (answer_files.pieces(file, size) for file in (reference, answer))
    for number, (ours, theirs) in enumerate(zip_longest(*both)):
        ours, theirs = alike(ours or none[0], theirs or none[1], spec)
        agreeing = np.zeros(max(len(ours), len(theirs)), dtype=np.bool_)
        if len(ours) == len(theirs):
            agreeing = agree(*encode(ours, theirs), spec.tolerance)
        yield _Piece(number * size, _typed(ours, schema), _typed(theirs, schema), agreeing)


def _schema(reference: Path, answer: Path, spec: AnswerSpec) -> pa.Schema:
    """Returns a schema that can hold all values of both answers; raises Differs if kinds differ.

    Which of a column's integers pass 64 bits is not known before all are read.
    """
    ours, theirs = (answer_files.schema(file) for file in (reference, answer))
    names = alike(ours.empty_table(), theirs.empty_table(), spec)[0].column_names
    types = [_type(*pair) for pair in zip(ours.types, theirs.types, strict=True)]
    return pa.schema(list(zip(names, types, strict=True)))


def _type(ours: pa.DataType, theirs: pa.DataType) -> pa.DataType:
    kinds = [kind for kind in map(kind_of, (ours, theirs)) if kind not in (None, ValueKind.NULL)]
    kind = kinds[0] if kinds else ValueKind.INTEGER
    wide = any(pa.types.is_decimal(one) or one == pa.uint64() for one in (ours, theirs))
    return pa.decimal128(38, 0) if wide and kind is ValueKind.INTEGER else CANONICAL[kind]


def _typed(table: pa.Table, schema: pa.Schema) -> pa.Table:
    columns = [
        pa.chunked_array([pa.nulls(len(column), kind)])
        if column.null_count == len(column)
        else column.cast(kind)
        for column, kind in zip(table.columns, schema.types, strict=True)
    ]
    return pa.table(columns, schema=schema)


class _Ordered:
    """Follows the ORDER BY through the pieces of both answers, as `compare` does in the whole."""

    def __init__(self, spec: AnswerSpec) -> None:
        self._spec = spec
        self._run = 0
        self._last: _Piece | None = None
        self._told: str | None = None
        self._unknown = False

    @property
    def told(self) -> str | None:
        """Describes the first row that is out of order; None if there is none.

        Also None if the reference itself looks unsorted, by a collation that is unknown here.
        """
        return None if self._unknown else self._told

    def runs(self, piece: _Piece) -> Ints:
        """Returns the runs (`order.Expected`) from which the rows at a piece's places must come."""
        if not self._spec.order:
            return np.zeros(len(piece.agreeing), dtype=np.int64)
        last, self._last = self._last or piece, piece
        ours, theirs = _after(last.ours, piece.ours), _after(last.theirs, piece.theirs)
        self._unknown = self._unknown or step_back(ours, self._spec) is not None
        back = None if self._told else step_back(theirs, self._spec)
        if back is not None:
            self._told = out_of_order(theirs, back, self._spec, piece.first - 1)
        starts = steps(ours, self._spec.order, self._spec.tolerance, rounding=True) == FORWARD
        runs = self._run + np.cumsum(starts)
        self._run = int(runs[-1])
        return runs


def _after(before: pa.Table, table: pa.Table) -> pa.Table:
    """Returns a table with one more row ahead: the last row of the table before.

    Of the very first table it is its own first row, which no row follows out of order.
    """
    ahead = table.slice(0, 1) if before is table else before.slice(len(before) - 1)
    return pa.concat_tables([ahead, table])


def _difference(given: Cut, right: Cut, part: int, spec: AnswerSpec, part_rows: int) -> str | None:
    """Returns why a part of the answer differs from that of its reference; None if they agree.

    ``given`` is the answer, ``right`` the reference; both have been distributed over parts.
    """
    if max(given.sizes[part], right.sizes[part]) > 2 * part_rows:
        theirs, ours = without_pairs(given, right, part)
    else:
        theirs, ours = given.take(part), right.take(part)
    places = Places(theirs.numbers, (ours.runs, theirs.runs))
    return compare(theirs.rows, ours.rows, spec, places=places)
