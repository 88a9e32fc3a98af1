"""Matches the rows of two tables, whatever their order, and returns those without a partner.

Rows are paired in stages, from cheap to expensive, each on the rows that the last one left: by
position, by their exact columns, bit by bit, by clusters of floats, and the last few by a
maximum matching.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from harness.verify.rows import Codes, Flags, Floats, Ints, Rows, agree, hashed, near

CAREFUL_ROWS = 20_000
"""Above this number of leftover rows no matching is tried: rounding does not explain so many."""
CAREFUL_GROUP = 400
FINE = 1e-3
"""Factor on the tolerance for a first try: rounding differences are far below the tolerance."""


@dataclass(frozen=True)
class Leftover:
    """Positions of the rows that have no partner (yet)."""

    expected: Ints
    answer: Ints

    @property
    def complete(self) -> bool:
        return len(self.expected) == 0 or len(self.answer) == 0

    def without(self, pairs: Leftover) -> Leftover:
        """The leftover rows without ``pairs``, whose positions count within the leftover rows."""
        return Leftover(
            np.delete(self.expected, pairs.expected), np.delete(self.answer, pairs.answer)
        )


Stage = Callable[[Rows, Rows, float], Leftover]


def unmatched(
    expected: Rows, answer: Rows, tolerance: float, give_up_early: bool = True
) -> Leftover:
    """The positions of the rows of both sides that have no partner on the other side.

    Floats of partners may differ by ``tolerance``, a relative difference. With ``give_up_early`` it
    returns as soon as some rows certainly have no partner, and returns only these. Rows are paired
    in stages, from cheap to expensive, and stay paired; that could be an error only for values that
    are about one tolerance apart.
    """
    left = Leftover(np.arange(len(expected)), np.arange(len(answer)))
    for stage in (_by_place, _by_exact, _by_bits, _by_fine_clusters, _by_clusters, _with_care):
        if left.complete:
            break
        ours, theirs = expected.take(left.expected), answer.take(left.answer)
        pairs = stage(ours, theirs, tolerance)
        fits = agree(ours.take(pairs.expected), theirs.take(pairs.answer), tolerance)
        left = left.without(Leftover(pairs.expected[fits], pairs.answer[fits]))
        if stage is _by_exact and give_up_early and not left.complete:
            hopeless = _hopeless(expected, answer, left)
            if len(hopeless.expected) or len(hopeless.answer):
                return hopeless
    return left


def _by_place(expected: Rows, answer: Rows, tolerance: float) -> Leftover:
    if len(expected) != len(answer):
        return Leftover(np.arange(0), np.arange(0))
    return Leftover(np.arange(len(expected)), np.arange(len(answer)))


def _by_exact(expected: Rows, answer: Rows, tolerance: float) -> Leftover:
    codes = [hashed(rows.exact, len(rows)) for rows in (expected, answer)]
    return _pair(codes[0], np.argsort(codes[0]), codes[1], np.argsort(codes[1]))


def _by_bits(expected: Rows, answer: Rows, tolerance: float) -> Leftover:
    codes = []
    for rows in (expected, answer):
        bits = [(column + 0.0).view(np.int64) for column in rows.floats]  # -0.0 becomes 0.0
        codes.append(hashed([*rows.exact, *bits], len(rows)))
    return _pair(codes[0], np.argsort(codes[0]), codes[1], np.argsort(codes[1]))


def _by_fine_clusters(expected: Rows, answer: Rows, tolerance: float) -> Leftover:
    return _by_clusters(expected, answer, tolerance * FINE)


def _by_clusters(expected: Rows, answer: Rows, tolerance: float) -> Leftover:
    """Pairs rows whose floats fall into the same clusters, in the order of their floats.

    A cluster is a group of floats, each of which lies within the tolerance of the next.
    """
    clusters = [
        _clusters(ours, theirs, tolerance)
        for ours, theirs in zip(expected.floats, answer.floats, strict=True)
    ]
    ours, theirs = (
        hashed([*rows.exact, *(pair[side] for pair in clusters)], len(rows))
        for side, rows in enumerate((expected, answer))
    )
    our_order, their_order = (
        np.lexsort((*reversed(rows.floats), codes))
        for rows, codes in ((expected, ours), (answer, theirs))
    )
    return _pair(ours, our_order, theirs, their_order)


def _clusters(expected: Floats, answer: Floats, tolerance: float) -> tuple[Ints, Ints]:
    """Returns the cluster numbers of the expected values, and of the answer's, as two arrays.

    A cluster is a group of values, of both sides, each of which lies within the tolerance of the
    next when they are sorted.
    """
    both = np.concatenate((expected, answer))
    order = np.argsort(both)
    ascending = both[order]
    numbers = np.zeros(len(both), dtype=np.int64)
    gaps = ~near(ascending[:-1], ascending[1:], tolerance)
    numbers[order[1:]] = np.cumsum(gaps)
    return numbers[: len(expected)], numbers[len(expected) :]


def _pair(ours: Codes, our_order: Ints, theirs: Codes, their_order: Ints) -> Leftover:
    """Pairs the n-th row of each code with the n-th row of the same code on the other side.

    ``ours`` and ``theirs`` hold a code for each row; the orders are the rows' positions, by code.
    """
    left, right = ours[our_order], theirs[their_order]
    if np.array_equal(left, right):
        partner = np.empty_like(their_order)
        partner[our_order] = their_order
        return Leftover(np.arange(len(partner)), partner)
    nth = np.arange(len(left)) - np.searchsorted(left, left, "left")
    partner = np.searchsorted(right, left, "left") + nth
    found = partner < np.searchsorted(right, left, "right")
    return Leftover(our_order[found], their_order[partner[found]])


def _hopeless(expected: Rows, answer: Rows, left: Leftover) -> Leftover:
    """Returns, of the rows left, those that certainly have no partner.

    Their columns other than floats have values that occur nowhere on the other side, or only once
    on each side: the two rows then differ in their floats.
    """
    ours, theirs = expected.take(left.expected), answer.take(left.answer)
    our_codes, their_codes = hashed(ours.exact, len(ours)), hashed(theirs.exact, len(theirs))
    return Leftover(
        left.expected[_without_hope(our_codes, their_codes)],
        left.answer[_without_hope(their_codes, our_codes)],
    )


def _without_hope(codes: Codes, others: Codes) -> Flags:
    own, other = np.sort(codes), np.sort(others)
    mine = np.searchsorted(own, codes, "right") - np.searchsorted(own, codes, "left")
    yours = np.searchsorted(other, codes, "right") - np.searchsorted(other, codes, "left")
    hopeless: Flags = (yours == 0) | ((yours == 1) & (mine == 1))
    return hopeless


def _with_care(expected: Rows, answer: Rows, tolerance: float) -> Leftover:
    """Pairs as many rows that agree as possible (augmenting paths, Kuhn 1955).

    Returns no pairs if more than CAREFUL_ROWS rows are left.
    """
    ours: list[int] = []
    theirs: list[int] = []
    if max(len(expected), len(answer)) <= CAREFUL_ROWS:
        for some, others in _groups(expected, answer):
            for place, partner in _largest_matching(expected, answer, some, others, tolerance):
                ours.append(place)
                theirs.append(partner)
    return Leftover(np.array(ours, dtype=np.int64), np.array(theirs, dtype=np.int64))


def _groups(expected: Rows, answer: Rows) -> Iterator[tuple[Ints, Ints]]:
    """Yields the positions, on both sides, of rows that are equal in all but float columns.

    There is one pair of arrays for each combination of such values that both sides have. Left out
    are combinations with more than CAREFUL_GROUP rows.
    """
    our_codes, their_codes = (
        hashed(expected.exact, len(expected)),
        hashed(answer.exact, len(answer)),
    )
    our_order, their_order = np.argsort(our_codes), np.argsort(their_codes)
    for code in np.intersect1d(our_codes, their_codes):
        places = []
        for codes, order in ((our_codes, our_order), (their_codes, their_order)):
            start, end = (
                np.searchsorted(codes, code, side, sorter=order) for side in ("left", "right")
            )
            places.append(order[start:end])
        if max(map(len, places)) <= CAREFUL_GROUP:
            yield places[0], places[1]


def _largest_matching(
    expected: Rows, answer: Rows, some: Ints, others: Ints, tolerance: float
) -> Iterator[tuple[int, int]]:
    candidates = [
        others[agree(expected.take(np.repeat(place, len(others))), answer.take(others), tolerance)]
        for place in some
    ]
    partner_of: dict[int, int] = {}

    def augment(index: int, seen: set[int]) -> bool:
        for other in map(int, candidates[index]):
            if other not in seen:
                seen.add(other)
                if other not in partner_of or augment(partner_of[other], seen):
                    partner_of[other] = index
                    return True
        return False

    for index in range(len(some)):
        augment(index, set())
    return ((int(some[index]), other) for other, index in partner_of.items())
