"""Estimates of engines that took turns -> the standard errors of their ratios.

What slows the machine for a while slows all engines of a query alike, and so cancels out of their
ratio. A bootstrap over turns estimates how much of it does: each turn gets a random weight, the
same for all engines that had rounds in the turn, and the spread of the ratio of weighted medians is
the ratio's error. Weights are exponential (the Bayesian bootstrap: Rubin, "The Bayesian Bootstrap",
The Annals of Statistics 9, 1981), so that engines with unequal numbers of turns can share them.
Whole turns are weighted, since the rounds of one turn are not independent (the cluster bootstrap:
Davison & Hinkley, Bootstrap Methods and their Application, 1997, section 3.8).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from functools import lru_cache
from itertools import combinations

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from harness.records.medians import FEWEST_ROUNDS
from report.compare.statistics import (
    CONFIDENCE,
    NORMAL_QUANTILE,
    Estimate,
    Ratio,
    Sample,
    estimate_median,
    ratio_of,
)

REPLICATES = 400
SEED = 1981
MOST_TURNS = 10_000
"""The most turns that are resampled; the medians of more are known well enough without."""
AT_ONCE = 100_000
"""How many medians are drawn at a time; that many fit into the processor's cache."""

Floats = npt.NDArray[np.float32]
Errors = npt.NDArray[np.float64]
Task = Sequence[Estimate | None]


def ratio_between(numerator: Estimate, denominator: Estimate) -> Ratio | None:
    """Returns the ratio of two values with its error; None if either value is not above 0.

    A cell divided by itself counts as two cells that were measured apart.
    """
    if numerator.sample == denominator.sample:
        return ratio_of(numerator, denominator)
    error = float(pair_errors([(numerator, denominator)])[0][0, 1])
    return ratio_of(numerator, denominator, None if math.isnan(error) else error)


def pair_errors(tasks: Sequence[Task]) -> list[Errors]:
    """Returns a matrix for each task: the standard errors of its cells' log ratios, cells x cells.

    A log ratio is the logarithm of the ratio of two cells' medians; its error is NaN if a cell is
    None or has an unknown error itself. It is the error of medians measured independently or, if
    that is smaller, the error by the bootstrap. The former is too large if the machine drifts. The
    latter is too large if it does not drift and turns are few, because few turns hardly determine
    what the two cells have in common. If one cell has turns that the other has not, a variance
    for that (`_drift`) is added.
    """
    found: dict[int, Errors] = {}
    for places in _batches(tasks):
        own = [tasks[place] for place in places]
        found.update(zip(places, _pair_errors(own), strict=True))
    return [found[place] for place in range(len(tasks))]


def _batches(tasks: Sequence[Task]) -> Iterator[list[int]]:
    """Yields lists of indices of tasks that have equal numbers of cells."""
    by_size: dict[int, list[int]] = {}
    for place, task in enumerate(tasks):
        by_size.setdefault(len(task), []).append(place)
    for size, places in by_size.items():
        step = max(1, AT_ONCE // (REPLICATES * max(size, 1)))
        yield from (places[at : at + step] for at in range(0, len(places), step))


def _pair_errors(tasks: Sequence[Task]) -> Errors:
    """Returns the standard errors of cells' log ratios, as an array tasks x cells x cells.

    It does the work of `pair_errors`, for tasks with equally many cells.
    """
    shape = len(tasks), len(tasks[0])
    cells = [cell for task in tasks for cell in task]
    samples = [None if cell is None else cell.sample for cell in cells]
    errors = [_nan(None if cell is None else cell.log_error) for cell in cells]
    alone = np.array(errors).reshape(shape) ** 2
    apart = np.sqrt(alone[:, :, None] + alone[:, None, :])
    nearest = np.where(np.isnan(apart), np.nan, np.fmin(apart, _together(samples, shape)))
    drifts = np.array([_drifts(task) for task in tasks]).reshape(nearest.shape)
    found: Errors = np.sqrt(nearest**2 + drifts)
    return found


def _drifts(task: Task) -> Errors:
    """Returns variances of log ratios due to turns that only one cell of a pair had: cells x cells.

    They are 0 for pairs of cells that did not take turns.
    """
    found = np.zeros((len(task), len(task)))
    sampled = [(at, each, each.sample) for at, each in enumerate(task) if each and each.sample]
    if len({sample.turns for _, _, sample in sampled}) > 1:
        for (row, one, mine), (column, other, theirs) in combinations(sampled, 2):
            if mine.run is not None and mine.run == theirs.run and mine.turns != theirs.turns:
                found[row, column] = found[column, row] = _drift(one, mine, other, theirs)
    return found


def _drift(one: Estimate, mine: Sample, other: Estimate, theirs: Sample) -> float:
    """Returns a variance of two engines' log ratio: that due to turns which only one of them had.

    ``mine`` are the rounds behind ``one``, ``theirs`` those behind ``other``. On a machine that
    slows down, the engine with later rounds looks slower than it is. The ratio over the turns that
    both engines have is free of this error. It differs from the ratio of all rounds by this error
    and by chance; the part due to chance is subtracted: if one of two estimates has more rounds,
    the variance of their difference is the difference of their variances (Hausman, "Specification
    Tests in Econometrics", Econometrica 46, 1978). The truth may lie anywhere up to the rest of the
    difference to both sides, and the variance of that is a third of its square (Guide to the
    Expression of Uncertainty in Measurement, JCGM 100:2008, 4.3.7).
    """
    both = set(mine.turns) & set(theirs.turns)
    strayed = chance = 0.0
    for whole, sample, sign in ((one, mine, 1), (other, theirs, -1)):
        shared = estimate_median(sample.within(both)) if both else Estimate(0.0)
        if shared.log_error is None or whole.log_error is None:
            return 0.0
        strayed += sign * math.log(whole.value / shared.value)
        chance += max(0.0, shared.log_error**2 - whole.log_error**2)
    return max(0.0, strayed**2 - chance) / 3


def _together(samples: Sequence[Sample | None], shape: tuple[int, int]) -> Errors:
    """Returns the standard errors of log ratios of two cells' medians, from a bootstrap over turns.

    They are an array tasks x cells x cells, with NaN for pairs of cells that did not take turns.
    ``samples`` are the rounds of all cells, task after task; ``shape`` is (tasks, cells of a task).
    The spread over T turns has T - 1 degrees of freedom, so Student's quantile replaces the normal
    one. The factor (T + 1) / T makes up for the variance that the weighting loses (Rubin 1981).
    """
    medians = _resampled(samples).reshape(*shape, REPLICATES)
    medians -= medians.mean(axis=2, keepdims=True)
    moments = np.matmul(medians, medians.transpose(0, 2, 1)).astype(np.float64) / REPLICATES
    squares = np.einsum("tii->ti", moments)
    spread = squares[:, :, None] + squares[:, None, :] - 2 * moments
    turns = np.array([_turns(each) for each in samples], dtype=float).reshape(shape)
    fewest = np.maximum(np.minimum(turns[:, :, None], turns[:, None, :]), FEWEST_ROUNDS)
    student = stdtrit(fewest - 1, (1 + CONFIDENCE) / 2) / NORMAL_QUANTILE
    widened = np.maximum(spread, 0) * (fewest + 1) / fewest * student**2
    between = np.array([0.0 if s is None else s.process_error**2 for s in samples]).reshape(shape)
    errors: Errors = np.sqrt(widened + between[:, :, None] + between[:, None, :])
    return np.where(_side_by_side(samples, shape), errors, np.nan)


def _side_by_side(
    samples: Sequence[Sample | None], shape: tuple[int, int]
) -> npt.NDArray[np.bool_]:
    """Returns truth values, tasks x cells x cells: whether two cells differ and took turns.

    ``samples`` are the rounds of all cells, task after task; ``shape`` is (tasks, cells of a task).
    """
    runs: dict[Hashable, int] = {}
    named = [None if each is None else each.run for each in samples]
    numbers = [-1 if name is None else runs.setdefault(name, len(runs)) for name in named]
    of = np.array(numbers).reshape(shape)
    others = ~np.eye(shape[1], dtype=bool)
    same: npt.NDArray[np.bool_] = (of[:, :, None] == of[:, None, :]) & (of[:, :, None] >= 0)
    return same & others


def _turns(sample: Sample | None) -> int:
    return 0 if sample is None else len(set(sample.turns))


def _resampled(samples: Sequence[Sample | None]) -> Floats:
    """Returns logarithms of each sample's median under random weights: samples x REPLICATES.

    They are NaN for a sample that is None or that has too few turns, too many, or a value of 0.
    """
    medians = np.full((len(samples), REPLICATES), np.nan, dtype=np.float32)
    alike: dict[tuple[int, ...], list[int]] = {}
    for place, each in enumerate(samples):
        if each is not None and _can_be_resampled(each):
            alike.setdefault(each.turns, []).append(place)
    for turns, places in alike.items():
        weights = np.array([_weights(turn) for turn in turns])
        values = [each.values for place in places if (each := samples[place]) is not None]
        medians[places] = _weighted_medians(np.log(values), weights)
    return medians


def _can_be_resampled(sample: Sample) -> bool:
    return FEWEST_ROUNDS <= _turns(sample) <= MOST_TURNS and min(sample.values) > 0


def _weighted_medians(values: npt.NDArray[np.float64], weights: Floats) -> Floats:
    """Returns weighted medians: cells x rounds and rounds x replicates -> cells x replicates.

    The median is the least value up to which half of the weight lies.
    """
    order = values.argsort(axis=1)
    half = weights.sum(axis=0) / 2
    upto = np.zeros((len(values), REPLICATES), dtype=np.float32)
    places = np.zeros(upto.shape, dtype=np.int64)
    for rank in range(values.shape[1] - 1):
        upto += weights[order[:, rank]]
        places += upto < half
    ordered = np.take_along_axis(values, order, axis=1).astype(np.float32)
    return np.take_along_axis(ordered, places, axis=1)


@lru_cache(2 * MOST_TURNS)
def _weights(turn: int) -> Floats:
    """Returns a turn's random weight in each replicate, the same for every cell, task and run."""
    generator = np.random.default_rng([SEED, turn])
    return generator.exponential(size=REPLICATES).astype(np.float32)


def _nan(value: float | None) -> float:
    return math.nan if value is None else value
