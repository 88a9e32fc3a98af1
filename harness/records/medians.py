"""Returns which of a number of sorted rounds bound the 95% interval of their median."""

from __future__ import annotations

from functools import cache

TAIL = 40
"""At most one part in TAIL, 2.5%, lies below the interval, and as much above."""


@cache
def interval_ranks(count: int) -> tuple[int, int]:
    """(low, high), counted from 0: the sorted rounds at these places are the interval's ends.

    It is the narrowest symmetric pair of order statistics that covers the median with 95% or more,
    whatever the distribution (Conover, Practical Nonparametric Statistics, 1999, section 3.2): the
    number of rounds below the median is binomial. Of fewer than six rounds it is their whole
    range, which covers the median with 75% (three rounds) to 94%.
    """
    low, ways, below = 0, 1, 1  # ways in which ``low``, or at most ``low``, of the rounds are below
    while low + 1 < count // 2:
        ways = ways * (count - low) // (low + 1)
        below += ways
        if TAIL * below > 2**count:
            break
        low += 1
    return low, count - 1 - low
