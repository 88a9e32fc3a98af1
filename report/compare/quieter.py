"""`Results` -> the cells in view that an earlier run knew much better, each with its earlier self.

The newest run of a cell is the one in view, whatever its noise: what a reader has just measured is
what the page shows, and the engines of a query stay those of one run. But a noisier run does not
take a quieter one's place in silence: the page says of how many cells that is so, and of each of
them what the earlier run found.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from report.compare.metrics import DEFAULT
from report.read.frame import Cell, Results

MUCH_NOISIER = 2.0
"""A cell is so where its median's error is so many times that of an earlier run."""


@dataclass(frozen=True)
class Replaced:
    """Cells in view that were measured before, and of those that were quieter the quietest run.

    ``known`` counts the cells in view with an earlier time from the same program in the same
    version on the same machine; ``quieter`` holds, by the place of a cell in `Results.cells`, the
    earlier cell.
    """

    known: int
    quieter: dict[int, Cell]


def replaced(results: Results) -> Replaced:
    """Looks at every cell that has a time, now and before."""
    before: dict[object, list[Cell]] = {}
    for cell in results.superseded:
        if cell.seconds:
            before.setdefault((cell.key, cell.program_sha256), []).append(cell)
    known, quieter = 0, {}
    for place, cell in enumerate(results.cells):
        earlier = before.get((cell.key, cell.program_sha256), []) if cell.seconds else []
        known += bool(earlier)
        best = _quietest(earlier)
        if best is not None and _error(cell) >= MUCH_NOISIER * _error(best):
            quieter[place] = best
    return Replaced(known, quieter)


def _quietest(cells: Iterable[Cell]) -> Cell | None:
    best = min(cells, key=_error, default=None)
    return None if best is None or math.isinf(_error(best)) else best


def _error(cell: Cell) -> float:
    """The standard error of the median's logarithm; infinite where too few rounds tell it."""
    estimate = DEFAULT.estimate(cell)
    return math.inf if estimate is None or estimate.log_error is None else estimate.log_error
