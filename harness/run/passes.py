"""Chooses from the records so far which questions get further rounds next, and for how long."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from harness.measure.rounds import Rounds
from harness.measure.sharpness import may_go_on, middle, passes, timed, want
from harness.outcome import Cell, Record
from harness.run.budget import Budget
from harness.run.results import Register

LEAST_WANT = 1e-3
"""``want`` of a question that is sharp, but has fewer rounds than the command asks for."""


@dataclass(frozen=True)
class Pass:
    """A further pass of a question: the records that get rounds, and the seconds for each cell."""

    records: tuple[Record, ...]
    seconds: float


@dataclass(frozen=True)
class Question:
    """A question that is not sharp yet: the records that may have further rounds.

    ``want`` is how far from sharp the question is; see `harness.measure.sharpness.want`.
    """

    records: tuple[Record, ...]
    want: float

    @property
    def workload(self) -> Cell:
        """Returns the cell without query and engine; questions with equal ones share processes."""
        return replace(self.records[0].cell, query="", engine="")

    @property
    def least_seconds(self) -> float:
        """Returns the least seconds of a pass: two runs of each engine, one of them not counted."""
        return 2 * sum(map(middle, self.records))


class Passes:
    """Decides what is measured after each cell's first pass.

    Workloads are visited in turn, the ones with the least sharp questions first. In a visit, each
    question of the workload that is not sharp yet gets a pass in fresh processes; its part of the
    visit's seconds depends on how far from sharp it is.
    """

    def __init__(self, register: Register, rounds: Rounds, budget: Budget) -> None:
        self.register, self.rounds, self.budget = register, rounds, budget
        self._visits: Counter[Cell] = Counter()

    def visit(self) -> Iterator[Pass]:
        """Yields the passes of the next visit; each is decided when the one before has ended."""
        found = [q for q in self.questions() if q.least_seconds <= self.budget.left]
        if not found:
            return
        by_workload = {q.workload: q for q in reversed(found)}  # the one in most want
        chosen = min(by_workload, key=lambda w: (self._visits[w], -by_workload[w].want))
        self._visits[chosen] += 1
        end = self.budget.used + self.budget.visit(len(by_workload))
        questions = [question for question in found if question.workload == chosen]
        for at, question in enumerate(questions):
            left = min(end - self.budget.used, self.budget.left)
            share = question.want / sum(other.want for other in questions[at:])
            if left > 0 and question.least_seconds <= self.budget.left:
                yield Pass(question.records, left * share / len(question.records))

    def questions(self) -> list[Question]:
        """Returns the questions that are not sharp and may have more rounds, least sharp first."""
        grouped: dict[object, list[Record]] = {}
        for record in self.register.records.values():
            grouped.setdefault(record.cell.question, []).append(record)
        found = [question for own in grouped.values() if (question := self._question(own))]
        return sorted(found, key=lambda question: -question.want)

    def _question(self, records: Sequence[Record]) -> Question | None:
        going = tuple(record for record in records if may_go_on(record, self.rounds))
        few = any(self._has_few(record) for record in timed(records))
        wanted = want(records) or (LEAST_WANT if few else 0.0)
        if not going or not wanted:
            return None
        return Question(going, wanted)

    def _has_few(self, record: Record) -> bool:
        """True if a cell has fewer processes or rounds than the command asks for."""
        return passes(record) < self.rounds.processes or len(record.rounds) < self.rounds.fewest
