"""Ranks the engines of one results file as on the page, as texts for the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from report.compare.comparison import Score, compare
from report.read.frame import load
from report.words import wording
from report.words.verdicts import headline


@dataclass(frozen=True)
class Ranked:
    """An engine with its geometric mean ratio to the best, its 95% interval, and its wins.

    ``wins`` counts the queries on which this engine alone is the best, ``ties`` those on which it
    ties with the best, ``unclear`` those on which the intervals leave open whether it is the best.
    """

    engine: str
    ratio: str
    interval: str
    wins: int
    ties: int
    unclear: int


def ranking(results: Path) -> list[Ranked]:
    """Returns the engines that have a time, best first, at the largest size and most threads.

    Raises ReportError if the results file cannot be used.
    """
    loaded = load([results])
    scores = headline(loaded, compare(loaded)).scores
    return [ranked for score in scores if (ranked := _ranked(score)) is not None]


def _ranked(score: Score) -> Ranked | None:
    mean = score.mean
    if mean is None:
        return None
    interval = wording.interval(mean.low, mean.high)
    times = wording.times(mean.value)
    return Ranked(score.engine.name, times, interval, score.wins, score.ties, score.unclear)
