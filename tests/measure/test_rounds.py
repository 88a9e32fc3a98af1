"""How many rounds a pass has, and of what length, by the seconds that they take."""

from __future__ import annotations

import math

import pytest

from harness.measure.rounds import LATER_ROUNDS, Rounds, loops_for, sure
from harness.records.cells import Stopped

STEADY = [0.0100, 0.0101, 0.0100, 0.0099, 0.0100]
ROUNDS = Rounds(fewest=5, most=50, seconds=1.0)


def test_rounds_that_agree_are_enough() -> None:
    assert not ROUNDS.sure(STEADY[:4])
    assert ROUNDS.sure(STEADY)
    assert not ROUNDS.sure([*STEADY[:4], 0.0110])
    assert sure([0.0110, *STEADY * 4])
    assert not sure([0.0110, *STEADY])


def test_rounds_are_looked_at_seldom() -> None:
    looked = [n for n in range(100) if ROUNDS.sure([0.001] * n)]
    assert looked == [5, 7, 10, 14, 20, 28, 40, 57, 80]


def _unsteady(seconds: float, count: int) -> list[float]:
    """Returns rounds of 0.5 and 1.5 times ``seconds``, whose median is not known well enough."""
    return [seconds * (0.5, 1.5)[n % 2] if n < count - count % 2 else seconds for n in range(count)]


@pytest.mark.parametrize(
    ("seconds", "count", "why"),
    [
        (0.0001, 50, Stopped.ROUNDS),
        (0.125, 8, Stopped.BUDGET),
        (0.5, 2, Stopped.BUDGET),
        (0.7, 2, Stopped.BUDGET),
        (1.0, 1, Stopped.BUDGET),
        (100.0, 1, Stopped.BUDGET),
    ],
)
def test_the_number_of_rounds_follows_from_their_length(
    seconds: float, count: int, why: Stopped
) -> None:
    done = 0
    while ROUNDS.limit(done, sum(_unsteady(seconds, done))) is None:
        assert not ROUNDS.sure(_unsteady(seconds, done))
        done += 1
    assert (done, ROUNDS.limit(done, sum(_unsteady(seconds, done)))) == (count, why)


def test_what_is_not_counted_is_spent_too() -> None:
    rounds = Rounds(fewest=2, most=50, seconds=1.0)
    assert rounds.limit(1, spent=0.9) is None
    assert rounds.limit(1, spent=1.0) is Stopped.BUDGET
    assert rounds.limit(0, spent=9.0) is None


def test_no_rounds_asked_means_none() -> None:
    assert Rounds(0, 0).limit(0, 0.0) is Stopped.ROUNDS


def test_blocks_are_a_quarter_of_a_second_or_leave_time_for_several() -> None:
    assert (Rounds().block_seconds, Rounds().warming_seconds) == (0.25, 0.05)
    assert Rounds(seconds=0.4).block_seconds == 0.1
    assert Rounds(seconds=0.8, processes=2).first(60.0).block_seconds == 0.1
    assert [Rounds(processes=n).fewest_blocks for n in (1, 2, 3, 4)] == [3, 2, 1, 1]


def test_a_pass_has_its_share_of_a_cell_s_seconds() -> None:
    rounds = Rounds(seconds=10.0, processes=4)
    assert [rounds.first(share).seconds for share in (0.0, 1.0, 60.0)] == [0.0, 1.0, 2.5]
    assert rounds.first(0.0).limit(1, spent=0.0) is Stopped.BUDGET  # but always a first


def test_a_later_pass_uses_its_seconds_up_and_has_fewer_rounds() -> None:
    later = Rounds().later(5.0)
    assert (later.seconds, later.most) == (5.0, LATER_ROUNDS)
    assert sure(STEADY) and not later.sure(STEADY)
    assert Rounds(fewest=400, most=400).later(5.0).fewest == LATER_ROUNDS


def test_short_programs_are_looped_to_a_length_that_a_clock_can_tell() -> None:
    assert [loops_for(seconds) for seconds in (1.0, 0.001, 0.0009, 0.0001)] == [1, 1, 6, 50]
    assert math.isfinite(loops_for(0.0))


@pytest.mark.parametrize("wrong", [{"fewest": 9, "most": 3}, {"fewest": 0}, {"seconds": -1.0}])
def test_rounds_that_cannot_be_met_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must"):
        Rounds(**wrong)  # type: ignore[arg-type]
