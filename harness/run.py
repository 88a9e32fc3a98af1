"""One run: cells, in the order asked -> their records; data and processes are kept between."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from harness.data.cache import default_root
from harness.data.prepare import prepare
from harness.errors import DataUnavailable, HarnessError
from harness.measure import Progress, Task, measure
from harness.outcome import Cell, Outcome, Record
from harness.pool import Settings, WorkerPool
from harness.referee import Referee
from harness.results import Journal
from harness.suite import Asked


class Run:
    """Measures cells. Processes live as long as their workload is being asked for."""

    def __init__(
        self, settings: Settings, journal: Journal, progress: Progress, say: Callable[[str], None]
    ) -> None:
        self.journal, self.progress, self.say = journal, progress, say
        self._scratch = tempfile.TemporaryDirectory(
            prefix="enginebench-", ignore_cleanup_errors=True
        )
        folder = Path(self._scratch.name)
        self._pool = WorkerPool(replace(settings, scratch=folder / "engines"))
        self._referee = Referee(default_root() / "answers", folder / "referee", settings.threads)
        self._workload = ""
        self._started: set[Cell] = set()

    def measure(self, asked: Asked) -> Record:
        """The cell's record, which is kept in the journal too. Raises KeyboardInterrupt only."""
        record = self._measured(asked)
        self.journal.records[asked.cell] = record
        return record

    def _measured(self, asked: Asked) -> Record:
        if asked.outcome is not None:
            return Record(asked.cell, asked.outcome, asked.reason)
        assert asked.program is not None
        assert asked.compiled is not None
        self._start_processes(asked.cell)
        try:
            tables = prepare(asked.workload, asked.cell.size, asked.cell.input, progress=self.say)
        except HarnessError as error:
            absent = isinstance(error, DataUnavailable)
            outcome = Outcome.UNAVAILABLE if absent else Outcome.ERROR
            return Record(asked.cell, outcome, str(error), asked.program.sha256)
        self._referee.await_start()
        spec, writes = asked.compiled.spec, asked.query.write is not None
        task = Task(asked.cell, asked.program, spec, tables.tables, tables.key, writes)
        return measure(task, self._pool, self._referee, self.progress)

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
            for asked in self.journal.asked.values()
            if asked.program is not None and replace(asked.cell, query="", engine="") == same
        )

    def close(self) -> None:
        """Ends all processes and removes their files."""
        self._pool.close()
        self._referee.close()
        self._scratch.cleanup()
