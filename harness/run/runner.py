"""One run: cells, query by query -> their records; data and processes are kept between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from harness.data.cache import Cache
from harness.data.identity import change_of, change_of_tables
from harness.data.prepare import Tables, prepare
from harness.errors import DataUnavailable, HarnessError
from harness.machine.scratch import Scratch
from harness.measure.cell import Progress, Task
from harness.measure.pool import Settings, WorkerPool
from harness.measure.turns import measure
from harness.measure.wall_clock import Part, Spent
from harness.outcome import Cell, Outcome, Record
from harness.run.results import Register
from harness.verify.referee import Referee
from harness.workload.cells import Asked


class Runner:
    """Measures questions. Workers live as long as their workload is being measured.

    ``ended`` is told of each record as soon as it is complete, and puts it into the register. What
    is there already, from a run that was broken off, is not measured again.
    """

    def __init__(
        self,
        settings: Settings,
        cache: Cache,
        register: Register,
        progress: Progress,
        say: Callable[[str], None],
        ended: Callable[[Record], None],
    ) -> None:
        self.register, self.progress, self.say, self.ended = register, progress, say, ended
        self._cache, self._scratch = cache, Scratch()
        folder = self._scratch.path
        self._pool = WorkerPool(replace(settings, scratch=folder / "engines"))
        self._referee = Referee(
            cache.budget,
            folder / "referee",
            settings.threads,
            settings.memory_limit,
            settings.timeout,
        )
        self._workload = ""
        self._started: set[Cell] = set()

    @property
    def spent(self) -> Spent:
        return self._pool.spent

    def record_of(self, asked: Asked) -> Record:
        """The cell's record, from the register. Raises KeyboardInterrupt only.

        A cell that has none is measured, with all cells that answer the same question.
        """
        if asked.cell not in self.register.records:
            others = self.register.asked.values()
            self._measure_question([other for other in others if self._is_beside(other, asked)])
        return self.register.records[asked.cell]

    def _is_beside(self, other: Asked, asked: Asked) -> bool:
        same = other.cell.question == asked.cell.question
        return same and other.cell not in self.register.records

    def _measure_question(self, group: Sequence[Asked]) -> None:
        for asked in group:
            if asked.outcome is not None:
                self.ended(Record(asked.cell, asked.outcome, asked.reason))
        runnable = [asked for asked in group if asked.outcome is None]
        if not runnable:
            return
        one = runnable[0]
        if changed := change_of_tables(one.workload, one.files):
            self._fail(runnable, Outcome.ERROR, _of_changed_data(changed))
            return
        self._start_processes(one.cell)
        try:
            with self._pool.spent.on(Part.DATA):
                tables = prepare(one.workload, one.cell.size, one.cell.input, self._cache, self.say)
        except HarnessError as error:
            absent = isinstance(error, DataUnavailable)
            outcome = Outcome.UNAVAILABLE if absent else Outcome.ERROR
            self._fail(runnable, outcome, str(error))
            return
        self._referee.await_start()
        tasks = [_task(asked, tables) for asked in runnable]
        measure(tasks, self._pool, self._referee, self.progress, self._end)

    def _fail(self, group: Sequence[Asked], outcome: Outcome, reason: str) -> None:
        for asked in group:
            assert asked.program is not None
            self.ended(Record(asked.cell, outcome, reason, asked.program.sha256))

    def _end(self, record: Record) -> None:
        """Whatever came of a cell whose data is not what it was, it tells nothing of the engine."""
        if changed := change_of(self.register.asked[record.cell].files):
            reason = _of_changed_data(changed)
            record = Record(record.cell, Outcome.ERROR, reason, record.program_sha256)
        self.ended(record)

    def _start_processes(self, cell: Cell) -> None:
        """Starts what a workload's cells of this size and input need, while its data is made."""
        if cell.workload != self._workload:
            self._pool.close()
            self._workload = cell.workload
        same = replace(cell, query="", engine="")
        if same in self._started:
            return
        self._started.add(same)
        self._referee.start()
        self._pool.start(
            asked.cell
            for asked in self.register.asked.values()
            if asked.program is not None and replace(asked.cell, query="", engine="") == same
        )

    def close(self) -> None:
        """Ends all processes and removes their files."""
        self._pool.close()
        self._referee.close()
        self._scratch.close()


def _of_changed_data(changed: str) -> str:
    return (
        f"the data changed during the run: {changed}; run again when nobody writes to it, since "
        "programs and answers were made for what it was"
    )


def _task(asked: Asked, tables: Tables) -> Task:
    assert asked.program is not None
    assert asked.planned is not None
    spec, writes = asked.planned.spec, asked.query.write is not None
    return Task(asked.cell, asked.program, spec, tables.tables, tables.key, writes)
