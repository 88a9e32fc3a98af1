"""Counts the seconds of each part of a run: what measuring costs beside the engines."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from harness.records.runs import WallClock


class Part(StrEnum):
    """What a run spends time on; all other time is that of pytest, the probe and the harness."""

    ENGINES = "engines"  # cold and hot runs, loops and warm-up among them, and loading tables
    STARTING = "starting"  # waiting for engines' processes
    CHECKING = "checking"  # handing answers over, reference answers, comparing
    DATA = "data"  # making and looking up tables


class Spent:
    """Counts wall-clock seconds by part of a run, and in all since this object was made."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._seconds = dict.fromkeys(Part, 0.0)

    def add(self, part: Part, seconds: float) -> None:
        self._seconds[part] += seconds

    @contextmanager
    def on(self, part: Part) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            self.add(part, time.monotonic() - began)

    def entry(self) -> WallClock:
        """Returns the seconds as a results file describes them."""
        parts = {str(part): round(seconds, 3) for part, seconds in self._seconds.items()}
        return WallClock(total=round(time.monotonic() - self._began, 3), **parts)

    def words(self) -> str:
        """Returns a line of text with the seconds of each part, and of all else."""
        seconds = {part: round(each) for part, each in self.entry()}
        total = seconds.pop("total")
        return (
            f"{total} s: {seconds['engines']} s in engines, {seconds['starting']} s starting them, "
            f"{seconds['checking']} s checking answers, {seconds['data']} s for data, "
            f"{max(0, total - sum(seconds.values()))} s for all else"
        )
