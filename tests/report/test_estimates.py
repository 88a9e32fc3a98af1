"""Ratios of engines that took turns: their values, errors and intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from harness.records.medians import PROCESS_ERROR
from report.compare.resampling import MOST_TURNS, pair_errors, ratio_between
from report.compare.statistics import Ratio, Sample, estimate_median, ratio_of

Rounds = tuple[Sample, Sample]


def sample(values: Sequence[float], turns: Sequence[int] = (), run: str | None = "one") -> Sample:
    return Sample(list(values), tuple(turns) or tuple(range(len(values))), run=run)


def apart(one: Sample, other: Sample) -> Ratio:
    found = ratio_of(estimate_median(one), estimate_median(other))
    assert found is not None
    return found


def together(one: Sample, other: Sample) -> Ratio:
    found = ratio_between(estimate_median(one), estimate_median(other))
    assert found is not None
    return found


def test_the_ratio_is_that_of_the_two_medians() -> None:
    """The last ratio is 5 / 3; the median of the turns' ratios (5, 2, 0.25) would be 2."""
    one, other = sample([5.0, 5.0, 5.0]), sample([1.0, 2.0, 4.0])
    assert together(one, other).value == apart(one, other).value == 2.5
    one, other = sample([5.0, 6.0, 1.0]), sample([1.0, 3.0, 4.0])
    assert together(one, other).value == pytest.approx(5 / 3)


def test_what_slowed_both_engines_does_not_widen_the_interval_of_their_ratio() -> None:
    """Both drift by a factor of 2; in each turn one takes 10% longer, give or take 0.5%."""
    drift = np.linspace(1, 2, 15)
    jitter = 1 + 0.005 * np.sin(np.arange(15) * 2.0)
    one, other = sample(1.1 * drift * jitter), sample(drift)
    wide, narrow = apart(one, other), together(one, other)
    assert wide.covers_one and not narrow.covers_one
    assert wide.value == narrow.value
    assert narrow.log_error is not None and narrow.log_error < 0.025


def test_rounds_of_two_runs_did_not_take_turns() -> None:
    drift = np.linspace(1, 2, 15)
    one, other = sample(1.1 * drift, run="monday"), sample(drift, run="tuesday")
    assert together(one, other).log_error == pytest.approx(apart(one, other).log_error)
    alone = [sample(values, run=None) for values in (1.1 * drift, drift)]
    assert together(*alone) == apart(*alone)


def test_nothing_is_drawn_by_chance_and_turned_round_a_ratio_is_its_reciprocal() -> None:
    generator = np.random.default_rng(1)
    one, other = (sample(generator.lognormal(0, 0.1, 12)) for _ in range(2))
    found, again, back = together(one, other), together(one, other), together(other, one)
    assert found == again
    assert back.value == pytest.approx(1 / found.value)
    assert back.log_error == pytest.approx(found.log_error)


def test_a_pair_has_the_same_error_alone_and_among_others() -> None:
    generator = np.random.default_rng(2)
    counts = [12, 5, 9, 12]
    tasks = [[sample(generator.lognormal(0, 0.1, n)) for n in counts] for _ in range(40)]
    measured = [[estimate_median(each) for each in task] for task in tasks]
    found = pair_errors([*measured, [measured[0][0], None]])
    for task, errors in zip(tasks, found, strict=False):
        assert errors[1, 3] == pytest.approx(together(task[1], task[3]).log_error, rel=1e-4)
    assert np.isnan(found[-1][0, 1])


def test_rounds_of_a_file_that_nobody_measured_are_not_resampled() -> None:
    """With more than MOST_TURNS turns the error is that of medians measured apart.

    Resampling so many would take more memory than a machine has.
    """
    values = [1.0 + place * 0.618 % 1 for place in range(MOST_TURNS + 1)]
    one, other = sample(values), sample([2 * value for value in values])
    assert together(one, other).log_error == pytest.approx(apart(one, other).log_error)
    fewer = sample(values[:-1]), sample([2 * value for value in values[:-1]])
    assert together(*fewer).log_error == pytest.approx(PROCESS_ERROR * math.sqrt(2))


def test_equal_rounds_are_known_but_for_their_processes() -> None:
    one, other = sample([2.0] * 6), sample([1.0] * 6)
    assert together(one, other).log_error == pytest.approx(PROCESS_ERROR * math.sqrt(2))


def test_of_two_rounds_nothing_is_known_and_of_zeros_there_is_no_ratio() -> None:
    assert together(sample([1.0, 2.0]), sample([1.0] * 5)) == Ratio(1.5, None)
    zero = estimate_median(sample([0.0] * 5))
    assert ratio_between(estimate_median(sample([1.0] * 5)), zero) is None
    assert together(sample([0.0, 1.0, 1.0]), sample([1.0] * 5)) == Ratio(1.0, None)


def test_an_engine_that_went_on_alone_while_the_machine_slowed_down_is_not_surely_slower() -> None:
    """Both engines are equal in six turns; then one goes on for eight more, which are slower."""
    machine = [1.0, 1.01, 0.99, 1.0, 1.01, 0.99, *[1.2, 1.21, 1.19, 1.2, 1.21, 1.2, 1.2, 1.19]]
    short, long = sample(machine[:6]), sample(machine)
    assert together(long, short).value == pytest.approx(1.19)
    assert not apart(long, short).covers_one
    assert together(long, short).covers_one


@pytest.mark.parametrize("drift", [0.0, 0.03], ids=["steady", "drifting"])
@pytest.mark.parametrize("clumped", [0.0, 0.04], ids=["independent", "clumped"])
@pytest.mark.parametrize(
    ("turns", "rounds"), [((5, 5), 1), ((10, 10), 1), ((3, 3), 5), ((6, 6), 4), ((4, 20), 3)]
)
def test_intervals_hold_the_true_ratio_as_often_as_they_say(
    turns: tuple[int, int], rounds: int, clumped: float, drift: float
) -> None:
    """Of engines of equal speed, with blocks or without, 95% of intervals should cover 1.

    Rounds differ by 4%, blocks besides by what they have in common (``clumped``); the machine
    strays by ``drift`` from each turn to the next.
    """
    generator = np.random.default_rng(7)
    pairs = (equals(turns, rounds, clumped, drift, generator) for _ in range(300))
    assert sum(together(*pair).covers_one for pair in pairs) / 300 >= 0.92


def equals(
    turns: tuple[int, int], rounds: int, clumped: float, drift: float,
    generator: np.random.Generator,
) -> Rounds:  # fmt: skip
    """Draws the rounds of two equally fast engines, in blocks of ``rounds`` with noise.

    ``turns`` are their numbers of blocks. ``clumped`` is how much the speed varies from block to
    block, ``drift`` how much that of the machine, which both share, from turn to turn.
    """
    machine = np.exp(np.cumsum(generator.normal(0, drift, max(turns))))
    sides = []
    for count in turns:
        block = np.exp(generator.normal(0, clumped, count)) * machine[:count]
        values = np.repeat(block, rounds) * generator.lognormal(0, 0.04, count * rounds)
        process = float(generator.lognormal(0, PROCESS_ERROR))
        of = [turn for turn in range(count) for _ in range(rounds)]
        sides.append(sample(process * values, of))
    return sides[0], sides[1]
