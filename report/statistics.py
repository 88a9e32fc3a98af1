"""Rounds of a cell -> an estimate with its interval; two cells -> their ratio; ratios -> one mean.

All intervals are of 95% and follow from order statistics of the rounds: nothing is assumed of the
shape of their distribution, and nothing is drawn at random. Those of ratios also hold what no round
tells: that two processes which do the same differ (PROCESS_ERROR).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from statistics import NormalDist, median

CONFIDENCE = 0.95
FEWEST_ROUNDS = 3
"""Below this the rounds say nothing about spread, and no interval is given."""
NORMAL_QUANTILE = 1.959964
"""The standard normal quantile of (1 + CONFIDENCE) / 2."""
PROCESS_ERROR = 0.01
"""The standard error of the logarithm of a median that stems from its process, whatever the rounds.

Where a process' memory comes to lie, and which cores its threads begin on, stays with it for all of
its rounds (Mytkowicz et al., "Producing Wrong Data Without Doing Anything Obviously Wrong!", ASPLOS
2009; Kalibera & Jones, "Rigorous Benchmarking in Reasonable Time", ISMM 2013).
``python -m tests.against_itself`` estimates it.
"""
SHIFT_SECONDS = 0.010
"""Added to both sides of a ratio of seconds, so that microseconds do not decide a mean."""
PENALTY = 2.0
"""A cell without a time counts as this many times the slowest time of its query."""

Interval = tuple[float, float]


@dataclass(frozen=True)
class Estimate:
    """A value with its interval; the ends are None where the rounds are too few to tell.

    The interval tells of the rounds. ``log_error`` is the standard error of log(value) over rounds
    and processes; None where it is not known.
    """

    value: float
    low: float | None = None
    high: float | None = None
    log_error: float | None = None

    def shifted_error(self, shift: float) -> float | None:
        """The standard error of log(shift + value), by the delta method."""
        if self.log_error is None or shift + self.value <= 0:
            return None
        return self.log_error * self.value / (shift + self.value)


@dataclass(frozen=True)
class Ratio:
    """A ratio of two values, and the standard error of its logarithm (None: not known)."""

    value: float
    log_error: float | None = 0.0

    @property
    def interval(self) -> Interval | None:
        """exp(log value ± 1.96 standard errors)."""
        if self.log_error is None:
            return None
        factor = math.exp(NORMAL_QUANTILE * self.log_error)
        return self.value / factor, self.value * factor

    @property
    def is_tie(self) -> bool:
        """Whether the interval covers 1, so that the rounds do not tell the two apart."""
        interval = self.interval
        return interval is not None and interval[0] <= 1 <= interval[1]

    @property
    def inverse(self) -> Ratio:
        return Ratio(1 / self.value, self.log_error)


@dataclass(frozen=True)
class MeanRatio:
    """A geometric mean of ratios with its 95% interval (None where an error is not known)."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Ranks:
    """Which of n sorted rounds, counted from 0, tell the median's spread.

    Rounds ``low`` and ``high`` are the ends of its interval. Those at ``outer`` places from each
    end are ``2 · quantile`` standard errors apart.
    """

    low: int
    high: int
    outer: int
    quantile: float


@cache
def ranks(count: int) -> Ranks:
    """The ranks for ``count`` rounds, at least FEWEST_ROUNDS.

    The interval is the narrowest symmetric pair of order statistics that covers the median with 95%
    or more (Conover, Practical Nonparametric Statistics, 1999, section 3.2); below six rounds it is
    their whole range, which covers it with 75% to 94%. The standard error of a median's logarithm
    is that of Price & Bonett, "Distribution-free confidence intervals for difference and ratio of
    medians", Journal of Statistical Computation and Simulation 72 (2002).
    """
    below = accumulate(math.comb(count, k) for k in range(count // 2))
    tails = [number / 2**count for number in below]
    within = [k for k, tail in enumerate(tails) if tail <= (1 - CONFIDENCE) / 2]
    low = max(within, default=0)
    outer = max(round((count + 1) / 2 - math.sqrt(count)) - 1, 0)
    return Ranks(low, count - 1 - low, outer, NormalDist().inv_cdf(1 - tails[outer]))


def process_error(processes: int) -> float:
    """What is left of PROCESS_ERROR where the rounds are spread over so many processes."""
    return PROCESS_ERROR / math.sqrt(processes)


def estimate_median(rounds: Sequence[float], processes: int = 1) -> Estimate:
    """The median of the rounds, which so many processes ran, with its interval."""
    ordered, count = sorted(rounds), len(rounds)
    middle = median(ordered)
    if count < FEWEST_ROUNDS:
        return Estimate(middle)
    place = ranks(count)
    error = None
    if ordered[0] > 0:
        error = math.hypot(_error_of_rounds(ordered), process_error(processes))
    return Estimate(middle, ordered[place.low], ordered[place.high], error)


def _error_of_rounds(ordered: Sequence[float]) -> float:
    """The standard error of the logarithm of the median, of sorted rounds above 0."""
    place = ranks(len(ordered))
    spread = math.log(ordered[len(ordered) - 1 - place.outer] / ordered[place.outer])
    return spread / (2 * place.quantile)


def ratio_of(numerator: Estimate, denominator: Estimate) -> Ratio | None:
    """The ratio of two values that were measured apart; None where either is not above 0.

    The errors, being independent, add in quadrature (Price & Bonett 2002).
    """
    if numerator.value <= 0 or denominator.value <= 0:
        return None
    value = numerator.value / denominator.value
    if numerator.log_error is None or denominator.log_error is None:
        return Ratio(value, None)
    return Ratio(value, math.hypot(numerator.log_error, denominator.log_error))


def paired_ratio(
    numerator: Mapping[int, float],
    denominator: Mapping[int, float],
    processes: tuple[int, int] = (1, 1),
) -> Ratio | None:
    """The median ratio of rounds (seconds by turn) that were run in the same turn.

    What slows the machine for a while slows both rounds of a pair, so it falls out of their ratio.
    ``processes``: how many ran each side's rounds.
    None for fewer than FEWEST_ROUNDS pairs, or where a round is not above 0.
    """
    pairs = [(numerator[turn], denominator[turn]) for turn in numerator.keys() & denominator.keys()]
    if len(pairs) < FEWEST_ROUNDS or any(one <= 0 or other <= 0 for one, other in pairs):
        return None
    ratios = sorted(one / other for one, other in pairs)
    return Ratio(
        median(ratios), math.hypot(_error_of_rounds(ratios), *map(process_error, processes))
    )


def geometric_mean(ratios: Sequence[Ratio]) -> MeanRatio | None:
    """exp(mean(log ratio)) with a 95% interval; None for no ratios.

    The interval is the normal one, the cells being independent: se² = Σ se_i² / n². Of one ratio it
    is that ratio's own interval.
    """
    if not ratios:
        return None
    count = len(ratios)
    mean = sum(math.log(ratio.value) for ratio in ratios) / count
    errors = [ratio.log_error for ratio in ratios if ratio.log_error is not None]
    if len(errors) < count:
        return MeanRatio(math.exp(mean), None, None)
    margin = NORMAL_QUANTILE * math.sqrt(sum(error**2 for error in errors)) / count
    return MeanRatio(math.exp(mean), math.exp(mean - margin), math.exp(mean + margin))
