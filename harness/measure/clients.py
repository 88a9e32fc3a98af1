"""Measures a cell of several clients: how many queries they are served per second, and how fast.

Its first run is cold and checked as any cell's. Then all clients run it at once, in windows of time
that take turns with those of other engines: a block is a window, and its rounds are the runs that
ended within it, each with its latency.
"""

from __future__ import annotations

import shutil
import time

from harness.measure.cell import CellTask, Measurement, Phase, Progress, Wrong
from harness.measure.pool import WorkerPool
from harness.measure.requests import RanClients, RunClients
from harness.measure.rounds import Rounds
from harness.measure.wall_clock import Part
from harness.outcome import Record
from harness.records.cells import Figures
from harness.verify.referee import Referee


def measurement(
    task: CellTask,
    pool: WorkerPool,
    referee: Referee,
    progress: Progress,
    rounds: Rounds,
    interleaved: bool = False,
) -> Measurement:
    """Returns what measures a cell, by whether it is one of several clients."""
    kind = AtOnce if task.cell.clients else Measurement
    return kind(task, pool, referee, progress, rounds, interleaved)


class AtOnce(Measurement):
    """Measures a cell whose clients run its program at once.

    A block takes five times what the slowest client's run does, at the least: in the first the
    clients start, in the second the last one's first run ends, for two the window is open, and what
    goes on then is waited for.
    """

    _lead, _window_seconds, _window_runs = 0.0, 0.0, 0

    def _first_run(self) -> None:
        super()._first_run()
        self._get_ready()

    def _run_again(self) -> None:
        super()._run_again()
        self._get_ready()

    def _get_ready(self) -> None:
        """Has each client run the program once, which opens its connection and tells how long."""
        self._at_once(RunClients(self._clients))

    @property
    def _clients(self) -> int:
        return self.task.cell.clients or 1

    def _block(self, turn: int) -> None:
        self._report(Phase.ROUND, len(self._rounds) + 1)
        seconds = max(self.rounds.block_seconds, 2 * self._lead)
        warming = max(self.rounds.warming_seconds, 2 * self._lead)
        ran = self._at_once(RunClients(self._clients, warming, seconds))
        for one in ran.kept:
            self._count(one, turn)
        self._window_seconds += seconds
        self._window_runs += ran.counted
        self._blocks += 1

    def _at_once(self, request: RunClients) -> RanClients:
        began = time.monotonic()
        ran = self._request(request)
        took = time.monotonic() - began
        self.pool.spent.add(Part.ENGINES, took)
        self._spent += took
        self._lead = ran.lead_seconds
        self._uncounted += ran.others
        if ran.rows != (self._rows,):
            rows = " and ".join(map(str, sorted(ran.rows)))
            raise Wrong(f"{self._clients} clients got {rows} rows, the checked run {self._rows}")
        return ran

    def _check_again(self) -> None:
        """Has each client run the program once more, all at once, and checks all their answers."""
        folder = self._worker.client.folder / "handed-over"
        folder.mkdir()
        try:
            ran = self._at_once(RunClients(self._clients, answers=folder))
            with self.pool.spent.on(Part.CHECKING):
                for number, answer in enumerate(ran.answers, 1):
                    self._compare(answer, f"client {number} of {self._clients} at once: ")
        except Wrong:
            self.pool.discard(self.task.cell)
            raise
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _figures(self) -> Figures:
        return super()._figures().model_copy(update=self._of_windows())

    def _figures_after(self, before: Record) -> Figures:
        return super()._figures_after(before).model_copy(update=self._of_windows(before.figures))

    def _of_windows(self, before: Figures | None = None) -> dict[str, float]:
        """Returns the figures of the windows of this pass and of those before."""
        seconds = before.window_seconds or 0.0 if before else 0.0
        runs = before.window_runs or 0 if before else 0
        return {
            "window_seconds": seconds + self._window_seconds,
            "window_runs": runs + self._window_runs,
        }
