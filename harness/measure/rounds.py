"""The seconds of a cell's hot rounds so far -> whether they are enough, or must be all."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from harness.records.cells import Stopped
from harness.records.medians import interval_ranks

PRECISION = 0.025
"""Rounds end early where the median is known to within this share of itself."""
SHORT_SECONDS = 0.001
"""A program that takes less is run several times in a round."""
LOOPED_SECONDS = 0.005
"""How long a round of such a program is made."""
BLOCK_SECONDS = 0.25
"""How long an engine's counted rounds go on before it is another's turn."""
WARMING_SHARE = 0.2
"""What of that time goes before, in rounds that are not counted."""
FEWEST_BLOCKS = 3
"""A median that is known from fewer might be that of a moment."""


@dataclass(frozen=True)
class Rounds:
    """How many hot rounds a cell gets: until its median is known well enough.

    At least ``fewest`` and at most ``most``, which keeps records small; but once they took
    ``seconds``, with those that are not counted, there is no further one, though always a first.
    With ``most`` 0 there is none. Where they are spread over several ``processes``, each of them
    has as many, in its share of the seconds. Rounds come in blocks of ``block`` seconds, or less
    where there is no time for several, each after a fifth of that in rounds that are not counted.
    """

    fewest: int = 5
    most: int = 1000
    seconds: float = 10.0
    processes: int = 1
    block: float = BLOCK_SECONDS

    def __post_init__(self) -> None:
        if not min(1, self.most) <= self.fewest <= self.most:
            raise ValueError("rounds must be: 1 <= fewest <= most, or both 0")
        if self.seconds < 0:
            raise ValueError("the seconds for rounds must not be negative")
        if self.processes < 1:
            raise ValueError("the processes for rounds must be at least 1")

    @property
    def block_seconds(self) -> float:
        """Of counted rounds in a row."""
        return min(self.block, self.seconds / self.processes / (FEWEST_BLOCKS + 1))

    @property
    def warming_seconds(self) -> float:
        return self.block_seconds * WARMING_SHARE

    @property
    def fewest_blocks(self) -> int:
        """Of each process, before its rounds are enough."""
        return math.ceil(FEWEST_BLOCKS / self.processes)

    def sure(self, seconds: Sequence[float]) -> bool:
        """Whether rounds of so many seconds are looked at, and then tell the median well enough."""
        return self._looks_after(len(seconds)) and sure(seconds)

    def limit(self, rounds: int, spent: float) -> Stopped | None:
        """Why a process has no further round after so many, and so many seconds spent on them."""
        if rounds >= self.most:
            return Stopped.ROUNDS
        return Stopped.BUDGET if rounds and spent >= self.seconds / self.processes else None

    def _looks_after(self, done: int) -> bool:
        """Whether so many rounds are looked at: of 5 at the fewest 5, 7, 10, 14, 20, 28, 40, ...

        A look after each round would sooner or later find rounds that agree by chance.
        """
        if done < self.fewest or not self.fewest:
            return False
        doublings = round(2 * math.log2(done / self.fewest)) / 2
        return done == round(self.fewest * 2**doublings)


def sure(seconds: Sequence[float], precision: float = PRECISION) -> bool:
    """Whether the 95% interval of the median lies within ``precision`` of it, either way.

    The interval is the one that the report shows, between two of the rounds.
    """
    ordered, median = sorted(seconds), statistics.median(seconds)
    low, high = (ordered[rank] for rank in interval_ranks(len(ordered)))
    return high - median <= precision * median and median - low <= precision * median


def loops_for(seconds: float) -> int:
    """How often a program that takes ``seconds`` is run in one round."""
    return 1 if seconds >= SHORT_SECONDS else math.ceil(LOOPED_SECONDS / max(seconds, 1e-6))
