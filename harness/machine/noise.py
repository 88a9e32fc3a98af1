"""Times a fixed piece of work before and during a run, to see if the machine's speed changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from harness.machine.environment import load
from harness.records.runs import NoiseEntry

BEFORE = 5
"""The number of probes before a run."""
FEWEST = 3
"""The fewest probes during a run; missing ones are taken at its end."""
GROUPS = 10
GROUP = 5
"""The probes during a run are cut into at most GROUPS groups of at least GROUP probes."""
SHARE = 0.015
"""The part of a run's time that probes may take."""
TOLERANCE = 0.05
"""A run is noisy if its probe moved by more than this share..."""
SCATTER = 0.1
"""...or if the middle half of its probes lies further apart than this share of their median."""
SINES = 100
COPIES = 10
CACHED_VALUES = 2**15
COPIED_BYTES = 2**25
"""Bytes copied by all threads together; each copies at least 1 MiB."""


class Probe:
    """Work for every core that a run uses: sines of cached numbers, and copies in memory.

    It runs on as many threads as engines have, so that a core that is busy with other work shows.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        values = max(COPIED_BYTES // threads, 2**20) // 8
        self._rows = [(np.linspace(0, 1, values), np.empty(values)) for _ in range(threads)]

    def __call__(self) -> float:
        """Runs the probe; returns its wall-clock seconds."""
        with ThreadPoolExecutor(self.threads) as pool:
            began = time.perf_counter()
            for done in [pool.submit(_work, *row) for row in self._rows]:
                done.result()
            return time.perf_counter() - began


def _work(source: np.ndarray, target: np.ndarray) -> None:
    for _ in range(SINES):
        np.sin(source[:CACHED_VALUES], out=target[:CACHED_VALUES])
    for _ in range(COPIES):
        np.copyto(target, source)


def moved(probes: Sequence[float], before: int = BEFORE) -> float:
    """Returns how much the machine's speed changed: 0.1 if probes came to take 10% longer.

    The first ``before`` probes were taken before the run. The others, in time order, are cut into
    at most GROUPS even groups of at least GROUP probes. Of the groups' medians, the one furthest
    from the median before the run is compared with that. Medians are not changed by a single late
    probe; groups show a disturbance of a tenth of the run.
    """
    rest = np.asarray(probes[before:])
    if not len(rest):
        return 0.0
    first = float(np.median(probes[:before]))
    groups = np.array_split(rest, min(GROUPS, max(1, len(rest) // GROUP)))
    shares = [float(np.median(group)) / first - 1 for group in groups]
    return max(shares, key=abs)


def scattered(probes: Sequence[float]) -> float:
    """Returns the interquartile range of all probes over their median; 0 for none."""
    if not len(probes):
        return 0.0
    low, middle, high = np.percentile(probes, [25, 50, 75])
    return float((high - low) / middle)


class Noise:
    """Takes probes before a run, between its cells, and at its end; never during a timed run.

    If ``begin`` was never called there are no probes, and no noise.
    """

    def __init__(
        self, probe: Callable[[], float], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._probe, self._clock = probe, clock
        self._began = self._spent = 0.0
        self.probes: list[float] = []
        self.loads: list[float] = []

    def resume(self, before: NoiseEntry) -> None:
        """Takes over the probes of the run that this one continues; the first stay the basis."""
        self.probes, self.loads = list(before.probe_seconds), list(before.loads)

    def begin(self) -> None:
        self._probe()  # pages are touched, threads are tried
        self.probes += [self._probe() for _ in range(BEFORE)]
        self._began, self._spent = self._clock(), 0.0

    def between(self) -> None:
        """Takes a probe if the probes so far took at most 1.5% of the run's time."""
        if self.probes and self._spent <= SHARE * (self._clock() - self._began):
            self._take()

    def end(self) -> None:
        while self.probes and len(self.probes) < BEFORE + FEWEST:
            self._take()

    def _take(self) -> None:
        began = self._clock()
        self.probes.append(self._probe())
        self.loads.append(load())
        self._spent += self._clock() - began

    @property
    def moved(self) -> float:
        return moved(self.probes)

    @property
    def noisy(self) -> bool:
        return abs(self.moved) > TOLERANCE or self.scattered > SCATTER

    @property
    def scattered(self) -> float:
        return scattered(self.probes)

    @property
    def load(self) -> float | None:
        """The mean of the load averages at the probes during the run."""
        return round(float(np.mean(self.loads)), 2) if self.loads else None

    def entry(self) -> NoiseEntry:
        """Returns the noise as a results file describes it."""
        return NoiseEntry(
            probe_seconds=tuple(round(seconds, 6) for seconds in self.probes),
            moved=round(self.moved, 4),
            scattered=round(self.scattered, 4),
            noisy=self.noisy,
            loads=tuple(self.loads),
        )

    def words(self) -> str:
        """Returns a warning about a noisy run; "" for a quiet one."""
        if not self.noisy:
            return ""
        way = "slower" if self.moved > 0 else "faster"
        seen = f"ran up to {abs(self.moved):.0%} {way} during the run than before it"
        if abs(self.moved) <= TOLERANCE:
            seen = f"took times that lie {self.scattered:.0%} apart"
        return (
            f"noisy: a fixed probe {seen}, so the machine was not the same all the time; "
            "repeat the run when nothing else runs"
        )
