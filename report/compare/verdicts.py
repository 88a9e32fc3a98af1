"""Tasks of one kind of work -> the engine to use for them, its lead, and what it costs.

static/verdicts.js does the same for what a reader chooses on the page.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from report.compare.comparison import Comparison, Score, Task, score
from report.compare.metrics import DEFAULT
from report.compare.statistics import PENALTY, Estimate, Ratio, mean_ratio, ratio_of
from report.read.frame import EngineVersion, Setting

NOTABLE = 1.1
"""The least ratio to the best of a query that counts as a price."""
MUCH_MEMORY = 1.5
"""The least ratio of two engines' memory that counts as a price."""


@dataclass(frozen=True)
class Worst:
    """The query on which one engine's ratio to another is largest."""

    query: str
    ratio: float


@dataclass(frozen=True)
class Rival:
    """An engine that is the best on more queries than the pick, the engine that is recommended.

    ``missing`` counts the queries on which the pick has a value and the rival none; ``worst`` is
    the query on which the rival's ratio to the pick is largest.
    """

    engine: EngineVersion
    wins: int
    missing: int
    worst: Worst | None


@dataclass(frozen=True)
class Pick:
    """The engine recommended for some tasks: its mean ratio to the best of each is the lowest.

    ``next`` is the engine with the second lowest, and its mean ratio to the pick. ``worst`` is the
    query on which the pick's ratio to the best is largest. ``leaner`` is the engine with the lowest
    peak memory, if that is much less than the pick's; memory is in bytes.
    """

    score: Score
    total: int
    missing: int
    next: tuple[EngineVersion, Ratio] | None
    rival: Rival | None
    worst: Worst | None
    memory: int | None
    leaner: tuple[EngineVersion, int] | None

    @property
    def engine(self) -> EngineVersion:
        return self.score.engine


def largest(settings: Iterable[Setting], rows: Mapping[tuple[str, str], int]) -> list[Setting]:
    """Returns the settings of the largest tables, the most threads and the largest memory limit.

    They are found for each machine, workload and input: of the settings of the largest tables those
    with the most threads, of these those with the largest limit, or without one, and of these those
    with the most clients, or without several. ``rows`` holds the rows of the tables by workload and
    size; several sizes may have the same number of rows.
    """
    listed = list(settings)
    most: dict[tuple[str, ...], tuple[float, ...]] = {}
    scale = {each: _scale(each, rows) for each in listed}
    for each in listed:
        where = (each.machine, each.workload, each.input)
        most[where] = max(most.get(where, ()), scale[each])
    return [e for e in listed if scale[e] == most[e.machine, e.workload, e.input]]


def _scale(setting: Setting, rows: Mapping[tuple[str, str], int]) -> tuple[float, ...]:
    others = (setting.memory_limit, setting.clients)
    unlimited = (math.inf if each is None else each for each in others)
    return rows.get((setting.workload, setting.size), 0), setting.threads, *unlimited


def narrowed(comparison: Comparison, settings: Iterable[Setting]) -> Comparison:
    """Returns the comparison of only these settings, with the engines ranked by their tasks."""
    kept = tuple(settings)
    tasks = tuple(task for task in comparison.tasks if task.setting in kept)
    scores = scores_of(tasks, comparison.engines)
    return Comparison(tuple(each.engine for each in scores), kept, tasks, tuple(scores))


def scores_of(tasks: Sequence[Task], engines: Iterable[EngineVersion]) -> list[Score]:
    """Returns the scores of the engines that have a cell, best first; equals keep their order."""
    found = [score(tasks, e) for e in engines if any(e in task.entries for task in tasks)]
    return sorted(found, key=lambda each: math.inf if each.mean is None else each.mean.value)


def pick(tasks: Sequence[Task], engines: Iterable[EngineVersion]) -> Pick | None:
    """Returns the engine recommended for some tasks and its lead; None if no engine has a value."""
    timed = [each for each in scores_of(tasks, engines) if each.mean is not None]
    if not timed:
        return None
    best, *others = timed
    peaks = {each.engine: _peak(tasks, each.engine) for each in timed}
    return Pick(
        score=best,
        total=len(tasks),
        missing=len(_missing(tasks, best.engine)),
        next=_next(tasks, best.engine, others),
        rival=_rival(tasks, best, others),
        worst=_worst(tasks, best.engine),
        memory=peaks[best.engine],
        leaner=_leaner(peaks, best.engine),
    )


def _next(
    tasks: Sequence[Task], best: EngineVersion, others: Sequence[Score]
) -> tuple[EngineVersion, Ratio] | None:
    if not others:
        return None
    engine = others[0].engine
    both = (task for task in tasks if {best, engine} <= task.entries.keys())
    ratios = [each for task in both if (each := _counted(task, engine, best)) is not None]
    mean = mean_ratio(ratios)
    return None if mean is None else (engine, mean)


def _counted(task: Task, one: EngineVersion, other: EngineVersion) -> Ratio | None:
    """Returns one engine's value over the other's; a missing one is PENALTY times the worst."""
    values = [each.value for each in task.entries.values() if each.value is not None]
    if not values:
        return None
    missing = Estimate(PENALTY * max(values), log_error=0.0)
    mine, theirs = (task.entries[e].estimates.get(DEFAULT.name) for e in (one, other))
    if mine is not None and theirs is not None:
        return task.ratio(one, other)
    return ratio_of(mine or missing, theirs or missing)


def _rival(tasks: Sequence[Task], best: Score, others: Sequence[Score]) -> Rival | None:
    rival = max(others, key=lambda each: each.wins, default=None)
    if rival is None or rival.wins <= best.wins:
        return None
    unanswered = _missing(tasks, rival.engine)
    missing = [task for task in unanswered if task not in _missing(tasks, best.engine)]
    return Rival(rival.engine, rival.wins, len(missing), _worst(tasks, rival.engine, best.engine))


def _missing(tasks: Sequence[Task], engine: EngineVersion) -> list[Task]:
    own = (task for task in tasks if engine in task.entries)
    return [task for task in own if task.entries[engine].value is None]


def _worst(
    tasks: Sequence[Task], engine: EngineVersion, other: EngineVersion | None = None
) -> Worst | None:
    """Returns the query on which an engine's ratio to another (by default the best) is largest.

    It is None if no ratio is NOTABLE or more, with an interval that excludes 1.
    """
    found = None
    for task in tasks:
        best = task.standing.best
        base = other if other is not None or best is None else best.cell.engine
        if base is None or base == engine or not {base, engine} <= task.entries.keys():
            continue
        ratio = task.ratio(engine, base)
        if ratio is None or ratio.covers_one or ratio.value < NOTABLE:
            continue
        if found is None or ratio.value > found.ratio:
            found = Worst(task.query, ratio.value)
    return found


def _peak(tasks: Sequence[Task], engine: EngineVersion) -> int | None:
    cells = [task.entries[engine].cell for task in tasks if engine in task.entries]
    return max((c.peak_bytes for c in cells if c.peak_bytes and c.outcome == "ok"), default=None)


def _leaner(
    peaks: Mapping[EngineVersion, int | None], best: EngineVersion
) -> tuple[EngineVersion, int] | None:
    """Returns the engine with the lowest peak of memory, and this peak in bytes; or None.

    None if the engine ``best`` has no peak, or needs less than MUCH_MEMORY times the lowest.
    """
    known = {engine: peak for engine, peak in peaks.items() if peak is not None}
    own = known.get(best)
    if own is None:
        return None
    engine = min(known, key=lambda each: known[each])
    return (engine, known[engine]) if own >= MUCH_MEMORY * known[engine] else None
