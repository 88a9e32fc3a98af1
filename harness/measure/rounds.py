"""Decides when a pass has enough hot rounds: medians known to 2.5%, or time or number used up."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.records.cells import Stopped
from harness.records.medians import interval_ranks

PRECISION = 0.025
"""Rounds end early where the median is known to within this share of itself."""
SHORT_SECONDS = 0.001
"""A program that takes less than this is run several times in a round."""
LOOPED_SECONDS = 0.005
"""The length of a round in which a short program is run several times."""
BLOCK_SECONDS = 0.25
"""The length of a block: an engine's counted rounds before the next engine's turn."""
WARMING_SHARE = 0.2
"""The time of a block's rounds that are not counted, as a share of its length."""
FEWEST_BLOCKS = 3
"""The fewest blocks of a cell: fewer may all fall into one disturbance of the machine."""
LATER_ROUNDS = 100
"""The most rounds of a cell's later pass; more would not show how processes differ."""


@dataclass(frozen=True)
class Rounds:
    """How many hot rounds a cell gets, in all its passes or in one.

    A pass gives a cell at least ``fewest`` and at most ``most`` rounds, and ends between the two
    when its medians are known to within ``precision``. When its rounds, counted or not, have taken
    ``seconds``, it gets no further one, but always a first; with ``most`` 0 it gets none. Each pass
    is run by processes of its own: ``processes`` are the fewest that a cell's rounds are spread
    over where time allows, each with its share of the seconds. Rounds come in blocks of ``block``
    seconds, or less where time is short; a fifth of a block's time goes into rounds before it that
    are not counted.
    """

    fewest: int = 5
    most: int = 1000
    seconds: float = 10.0
    processes: int = 1
    block: float = BLOCK_SECONDS
    precision: float = PRECISION

    def __post_init__(self) -> None:
        if not min(1, self.most) <= self.fewest <= self.most:
            raise ValueError("rounds must be: 1 <= fewest <= most, or both 0")
        if self.seconds < 0:
            raise ValueError("the seconds for rounds must not be negative")
        if self.processes < 1:
            raise ValueError("the processes for rounds must be at least 1")

    @property
    def block_seconds(self) -> float:
        """The length of a block."""
        return min(self.block, self.seconds / (FEWEST_BLOCKS + 1))

    @property
    def warming_seconds(self) -> float:
        return self.block_seconds * WARMING_SHARE

    @property
    def fewest_blocks(self) -> int:
        """The fewest blocks of a pass."""
        return math.ceil(FEWEST_BLOCKS / self.processes)

    def first(self, seconds: float) -> Rounds:
        """Returns the limits of a cell's first pass, which takes at most so many seconds."""
        return self.within(min(seconds, self.seconds / self.processes))

    def within(self, seconds: float) -> Rounds:
        """Returns the same limits with at most so many seconds."""
        return replace(self, seconds=max(0.0, min(seconds, self.seconds)))

    def later(self, seconds: float) -> Rounds:
        """Returns the limits of a later pass, which uses all of its seconds."""
        most = min(LATER_ROUNDS, self.most)
        share = self.first(seconds)
        return replace(share, fewest=min(self.fewest, most), most=most, precision=0.0)

    def sure(self, seconds: Sequence[float]) -> bool:
        """True if the median is known well enough; decided after few numbers of rounds only."""
        return self._looks_after(len(seconds)) and sure(seconds, self.precision)

    def limit(self, rounds: int, spent: float) -> Stopped | None:
        """Why a pass has no further round after ``rounds`` and ``spent`` seconds, or None."""
        if rounds >= self.most:
            return Stopped.ROUNDS
        return Stopped.BUDGET if rounds and spent >= self.seconds else None

    def _looks_after(self, done: int) -> bool:
        """True for the numbers of rounds after which to decide: from 5 on 5, 7, 10, 14, 20, 28, ...

        Deciding after each round would sooner or later meet rounds that agree by chance.
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
