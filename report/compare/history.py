"""`Results` -> the past of each query's cells: what each engine took in one run after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter

from report.compare.metrics import DEFAULT, Metric
from report.compare.statistics import Estimate
from report.read.frame import Cell, Results, Setting

UNREACHED = ("skipped", "unavailable")
"""Outcomes that tell nothing of the engine: it was not run."""
Past = tuple[Cell, ...]
"""One engine's cells of one task, oldest first, whatever its versions."""


@dataclass(frozen=True)
class Point:
    """One run of one engine. ``estimate`` is None where the cell has no value.

    ``mark`` is the engine's version where it is another than in the run before.
    """

    cell: Cell
    estimate: Estimate | None
    mark: str


class History:
    """The cells of all runs that have the SQL in view, by task and by engine."""

    def __init__(self, results: Results) -> None:
        cells = sorted((*results.cells, *results.superseded), key=attrgetter("started"))
        found: dict[tuple[Setting, str], dict[str, list[Cell]]] = {}
        for cell in cells:
            if cell.outcome not in UNREACHED:
                engines = found.setdefault((cell.setting, cell.query), {})
                engines.setdefault(cell.engine.name, []).append(cell)
        self._pasts = found

    def of(self, setting: Setting, query: str) -> Mapping[str, Past]:
        """Each engine's past; empty where the query was run once at most."""
        engines = self._pasts.get((setting, query), {})
        if len({cell.started for cells in engines.values() for cell in cells}) < 2:
            return {}
        return {name: tuple(cells) for name, cells in engines.items()}


def points(past: Past, metric: Metric = DEFAULT) -> Iterator[Point]:
    """The values of one engine, oldest first."""
    version: str | None = None
    for cell in past:
        changed = version is not None and cell.engine.version != version
        mark = (cell.engine.version or "") if changed else ""
        yield Point(cell, metric.estimate(cell), mark)
        version = cell.engine.version or version
