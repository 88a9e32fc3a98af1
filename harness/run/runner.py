"""Measures cells, question by question; loaded tables and workers are kept between questions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from harness.data.apart import Making
from harness.data.cache import Cache
from harness.data.identity import change_of, change_of_tables
from harness.data.prepare import Tables, prepare
from harness.errors import DataUnavailable, HarnessError
from harness.machine.limits import default_memory_limit
from harness.machine.scratch import Scratch
from harness.measure.cell import CellTask, Progress
from harness.measure.pool import Settings, WorkerPool
from harness.measure.rounds import Rounds
from harness.measure.turns import measure
from harness.measure.wall_clock import Part, Spent
from harness.outcome import Cell, Outcome, Record
from harness.run.budget import Budget
from harness.run.passes import Passes, Question
from harness.run.results import Register
from harness.verify.referee import Referee
from harness.workload.cells import CompiledCell


class Runner:
    """Measures questions; its workers stay as long as their workload is being measured.

    ``ended`` is called with each record as soon as it is complete, and puts it into the register.
    Cells that already have a record there, from an interrupted run, get no first pass.
    """

    def __init__(
        self,
        settings: Settings,
        cache: Cache,
        register: Register,
        budget: Budget,
        progress: Progress,
        say: Callable[[str], None],
        ended: Callable[[Record], None],
    ) -> None:
        self.register, self.progress, self.say, self.ended = register, progress, say, ended
        self._budget, self._rounds = budget, settings.rounds
        self._passes = Passes(register, settings.rounds, budget)
        self._cache, self._scratch, self._making = cache, Scratch(), Making()
        folder = self._scratch.path
        self._pool = WorkerPool(replace(settings, scratch=folder / "engines"))
        self._referee = Referee(
            cache.budget,
            folder / "referee",
            settings.threads,
            max(settings.memory_limit or 0, default_memory_limit()),  # that limit is the engines'
            settings.timeout,
        )
        self._workload = ""
        self._started: set[Cell] = set()

    @property
    def spent(self) -> Spent:
        return self._pool.spent

    def record_of(self, compiled: CompiledCell) -> Record:
        """Returns the cell's record from the register; raises KeyboardInterrupt only.

        A cell that has no record gets its first pass, together with all cells of the same question.
        """
        if compiled.cell not in self.register.records:
            others = self.register.cells.values()
            self._measure_question(
                [other for other in others if self._shares_question(other, compiled)]
            )
        return self.register.records[compiled.cell]

    def _shares_question(self, other: CompiledCell, compiled: CompiledCell) -> bool:
        same = other.cell.question == compiled.cell.question
        return same and other.cell not in self.register.records

    def wanting(self) -> Sequence[Question]:
        """Returns the questions that are not sharp yet and may have further passes."""
        return self._passes.questions()

    def sharpen(self) -> Iterator[None]:
        """Gives questions further passes until all are sharp or the budget is used up.

        It yields after each pass, so that its caller can do other work while no engine runs.
        """
        visited = True
        while visited:
            visited = False
            for each in self._passes.visit():
                if not visited:
                    self._pool.close()  # a further pass is a further process
                visited = True
                before = {record.cell: record for record in each.records}
                cells = [self.register.cells[cell] for cell in before]
                self._measure(cells, self._rounds.later(each.seconds), before)
                yield

    def _measure_question(self, group: Sequence[CompiledCell]) -> None:
        for compiled in group:
            if compiled.outcome is not None:
                self.ended(Record(compiled.cell, compiled.outcome, compiled.reason))
        runnable = [compiled for compiled in group if compiled.outcome is None]
        if not runnable:
            return
        self._start_processes(runnable[0].cell)
        self._measure(runnable, None, {})

    def _measure(
        self, group: Sequence[CompiledCell], rounds: Rounds | None, before: Mapping[Cell, Record]
    ) -> None:
        """Measures the cells of one question, ``group``, in one pass.

        ``before`` holds their records of earlier passes. In the first pass it is empty, and
        ``rounds`` is None.
        """
        one = group[0]
        if changed := change_of_tables(one.workload, one.files):
            self._fail(group, Outcome.ERROR, _of_changed_data(changed))
            return
        try:
            tables = self._tables(one)
        except HarnessError as error:
            absent = isinstance(error, DataUnavailable)
            outcome = Outcome.UNAVAILABLE if absent else Outcome.ERROR
            self._fail(group, outcome, str(error))
            return
        self._referee.await_start()
        tasks = [_task(compiled, tables, before.get(compiled.cell)) for compiled in group]
        rounds = rounds or self._rounds.first(self._budget.first(self._to_be_run()))
        measure(tasks, self._pool, self._referee, self.progress, self._end, rounds)

    def _tables(self, one: CompiledCell) -> Tables:
        """Returns a cell's tables, made or from the cache; this time is not part of the budget."""
        began = time.monotonic()
        where = one.workload, one.cell.size, one.cell.input, self._cache
        tables = prepare(*where, self.say, self._making)
        took = time.monotonic() - began
        self._pool.spent.add(Part.DATA, took)
        self._budget.spare(took)
        return tables

    def _to_be_run(self) -> int:
        """Returns the number of the run's cells that have a program."""
        return sum(each.program is not None for each in self.register.cells.values())

    def _fail(self, group: Sequence[CompiledCell], outcome: Outcome, reason: str) -> None:
        for compiled in group:
            assert compiled.program is not None
            self.ended(Record(compiled.cell, outcome, reason, compiled.program.sha256))

    def _end(self, record: Record) -> None:
        """Passes a record on to ``ended``.

        If the user's files have changed since the cell was compiled, it passes on a record with
        the outcome error instead.
        """
        if changed := change_of(self.register.cells[record.cell].files):
            reason = _of_changed_data(changed)
            record = Record(record.cell, Outcome.ERROR, reason, record.program_sha256)
        self.ended(record)

    def _start_processes(self, cell: Cell) -> None:
        """Starts the workers for all cells that differ from a cell in engine and query only.

        They start while the data of these cells is being made.
        """
        if cell.workload != self._workload:
            self._pool.close()
            self._workload = cell.workload
        same = replace(cell, query="", engine="")
        if same in self._started:
            return
        self._started.add(same)
        self._pool.start(
            compiled.cell
            for compiled in self.register.cells.values()
            if compiled.program is not None and replace(compiled.cell, query="", engine="") == same
        )
        self._referee.start()

    def close(self) -> None:
        """Ends all workers and removes their files."""
        self._making.close()
        self._pool.close()
        self._referee.close()
        self._scratch.close()


def _of_changed_data(changed: str) -> str:
    return (
        f"the data changed during the run: {changed}; run again when nobody writes to it, since "
        "programs and answers were made for what it was"
    )


def _task(compiled: CompiledCell, tables: Tables, before: Record | None) -> CellTask:
    assert compiled.program is not None
    assert compiled.planned is not None
    spec, writes = compiled.planned.spec, compiled.query.write is not None
    return CellTask(
        compiled.cell, compiled.program, spec, tables.tables, tables.key, writes, before,
        compiled.planned.tables,
    )  # fmt: skip
