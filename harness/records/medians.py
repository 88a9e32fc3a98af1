"""Finds the 95% interval of a median of rounds, and holds the margins for comparing two medians."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from statistics import NormalDist, median

TAIL = 40
"""At most one part in TAIL, 2.5%, lies below the interval, and as much above."""
EXACT = 1000
"""Of more rounds the binomial distribution is the normal one, but for one place."""
FEWEST_ROUNDS = 3
"""With fewer rounds than this no interval is given: they say nothing about spread."""
PROCESS_ERROR = 0.01
"""The part of the standard error of a median's logarithm that more rounds do not reduce.

A process' memory layout, and the cores that its threads start on, are the same for all of its
rounds (Mytkowicz et al., "Producing Wrong Data Without Doing Anything Obviously Wrong!", ASPLOS
2009; Kalibera & Jones, "Rigorous Benchmarking in Reasonable Time", ISMM 2013).
``python -m tests.tools.against_itself`` estimates it.
"""
TIE_MARGIN = 0.05
"""Two values tie if the whole interval of their ratio is nearer to 1 than this.

That an interval covers 1 does not show that two are equal: a wide one covers much else (two
one-sided tests: Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15, 1987).
"""


@cache
def interval_ranks(count: int) -> tuple[int, int]:
    """Returns which of ``count`` sorted rounds, from 0 on, are the ends of the median's interval.

    They are the narrowest symmetric pair of order statistics that covers the median with 95% or
    more, whatever the distribution (Conover, Practical Nonparametric Statistics, 1999, section
    3.2): the number of rounds below the median is binomial. Of fewer than six rounds they are the
    first and the last, which cover the median with 75% (three rounds) to 94%.
    """
    if count > EXACT:
        low = math.floor((count - NormalDist().inv_cdf(1 - 1 / TAIL) * math.sqrt(count) - 1) / 2)
        return low, count - 1 - low
    low, ways, below = 0, 1, 1  # ways in which ``low``, or at most ``low``, of the rounds are below
    while low + 1 < count // 2:
        ways = ways * (count - low) // (low + 1)
        below += ways
        if TAIL * below > 2**count:
            break
        low += 1
    return low, count - 1 - low


def blocks(values: Sequence[float], turns: Sequence[int]) -> Sequence[float]:
    """Returns the median of each turn's values; all values if there are under FEWEST_ROUNDS turns.

    ``turns`` holds the turn of each value. Rounds of one turn have met the same disturbances, so
    that they count as one observation (a cluster sample: Cochran, Sampling Techniques, 1977,
    chapter 9).
    """
    count = len(set(turns))
    if count == len(turns) or count < FEWEST_ROUNDS:
        return values
    found: dict[int, list[float]] = {}
    for turn, value in zip(turns, values, strict=True):
        found.setdefault(turn, []).append(value)
    return [median(own) for own in found.values()]
