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
    """Limits on the hot rounds of a cell: for all its passes as a user sets them, or for one pass.

    - ``fewest`` and ``most``: the counted rounds of a pass.
    - ``precision``: between these two a pass ends when the median's 95% interval is within this
      share of the median.
    - ``seconds``: what all rounds may take, counted or not; a pass has one round even after that,
      unless ``most`` is 0.
    - ``processes``: the fewest passes, each in processes of its own, where time allows.
    - ``block``: the seconds of rounds that are run in a row; before them, rounds for a fifth of
      that time are not counted.
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
        """Returns how long the counted rounds of a block are to take, in seconds.

        It is ``block``, or less if ``seconds`` have no room for one block more than FEWEST_BLOCKS.
        """
        return min(self.block, self.seconds / (FEWEST_BLOCKS + 1))

    @property
    def warming_seconds(self) -> float:
        return self.block_seconds * WARMING_SHARE

    @property
    def fewest_blocks(self) -> int:
        """Returns the fewest blocks that a pass has before its median counts as known.

        They are FEWEST_BLOCKS, shared out among the passes that the user orders (``processes``).
        """
        return math.ceil(FEWEST_BLOCKS / self.processes)

    def first(self, seconds: float) -> Rounds:
        """Returns the limits of a cell's first pass: at most ``seconds``, and at most its share.

        Its share is this object's ``seconds`` divided by ``processes``.
        """
        return self.within(min(seconds, self.seconds / self.processes))

    def within(self, seconds: float) -> Rounds:
        """Returns the same limits, but with at most ``seconds`` for the rounds."""
        return replace(self, seconds=max(0.0, min(seconds, self.seconds)))

    def later(self, seconds: float) -> Rounds:
        """Returns the limits of a later pass: ``seconds`` are used up, however precise the median.

        It also ends after LATER_ROUNDS rounds, and gets at most as many seconds as a first pass.
        """
        most = min(LATER_ROUNDS, self.most)
        share = self.first(seconds)
        return replace(share, fewest=min(self.fewest, most), most=most, precision=0.0)

    def sure(self, seconds: Sequence[float]) -> bool:
        """True if the median of these rounds is known to within ``precision``.

        It is decided only after certain numbers of rounds; after others the answer is False.
        """
        return self._looks_after(len(seconds)) and sure(seconds, self.precision)

    def limit(self, rounds: int, spent: float) -> Stopped | None:
        """Returns why a pass ends after so many rounds and ``spent`` seconds; None if it goes on.

        It ends after ``most`` rounds (Stopped.ROUNDS), and after at least one round once
        ``seconds`` are spent (Stopped.BUDGET).
        """
        if rounds >= self.most:
            return Stopped.ROUNDS
        return Stopped.BUDGET if rounds and spent >= self.seconds else None

    def _looks_after(self, done: int) -> bool:
        """True if ``sure`` decides after ``done`` rounds: from 5 on 5, 7, 10, 14, 20, 28, ...

        If it decided after each round, some rounds would sooner or later agree by chance.
        """
        if done < self.fewest or not self.fewest:
            return False
        doublings = round(2 * math.log2(done / self.fewest)) / 2
        return done == round(self.fewest * 2**doublings)


def sure(seconds: Sequence[float], precision: float = PRECISION) -> bool:
    """Returns whether both ends of the median's 95% interval are within ``precision`` of it.

    Precision is a share: 0.025 is 2.5%. The interval is the one that the report shows; its ends are
    two of the rounds.
    """
    ordered, median = sorted(seconds), statistics.median(seconds)
    low, high = (ordered[rank] for rank in interval_ranks(len(ordered)))
    return high - median <= precision * median and median - low <= precision * median


def loops_for(seconds: float) -> int:
    """Returns how many times a program that takes ``seconds`` is run in one round.

    Once if it takes SHORT_SECONDS or more, otherwise as often as fills LOOPED_SECONDS.
    """
    return 1 if seconds >= SHORT_SECONDS else math.ceil(LOOPED_SECONDS / max(seconds, 1e-6))
