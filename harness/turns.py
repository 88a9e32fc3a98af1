"""A query's cells, one for each engine -> their records, measured in rounds that take turns."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.measure import Measurement, Progress, Task
from harness.outcome import Outcome, Record
from harness.pool import WorkerPool
from harness.referee import Referee

Ended = Callable[[Record], None]


def measure(
    tasks: Sequence[Task], pool: WorkerPool, referee: Referee, progress: Progress, ended: Ended
) -> None:
    """Measures the cells that answer one question, so that drift of the machine hits all alike.

    First each engine loads, then each runs once cold and has its answer checked. Then come turns
    of hot rounds, one of each engine, and each turn begins with another engine (A B C, B C A,
    ...), until every cell has enough. Where there is no room for all in memory at once, one
    engine after another does all of that, and the records say so. ``ended`` is given each record
    as soon as it is complete. Raises KeyboardInterrupt only.
    """
    left = list(tasks)
    if len(tasks) > 1:
        left = _Turns([Measurement(t, pool, referee, progress, True) for t in tasks], ended).run()
    for task in left:
        ended(_alone(Measurement(task, pool, referee, progress)))


def _alone(cell: Measurement) -> Record:
    cell.pool.refresh([cell.task.cell])
    cell.pool.make_room([cell.task.cell])
    cell.set_up()
    cell.first_run()
    turn = 0
    while cell.record is None:
        cell.round(turn)
        turn += 1
    return cell.record


class _Turns:
    """Cells that are measured side by side, and those for which there turns out to be no room."""

    def __init__(self, cells: Sequence[Measurement], ended: Ended) -> None:
        self.cells, self.ended = cells, ended
        self.pool = cells[0].pool
        self.going = list(cells)
        self.crowded: list[Task] = []

    def run(self) -> list[Task]:
        """Measures what it can; gives the tasks that found no room beside the others."""
        names = [cell.task.cell for cell in self.cells]
        self.pool.refresh(names)
        self.pool.make_room(names)
        for step in (Measurement.set_up, Measurement.first_run):
            for cell in tuple(self.going):
                if not self.pool.fits(names, cell.task.tables):
                    return [*self.crowded, *(cell.task for cell in self.going)]
                step(cell)
                self._settle(cell)
        turn = 0
        while self.going:
            self._turn(turn)
            turn += 1
        return self.crowded

    def _turn(self, turn: int) -> None:
        first = turn % len(self.going)
        for cell in (*self.going[first:], *self.going[:first]):
            cell.round(turn)
            self._settle(cell)

    def _settle(self, cell: Measurement) -> None:
        if cell.record is None:
            return
        self.going.remove(cell)
        if cell.record.outcome is Outcome.OOM and self.pool.crowds(cell.task.cell):
            self.crowded.append(cell.task)  # it may be the others who took its memory
        else:
            self.ended(cell.record)
