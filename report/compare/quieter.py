"""`Results` -> the cells in view that an earlier run measured with a much smaller error.

The page always shows a cell's newest run, even if it is noisier than an earlier one: readers see
what they have just measured, and the engines of a query stay those of one run. The page says how
many cells are noisier than before, and what the earlier run found.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from report.compare.metrics import DEFAULT
from report.read.frame import ResultCell, Results

MUCH_NOISIER = 2.0
"""A cell is much noisier if its median's error is at least this many times the earlier one's."""


@dataclass(frozen=True)
class Replaced:
    """What earlier runs know of the cells in view.

    ``known`` counts the cells that an earlier run timed, with the same program, version and
    machine. ``quieter`` maps the index of a much noisier cell in `Results.cells` to the earlier
    cell with the smallest error.
    """

    known: int
    quieter: dict[int, ResultCell]


def replaced(results: Results) -> Replaced:
    """Finds the cells in view that earlier runs measured, too, with the same program.

    It counts them, and those whose error is MUCH_NOISIER times the smallest earlier one or more.
    """
    before: dict[object, list[ResultCell]] = {}
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


def _quietest(cells: Iterable[ResultCell]) -> ResultCell | None:
    best = min(cells, key=_error, default=None)
    return None if best is None or math.isinf(_error(best)) else best


def _error(cell: ResultCell) -> float:
    """Returns the standard error of the log of a cell's median; infinite for too few rounds."""
    estimate = DEFAULT.estimate(cell)
    return math.inf if estimate is None or estimate.log_error is None else estimate.log_error
