"""A cell's measurements -> one estimate for each metric that the reader can choose."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from report.frame import Cell
from report.statistics import SHIFT_SECONDS, Estimate, estimate_median

Unit = Literal["s", "MiB"]


@dataclass(frozen=True)
class Metric:
    """Something of which less is better.

    ``samples`` gives the numbers whose median is the value and whose spread gives the interval;
    ``single`` gives one number that has no interval. ``shift`` is added to both sides of a ratio
    in a mean. ``superlative`` finishes the sentence "Polars is …".
    """

    name: str
    label: str
    unit: Unit
    shift: float
    superlative: str
    explanation: str
    samples: Callable[[Cell], Sequence[float]] | None = None
    single: Callable[[Cell], float | None] | None = None

    def estimate(self, cell: Cell) -> Estimate | None:
        """The cell's value, or None where it has none."""
        if cell.outcome != "ok":
            return None
        if self.samples is not None:
            return estimate_median(self.samples(cell), cell.processes)
        value = self.single(cell) if self.single is not None else None
        return None if value is None else Estimate(float(value))

    def by_turn(self, cell: Cell) -> Mapping[int, float]:
        """Turn -> the sample taken in it; empty where the engines took no turns."""
        if self.samples is None:
            return {}
        return dict(zip(cell.turns, self.samples(cell), strict=False))


METRICS = (
    Metric(
        name="median",
        label="Hot time, median",
        unit="s",
        shift=SHIFT_SECONDS,
        superlative="fastest",
        explanation="the median wall-clock time of the hot rounds",
        samples=lambda cell: cell.seconds,
    ),
    Metric(
        name="minimum",
        label="Hot time, minimum",
        unit="s",
        shift=SHIFT_SECONDS,
        superlative="fastest in its best round",
        explanation="the shortest wall-clock time of the hot rounds; a minimum has no interval",
        single=lambda cell: min(cell.seconds),
    ),
    Metric(
        name="cold",
        label="Cold time",
        unit="s",
        shift=SHIFT_SECONDS,
        superlative="fastest from cold",
        explanation="the first run of the program in its engine's process; one run, no interval",
        single=lambda cell: cell.cold_seconds,
    ),
    Metric(
        name="peak",
        label="Peak memory",
        unit="MiB",
        shift=0.0,
        superlative="leanest in memory",
        explanation="the most resident memory of the engine's process tree, loaded tables included",
        single=lambda cell: cell.peak_bytes,
    ),
    Metric(
        name="cpu",
        label="CPU time, median",
        unit="s",
        shift=SHIFT_SECONDS,
        superlative="thriftiest with CPU time",
        explanation="the median of user and system seconds of the hot rounds, all cores added up",
        samples=lambda cell: cell.cpu_seconds,
    ),
)
DEFAULT = METRICS[0]
