"""Divides the seconds that a run may take: between its first pass and its further passes."""

from __future__ import annotations

import time
from collections.abc import Callable

ROUNDS_SHARE = 0.2
"""The part of a budget for the hot rounds of first passes; other work comes on top."""
FIRST_SHARE = 2 / 3
"""When this part of a budget is used up, cells get a single round in their first pass."""
LEAST_VISIT = 10.0
"""The fewest seconds of a visit to a workload: its processes need some of them to start."""


class Budget:
    """The seconds that a run may take, and how passes and visits share them.

    Time in which data is made does not count, because data is made only once.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds, self._clock = seconds, clock
        self._began: float | None = None
        self._free = 0.0

    def begin(self) -> None:
        self._began = self._clock()

    def spare(self, seconds: float) -> None:
        """Takes ``seconds`` out of the used time: they do not count."""
        self._free += seconds

    @property
    def used(self) -> float:
        """The seconds that the run has used so far."""
        return 0.0 if self._began is None else self._clock() - self._began - self._free

    @property
    def left(self) -> float:
        """The seconds that the run may still use; 0 after its end."""
        return max(0.0, self.seconds - self.used)

    def first(self, cells: int) -> float:
        """Returns the seconds for rounds in a cell's first pass, in a run of ``cells`` cells.

        They are 0 once the run has used FIRST_SHARE of its seconds.
        """
        if self.used > FIRST_SHARE * self.seconds:
            return 0.0
        return ROUNDS_SHARE * self.seconds / max(cells, 1)

    def visit(self, workloads: int) -> float:
        """Returns the seconds of the next visit, if ``workloads`` workloads need further rounds.

        Half of the remaining time is divided by the number of workloads, so that each is visited
        several times; a visit gets at least LEAST_VISIT seconds, if so many remain.
        """
        return min(self.left, max(LEAST_VISIT, self.left / (2 * max(workloads, 1))))
