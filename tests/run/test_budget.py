"""How a run's budget is shared out, by a clock that the test sets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.measure.rounds import Rounds
from harness.outcome import Cell, Outcome, Record, Round
from harness.run.budget import LEAST_VISIT, Budget
from harness.run.pages import DRAWING_SHARE, PAUSE, Pages
from harness.run.passes import Passes
from harness.run.results import Register
from harness.tables import Input
from harness.words import parse_seconds
from tests.support.records import figures


@dataclass
class Clock:
    """A clock that stands still unless it is moved."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Bench:
    """A budget and records of a run, without anything that runs."""

    seconds: float = 180.0
    clock: Clock = field(default_factory=Clock)
    rounds: Rounds = field(default_factory=Rounds)
    records: dict[Cell, Record] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.budget = Budget(self.seconds, self.clock)
        self.budget.begin()
        register = Register.__new__(Register)
        register.records = self.records
        self.passes = Passes(register, self.rounds, self.budget)

    def has(self, query: str, spread: float = 0.0, workload: str = "w", **medians: float) -> None:
        """Records the engines of a question by their medians, each with twelve rounds in turns.

        Rounds differ from the median by at most ``spread``, a share.
        """
        for engine, median in medians.items():
            cell = Cell(workload, query, engine, "small", Input.MEMORY, 2)
            found = [median * (1 + spread * (turn % 3 - 1)) for turn in range(12)]
            rounds = tuple(Round(each, each, turn) for turn, each in enumerate(found))
            self.records[cell] = Record(cell, Outcome.OK, rounds=rounds, figures=figures())

    def visit(self) -> list[tuple[str, float]]:
        """Visits the next workload; returns each query with the seconds of its cells together.

        The clock is moved by these seconds.
        """
        found = []
        for each in self.passes.visit():
            seconds = each.seconds * len(each.records)
            self.clock.now += seconds
            found.append((each.records[0].cell.query, seconds))
        return found


def test_the_rounds_of_first_passes_take_a_fifth_of_the_budget() -> None:
    bench = Bench(180.0)
    assert bench.budget.first(75) == pytest.approx(180 / 5 / 75)
    bench.clock.now += 110
    assert bench.budget.first(75) == pytest.approx(180 / 5 / 75)  # the same for every cell
    bench.clock.now += 20
    assert bench.budget.first(75) == 0.0  # a round of each, and no more
    assert bench.budget.left == 50


def test_making_data_does_not_count() -> None:
    bench = Bench(180.0)
    bench.clock.now += 100
    bench.budget.spare(100)
    assert (bench.budget.used, bench.budget.left) == (0, 180)


def test_the_budget_is_used_up_and_not_more() -> None:
    bench = Bench(100.0)
    bench.has("q1", 0.2, a=0.01, b=0.0101)
    bench.has("q2", 0.2, a=0.01, b=0.0102)
    bench.has("q3", 0.2, workload="v", a=0.01, b=0.0103)
    visits = 0
    while bench.visit():
        visits += 1
    assert bench.budget.left == pytest.approx(0, abs=1)
    assert visits >= 4


def test_most_goes_where_intervals_are_widest_relative_to_the_ratio() -> None:
    bench = Bench()
    bench.has("close", 0.2, a=0.010, b=0.011)
    bench.has("apart", 0.2, a=0.010, b=0.060)
    bench.has("sharp", 0.001, a=0.010, b=0.015)
    (first, seconds), (second, others) = bench.visit()
    assert (first, second) == ("close", "apart")
    assert seconds > 5 * others > 0


def test_workloads_are_visited_by_turns_the_widest_first() -> None:
    bench = Bench(600.0)
    bench.has("q1", 0.1, workload="v", a=0.010, b=0.011)
    bench.has("q2", 0.3, workload="w", a=0.010, b=0.011)
    visited = [bench.visit() for _ in range(4)]
    assert [[query for query, _ in visit] for visit in visited] == [["q2"], ["q1"]] * 2
    lengths = [sum(seconds for _, seconds in visit) for visit in visited]
    assert lengths == sorted(lengths, reverse=True) and min(lengths) >= LEAST_VISIT


def test_what_is_sharp_ends_a_run_early() -> None:
    bench = Bench()
    bench.has("differ", 0.001, a=0.010, b=0.020)
    bench.has("tie", 0.001, a=0.010, b=0.010)
    bench.has("alone", 0.001, a=0.010)
    assert bench.visit() == []


def test_a_tie_that_is_not_sure_yet_is_not_sharp() -> None:
    bench = Bench()
    bench.has("near", 0.001, a=0.0100, b=0.01025)  # processes differ by 1%
    assert [query for query, _ in bench.visit()] == ["near"]


def test_a_cell_has_no_more_than_its_own_seconds() -> None:
    bench = Bench(rounds=Rounds(seconds=0.1))
    bench.has("q1", 0.2, a=0.010, b=0.011)  # 12 rounds took 0.12 s
    assert bench.visit() == []
    bench = Bench(rounds=Rounds(seconds=1.0))
    bench.has("q1", 0.2, a=0.010, b=0.011)
    assert [query for query, _ in bench.visit()] == ["q1"]


def test_processes_that_were_ordered_come_also_where_all_is_sharp() -> None:
    bench = Bench(rounds=Rounds(seconds=0.1, processes=2))
    bench.has("q1", 0.001, a=0.010, b=0.020)
    assert [query for query, _ in bench.visit()] == ["q1"]


def test_rounds_that_were_ordered_come_also_where_all_is_sharp() -> None:
    bench = Bench(rounds=Rounds(fewest=20))
    bench.has("q1", 0.001, a=0.010, b=0.020)  # 12 rounds
    assert [query for query, _ in bench.visit()] == ["q1"]


def test_a_question_that_takes_longer_than_what_is_left_is_left_as_it_is() -> None:
    bench = Bench(20.0)
    bench.has("slow", 0.2, a=4.0, b=8.0)
    assert bench.visit() == []


def test_the_page_is_drawn_after_a_minute_and_then_in_a_twentieth_of_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, drawn = Bench(), []
    pages = Pages(tmp_path, bench.budget)

    def draw(seconds: float) -> Callable[..., None]:
        def one(*_: object) -> None:
            drawn.append(bench.budget.used)
            bench.clock.now += seconds

        return one

    for at in range(180):
        monkeypatch.setattr(pages, "draw", draw(7.0 if not drawn else 1.0))
        bench.clock.now = max(bench.clock.now, 1000.0 + at)
        if pages.is_due:
            pages.refresh(tmp_path / "x.journal", pytest.fail)
    first, second, *others = drawn
    assert first == 60
    assert second == pytest.approx(first + 7 + PAUSE, abs=1)
    for one, after in zip([second, *others], others, strict=False):
        assert after - one == pytest.approx(1 + 1 / DRAWING_SHARE, abs=1)
    assert others and not Pages(tmp_path, Budget(0.0)).is_due


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("3m", 180), ("1h", 3600), ("1h30m", 5400)]
)
def test_a_time_is_read(text: str, seconds: float) -> None:
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "m", "3 bananas", "-1m", "1m1h"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time, such as 90s, 3m or 1h"):
        parse_seconds(text)
