"""Measures a query's cells, one for each engine, in blocks that take turns."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

from harness.measure.cell import CellTask, Measurement, Progress
from harness.measure.clients import measurement
from harness.measure.pool import WorkerPool
from harness.measure.rounds import Rounds
from harness.outcome import Outcome, Record
from harness.verify.referee import Referee

Ended = Callable[[Record], None]


def measure(
    tasks: Sequence[CellTask],
    pool: WorkerPool,
    referee: Referee,
    progress: Progress,
    ended: Ended,
    rounds: Rounds | None = None,
) -> None:
    """Measures the cells of one question in turns, so that drift of the machine hits all alike.

    First each engine loads its tables. Then each runs its program once: in the first pass cold,
    with its answer checked; in a later pass without counting the run. Then come turns of hot
    rounds, a block of each engine, until all medians are known well enough; an engine that may have
    no further round drops out earlier. If the engines do not fit into memory together, they are
    measured one after another, and their records say so. ``rounds`` are the limits of this pass
    (the settings' by default). ``ended`` is called with each record as soon as it is complete.
    Raises KeyboardInterrupt only.
    """
    wanted = rounds or pool.settings.rounds
    left = list(tasks)
    if len(tasks) > 1:
        cells = [measurement(t, pool, referee, progress, wanted, interleaved=True) for t in tasks]
        left = _Turns(cells, ended).run()
    for task in left:
        _alone(measurement(task, pool, referee, progress, wanted), ended)


def _alone(cell: Measurement, ended: Ended) -> None:
    _make_ready(cell.pool, [cell])
    cell.set_up()
    cell.first_run()
    for record in _hot([cell]):
        ended(record)


def _make_ready(pool: WorkerPool, cells: Sequence[Measurement]) -> None:
    """Ends other cells' workers that use up memory, and begins to start these cells' workers."""
    pool.refresh(cell.task.cell for cell in cells if cell.task.before is None)
    pool.start(cell.task.cell for cell in cells)
    pool.make_room(cell.task.cell for cell in cells)


def _hot(cells: Sequence[Measurement]) -> Iterator[Record]:
    """Runs the hot rounds of cells after their first runs; yields each record when it is complete.

    Blocks of the engines alternate, so that a disturbance of the machine hits all alike, and end
    together where time allows. The other engines do not change what a counted round takes, because
    another round of the same engine comes right before it. Turns are numbered on from those of
    earlier passes.
    """
    turn = max((one.turn + 1 for cell in cells for one in cell.task.rounds), default=0)
    going, orders = list(cells), _Orders(turn)
    while going:
        enough = all(cell.sure or cell.limit for cell in going)
        for cell in going:
            if enough or cell.limit:
                cell.complete()
        yield from _ended(going)  # before others' rounds, in which the run may be broken off
        going = [cell for cell in going if cell.record is None]
        for cell in orders.next(going):
            cell.block(turn)
        yield from _ended(going)
        going = [cell for cell in going if cell.record is None]
        turn += 1


def _ended(cells: Sequence[Measurement]) -> list[Record]:
    return [cell.record for cell in cells if cell.record is not None]


class _Orders:
    """Makes the order of engines in each turn: random, but the same in every run.

    No engine is the last in one turn and the first in the next. If one engine always came before
    another, what it leaves behind in the machine would become a part of the difference between the
    two.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._last: Measurement | None = None

    def next(self, cells: Sequence[Measurement]) -> list[Measurement]:
        order = self._random.sample(cells, len(cells))
        while len(order) > 1 and order[0] is self._last:
            self._random.shuffle(order)
        self._last = order[-1] if order else None
        return order


class _Turns:
    """Measures cells in turns; collects the tasks of those that do not fit into memory together."""

    def __init__(self, cells: Sequence[Measurement], ended: Ended) -> None:
        self.cells, self.ended = cells, ended
        self.pool = cells[0].pool
        self.tasks = {cell.task.cell: cell.task for cell in cells}
        self.crowded: list[CellTask] = []

    def run(self) -> list[CellTask]:
        """Measures the cells that fit into memory together; returns the tasks of the others."""
        names = [cell.task.cell for cell in self.cells]
        _make_ready(self.pool, self.cells)
        going = list(self.cells)
        for step in (Measurement.set_up, Measurement.first_run):
            for cell in tuple(going):
                if not self.pool.fits(names, cell.task.tables):
                    return [*self.crowded, *(cell.task for cell in going)]
                step(cell)
                if cell.record is not None:
                    going.remove(cell)
                    self._settle(cell.record)
        for record in _hot(going):
            self._settle(record)
        return self.crowded

    def _settle(self, record: Record) -> None:
        if record.outcome is Outcome.OOM and self.pool.crowds(record.cell):
            self.crowded.append(self.tasks[record.cell])  # others may have taken its memory
        else:
            self.ended(record)
