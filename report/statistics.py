"""Rounds of a cell -> estimates with intervals; estimates of many cells -> one mean ratio."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RESAMPLES = 2000
CONFIDENCE = 0.95
FEWEST_ROUNDS = 3
"""Below this a bootstrap says nothing about spread, and no interval is given."""
NORMAL_QUANTILE = 1.959964
"""The standard normal quantile of (1 + CONFIDENCE) / 2."""
SHIFT_SECONDS = 0.010
"""Added to both sides of a ratio of seconds, so that microseconds do not decide a mean."""
PENALTY = 2.0
"""A cell without a time counts as this many times the slowest time of its query."""

Replicates = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A value with its interval; both ends are None where the rounds are too few to tell.

    ``log_error`` is the standard error of log(shift + value), for use in mean ratios.
    """

    value: float
    low: float | None = None
    high: float | None = None
    log_error: float | None = None


@dataclass(frozen=True)
class Ratio:
    """One entry of a geometric mean: a ratio of two values, and the standard error of its log."""

    value: float
    log_error: float | None = 0.0


@dataclass(frozen=True)
class MeanRatio:
    """A geometric mean of ratios with its 95% interval (None where an error is not known)."""

    value: float
    low: float | None
    high: float | None


def bootstrap_medians(rounds: Sequence[float], seed: str) -> Replicates | None:
    """Medians of RESAMPLES samples drawn with replacement, shape (RESAMPLES,); None for few rounds.

    Efron & Tibshirani, An Introduction to the Bootstrap (1993), chapter 6. The same ``seed`` gives
    the same draws; different seeds give independent ones, which a ratio of two cells relies on.
    """
    count = len(rounds)
    if count < FEWEST_ROUNDS:
        return None
    generator = np.random.default_rng(zlib.crc32(seed.encode()))
    draws = np.sort(generator.integers(0, count, (RESAMPLES, count), dtype=np.uint16), axis=1)
    middle = draws[:, (count - 1) // 2 : count // 2 + 1]  # a median of ranks is the rank's median
    medians: Replicates = np.sort(np.asarray(rounds, dtype=np.float64))[middle].mean(axis=1)
    return medians


def estimate_median(
    rounds: Sequence[float], replicates: Replicates | None, shift: float
) -> Estimate:
    """The median with its 95% percentile interval."""
    median = float(np.median(rounds))
    if replicates is None:
        return Estimate(median)
    low, high = percentile_interval(replicates)
    return Estimate(median, low, high, log_standard_error(replicates, shift))


def percentile_interval(replicates: Replicates) -> tuple[float, float]:
    """The middle CONFIDENCE of the replicates (Efron & Tibshirani 1993, chapter 13)."""
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(replicates, [tail, 100 - tail])
    return float(low), float(high)


def log_standard_error(replicates: Replicates, shift: float) -> float | None:
    """The standard deviation of log(shift + replicate); None where a replicate is not above 0."""
    shifted = replicates + shift
    return float(np.log(shifted).std(ddof=1)) if shifted.min() > 0 else None


def ratio_interval(
    numerator: Replicates | None, denominator: Replicates | None
) -> tuple[float, float] | None:
    """The 95% percentile interval of a ratio of two medians; None where it cannot be told."""
    if numerator is None or denominator is None or denominator.min() <= 0:
        return None
    return percentile_interval(numerator / denominator)


def is_tie(interval: tuple[float, float] | None) -> bool:
    """Whether a ratio's interval covers 1, so that the rounds do not tell the two apart."""
    return interval is not None and interval[0] <= 1 <= interval[1]


def geometric_mean(ratios: Sequence[Ratio]) -> MeanRatio | None:
    """exp(mean(log ratio)) with a 95% interval; None for no ratios.

    The interval is the standard normal one with bootstrap standard errors (Efron & Tibshirani 1993,
    chapter 13.3), the cells being independent: se² = Σ se_i² / n².
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
