"""A cell's measurements -> one estimate for each metric that the reader can choose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.records.cells import ExtraInfo
from report.compare.statistics import Estimate, Sample, estimate_median
from report.read.frame import ResultCell

Unit = Literal["s", "MiB"]


@dataclass(frozen=True)
class Metric:
    """A quantity that is measured of each cell; less is better.

    ``samples`` returns a cell's numbers whose median is the value and whose spread gives the
    interval; ``single`` returns one number, which has no interval. ``superlative`` finishes the
    sentence "Polars is …" (fastest), and ``more``, with a ratio for ``{}``, the sentence "Polars …"
    (takes {} as long).
    """

    name: str
    label: str
    unit: Unit
    superlative: str
    more: str
    explanation: str
    samples: Callable[[ResultCell], Sequence[float]] | None = None
    single: Callable[[ResultCell], float | None] | None = None

    def _sample(self, cell: ResultCell) -> Sample | None:
        """Returns the cell's rounds by this metric, for a median.

        It is None if the cell's outcome is not ok, or if the metric is a single number of a cell.
        """
        if cell.outcome != "ok" or self.samples is None:
            return None
        alone = cell.extras is not None and cell.extras.interleaved is False
        run = None if alone else cell.run
        return Sample(self.samples(cell), cell.turns, cell.processes, run)

    def estimate(self, cell: ResultCell) -> Estimate | None:
        """Returns the cell's value with its interval, or None if it has no value."""
        sample = self._sample(cell)
        if sample is not None:
            return estimate_median(sample)
        value = self.single(cell) if self.single is not None and cell.outcome == "ok" else None
        return None if value is None else Estimate(float(value))


def _first_answer(info: ExtraInfo | None) -> float | None:
    if info is None or info.start_seconds is None or info.cold_seconds is None:
        return None
    return info.start_seconds + (info.load_seconds or 0) + info.cold_seconds


METRICS = (
    Metric(
        name="median",
        label="Hot time, median",
        unit="s",
        superlative="fastest",
        more="takes {} as long",
        explanation="the median wall-clock time of the hot rounds",
        samples=lambda cell: cell.seconds,
    ),
    Metric(
        name="minimum",
        label="Hot time, minimum",
        unit="s",
        superlative="fastest in its best round",
        more="takes {} as long in its best round",
        explanation="the shortest wall-clock time of the hot rounds; a minimum has no interval",
        single=lambda cell: min(cell.seconds),
    ),
    Metric(
        name="cold",
        label="Cold time",
        unit="s",
        superlative="fastest from cold",
        more="takes {} as long from cold",
        explanation="the first run of the program in its engine's process; one run, no interval",
        single=lambda cell: cell.cold_seconds,
    ),
    Metric(
        name="first",
        label="First answer",
        unit="s",
        superlative="first with an answer",
        more="takes {} as long to its first answer",
        explanation="what a short script waits for: starting the engine, loading the tables where "
        "they are in memory, and the cold run, added up; no interval",
        single=lambda cell: _first_answer(cell.extras),
    ),
    Metric(
        name="peak",
        label="Peak memory",
        unit="MiB",
        superlative="leanest in memory",
        more="needs {} as much memory",
        explanation="the most resident memory of the engine's process tree, loaded tables included",
        single=lambda cell: cell.peak_bytes,
    ),
    Metric(
        name="cpu",
        label="CPU time, median",
        unit="s",
        superlative="thriftiest with CPU time",
        more="takes {} as much CPU time",
        explanation="the median of user and system seconds of the hot rounds, all cores added up",
        samples=lambda cell: cell.cpu_seconds,
    ),
)
DEFAULT = METRICS[0]
