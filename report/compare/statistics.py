"""Rounds of a cell -> an estimate with its interval; two cells -> their ratio; ratios -> one mean.

The ratio of two cells is the ratio of their values, as they are shown, and `ratio_of` is the one
place where it is worked out; how far engines that took turns share an error, `resampling` says. All
intervals are of 95%. Those of medians follow from order statistics, so that nothing is assumed of
the shape of a distribution; those of ratios also include PROCESS_ERROR, the difference between two
processes that do the same, which no number of rounds reveals.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from statistics import median

from scipy.special import bdtr, ndtri

from harness.records.medians import (
    FEWEST_ROUNDS,
    PROCESS_ERROR,
    TIE_MARGIN,
    blocks,
    interval_ranks,
)

CONFIDENCE = 0.95
NORMAL_QUANTILE = float(ndtri((1 + CONFIDENCE) / 2))
MARGIN = 1 + TIE_MARGIN
PENALTY = 2.0
"""A cell without a time counts as this many times the slowest time of its query."""

Interval = tuple[float, float]


@dataclass(frozen=True)
class Sample:
    """The measurements of one metric on one cell: a value for each round, in the order run.

    ``turns`` holds the turn of each round, if it is known: rounds of one turn were run in a row.
    ``processes`` is the number of processes that ran the rounds, one after another; it is fewer if
    their shares were unequal. Cells of equal ``run`` took turns with each other; a cell whose run
    is None took turns with no other.
    """

    values: Sequence[float]
    turns: tuple[int, ...] = ()
    processes: float = 1
    run: Hashable = None

    @property
    def process_error(self) -> float:
        """Returns PROCESS_ERROR, reduced by averaging over the processes that ran the rounds."""
        return PROCESS_ERROR / math.sqrt(self.processes)

    def within(self, turns: Collection[int]) -> Sample:
        """Returns the sample with the measurements of the given turns only."""
        places = [at for at, turn in enumerate(self.turns) if turn in turns]
        own = tuple(self.turns[at] for at in places)
        return replace(self, values=[self.values[at] for at in places], turns=own)

    def blocks(self) -> Sequence[float]:
        """Returns the median of each turn's rounds, or all rounds if the turns are too few."""
        return blocks(self.values, self.turns)


@dataclass(frozen=True)
class Estimate:
    """A value with its 95% interval; the ends are None if the rounds are too few.

    The interval follows from the rounds alone. ``log_error`` is the standard error of log(value)
    over rounds and processes; None if it is unknown. ``sample`` holds the rounds of a median.
    """

    value: float
    low: float | None = None
    high: float | None = None
    log_error: float | None = None
    sample: Sample | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Ratio:
    """A ratio of two values, and the standard error of its logarithm (None: not known)."""

    value: float
    log_error: float | None = 0.0

    @property
    def interval(self) -> Interval | None:
        """Returns the 95% interval, exp(log value ± 1.96 standard errors), or None."""
        if self.log_error is None:
            return None
        factor = math.exp(NORMAL_QUANTILE * self.log_error)
        return self.value / factor, self.value * factor

    @property
    def covers_one(self) -> bool:
        """Returns whether the interval covers 1; without one, whether it is close (TIE_MARGIN)."""
        low, high = self.interval or (self.value / MARGIN, self.value * MARGIN)
        return low <= 1 <= high

    @property
    def is_tie(self) -> bool:
        """Returns whether the whole interval lies within TIE_MARGIN of 1."""
        low, high = self.interval or (0.0, math.inf)
        return self.covers_one and low >= 1 / MARGIN and high <= MARGIN

    @property
    def is_unclear(self) -> bool:
        """Returns whether the interval is too wide to show either a difference or a tie."""
        return self.covers_one and not self.is_tie

    @property
    def inverse(self) -> Ratio:
        return Ratio(1 / self.value, self.log_error)


@dataclass(frozen=True)
class MeanRatio:
    """A geometric mean of ratios with its 95% interval (None if an error is unknown)."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Ranks:
    """Which of n sorted rounds, counted from 0, give the median's interval and error.

    Rounds ``low`` and ``high`` are the ends of its interval. Those at ``outer`` places from each
    end are ``2 · quantile`` standard errors apart.
    """

    low: int
    high: int
    outer: int
    quantile: float


@cache
def ranks(count: int) -> Ranks:
    """Returns which of ``count`` sorted rounds give the median's interval and error.

    ``count`` is at least FEWEST_ROUNDS. The standard error of a median's logarithm is that of Price
    & Bonett, "Distribution-free confidence intervals for difference and ratio of medians", Journal
    of Statistical Computation and Simulation 72 (2002).
    """
    low, high = interval_ranks(count)
    outer = max(round((count + 1) / 2 - math.sqrt(count)) - 1, 0)
    return Ranks(low, high, outer, -float(ndtri(bdtr(outer, count, 0.5))))


def estimate_median(sample: Sample) -> Estimate:
    """Returns the median of all rounds, with interval and error from the turns' medians."""
    middle, ordered = median(sample.values), sorted(sample.blocks())
    if len(ordered) < FEWEST_ROUNDS:
        return Estimate(middle, sample=sample)
    place = ranks(len(ordered))
    error = None
    if ordered[0] > 0:
        error = math.hypot(_error_of(ordered), sample.process_error)
    low, high = min(ordered[place.low], middle), max(ordered[place.high], middle)
    return Estimate(middle, low, high, error, sample)


def _error_of(ordered: Sequence[float]) -> float:
    """Returns the standard error of the median's logarithm, for sorted values above 0."""
    place = ranks(len(ordered))
    spread = math.log(ordered[len(ordered) - 1 - place.outer] / ordered[place.outer])
    return spread / (2 * place.quantile)


def ratio_of(
    numerator: Estimate, denominator: Estimate, log_error: float | None = None
) -> Ratio | None:
    """Returns the ratio of two values; None if either is not above 0.

    ``log_error`` is the error of the ratio's logarithm, if it is known. Otherwise the two count as
    measured independently, and their errors add in quadrature (Price & Bonett 2002).
    """
    if numerator.value <= 0 or denominator.value <= 0:
        return None
    value = numerator.value / denominator.value
    if numerator.log_error is None or denominator.log_error is None:
        return Ratio(value, None)
    apart = math.hypot(numerator.log_error, denominator.log_error)
    return Ratio(value, apart if log_error is None else log_error)


def geometric_mean(ratios: Sequence[Ratio]) -> MeanRatio | None:
    """Returns the geometric mean of ratios with its interval; None for no ratios."""
    mean = mean_ratio(ratios)
    return None if mean is None else MeanRatio(mean.value, *(mean.interval or (None, None)))


def mean_ratio(ratios: Sequence[Ratio]) -> Ratio | None:
    """Returns the geometric mean of ratios, exp(mean(log ratio)); None for no ratios.

    Its error takes the ratios as independent: se² = Σ se_i² / n². The mean of one ratio has that
    ratio's error.
    """
    if not ratios:
        return None
    count = len(ratios)
    mean = math.exp(sum(math.log(ratio.value) for ratio in ratios) / count)
    errors = [ratio.log_error for ratio in ratios if ratio.log_error is not None]
    if len(errors) < count:
        return Ratio(mean, None)
    return Ratio(mean, math.sqrt(sum(error**2 for error in errors)) / count)
