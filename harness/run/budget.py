"""The seconds that a run may take -> shares of them, by what is left as it goes on."""

from __future__ import annotations

import time
from collections.abc import Callable

ROUNDS_SHARE = 0.2
"""The part of a budget that goes into the hot rounds of first passes, besides what comes before."""
FIRST_SHARE = 2 / 3
"""When this part of a budget is used up, cells get a single round in their first pass."""
LEAST_VISIT = 10.0
"""The fewest seconds of a visit to a workload, whose processes take some of them to start."""


class Budget:
    """The seconds of a run. Making data is not counted: it is made once, and kept."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds, self._clock = seconds, clock
        self._began: float | None = None
        self._free = 0.0

    def begin(self) -> None:
        self._began = self._clock()

    def spare(self, seconds: float) -> None:
        """Takes seconds that have passed off those that are used up."""
        self._free += seconds

    @property
    def used(self) -> float:
        """The seconds of the budget that are used up."""
        return 0.0 if self._began is None else self._clock() - self._began - self._free

    @property
    def left(self) -> float:
        """The seconds that are left; 0 after the end."""
        return max(0.0, self.seconds - self.used)

    def first(self, cells: int) -> float:
        """Returns the seconds of rounds in a cell's first pass, in a run of so many cells."""
        if self.used > FIRST_SHARE * self.seconds:
            return 0.0
        return ROUNDS_SHARE * self.seconds / max(cells, 1)

    def visit(self, workloads: int) -> float:
        """Returns the seconds of a visit, if so many ``workloads`` want further rounds.

        Half of what is left goes to all of them alike, so that each is visited several times.
        """
        return min(self.left, max(LEAST_VISIT, self.left / (2 * max(workloads, 1))))
