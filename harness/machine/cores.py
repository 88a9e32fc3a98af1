"""Warns of engines that kept more cores busy than they were given threads."""

from __future__ import annotations

from collections.abc import Iterable

from harness.outcome import Record

TOLERANCE = 1.1
"""The cores per thread that still count as one: timers and helper threads run, too."""
FEWEST_SECONDS = 0.05
"""The least total time of rounds by which cores are counted."""


def busy_cores(record: Record) -> float | None:
    """Returns the processor time of a cell's rounds over their wall-clock time.

    Of several clients' rounds so many go on at once. It is None if the rounds took less than
    FEWEST_SECONDS together, which is too short to tell.
    """
    seconds = sum(one.seconds for one in record.rounds)
    loops = record.figures.loops if record.figures else None
    if seconds * (loops or 1) < FEWEST_SECONDS:
        return None
    at_once = record.cell.clients or 1
    return at_once * sum(one.cpu_seconds for one in record.rounds) / seconds


def overruns(records: Iterable[Record]) -> list[str]:
    """Returns a warning for each engine that kept more cores busy than it was given threads.

    There is one for each number of threads; up to TOLERANCE times as many cores are no reason.
    """
    over: dict[tuple[str, int], list[tuple[float, Record]]] = {}
    for record in records:
        cores, cell = busy_cores(record), record.cell
        if cores is not None and cores > TOLERANCE * cell.threads:
            over.setdefault((cell.engine, cell.threads), []).append((cores, record))
    return [_words(engine, threads, found) for (engine, threads), found in over.items()]


def _words(engine: str, threads: int, found: list[tuple[float, Record]]) -> str:
    cores, worst = max(found, key=lambda pair: pair[0])
    where = f"{worst.cell.workload}::{worst.cell.query} {worst.cell.input}"
    more = f" and {len(found) - 1} more cells" if len(found) > 1 else ""
    return f"{engine} kept {cores:.1f} cores busy and was given {threads}: {where}{more}"
