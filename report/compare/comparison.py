"""Compares engines side by side on each task: `Results` -> `Comparison` with ratios, ties, scores.

The terminal's ranking and the order of the page's engines are by these scores. What a reader
selects on the page is compared by static/model.js.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from report.compare.metrics import DEFAULT, METRICS
from report.compare.resampling import Errors, pair_errors
from report.compare.statistics import PENALTY, Estimate, MeanRatio, Ratio, geometric_mean, ratio_of
from report.read.frame import EngineVersion, ResultCell, Results, Setting


@dataclass(frozen=True)
class EstimatedCell:
    """A cell in view, the newest of its query, setting and engine, with its estimates by metric.

    It has no estimates if it has no time.
    """

    index: int
    cell: ResultCell
    estimates: Mapping[str, Estimate]

    @property
    def value(self) -> float | None:
        """Returns the cell's value of the default metric, or None."""
        estimate = self.estimates.get(DEFAULT.name)
        return None if estimate is None else estimate.value


class EnginePlace(Enum):
    """How well an engine does on a task, compared with the best."""

    ALONE = "the best"
    TIES = "ties with the best, or is the best and others tie with it"
    UNCLEAR = "may be as good as the best, or is the best and others may be as good"
    BEHIND = "worse than the best"


@dataclass(frozen=True)
class Standing:
    """How the engines do on a task by the default metric: the best, and all ratios to the best.

    ``tied`` are the other engines that tie with the best, ``unclear`` those for which the intervals
    leave open whether they are as good. All are empty if no engine has a value.
    """

    best: EstimatedCell | None
    tied: tuple[EngineVersion, ...] = ()
    unclear: tuple[EngineVersion, ...] = ()
    ratios: Mapping[EngineVersion, Ratio] = field(default_factory=dict)

    def place(self, engine: EngineVersion) -> EnginePlace:
        is_best = self.best is not None and self.best.cell.engine == engine
        if engine in self.tied or (is_best and self.tied):
            return EnginePlace.TIES
        if engine in self.unclear or (is_best and self.unclear):
            return EnginePlace.UNCLEAR
        return EnginePlace.ALONE if is_best else EnginePlace.BEHIND


@dataclass(frozen=True)
class Task:
    """One query in one setting, with an entry for each engine.

    ``errors`` holds, by metric, a matrix entries x entries: the standard error of the logarithm of
    the ratio of each two entries (`pair_errors`); metrics without rounds have none.
    """

    index: int
    setting: Setting
    query: str
    entries: Mapping[EngineVersion, EstimatedCell]
    errors: Mapping[str, Errors] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def standing(self) -> Standing:
        return _standing(self)

    def ratio(self, one: EngineVersion, other: EngineVersion) -> Ratio | None:
        """Returns the first engine's value over the other's, as page and terminal show it."""
        mine, theirs = self.entries[one], self.entries[other]
        numerator = mine.estimates.get(DEFAULT.name)
        denominator = theirs.estimates.get(DEFAULT.name)
        if numerator is None or denominator is None:
            return None
        return ratio_of(numerator, denominator, self._error(mine, theirs))

    def _error(self, one: EstimatedCell, other: EstimatedCell) -> float | None:
        if DEFAULT.name not in self.errors:
            return None
        first = next(iter(self.entries.values())).index
        error = float(self.errors[DEFAULT.name][one.index - first, other.index - first])
        return None if math.isnan(error) else error


def _standing(task: Task) -> Standing:
    values = {engine: entry.value for engine, entry in task.entries.items()}
    timed = {engine: value for engine, value in values.items() if value is not None}
    if not timed:
        return Standing(None)
    first = min(timed, key=lambda engine: timed[engine])
    ratios = _ratios_to_best(task, first, max(timed.values()))
    others = {e: ratio for e, ratio in ratios.items() if e in timed and e != first}
    tied = tuple(engine for engine, ratio in others.items() if ratio.is_tie)
    unclear = tuple(engine for engine, ratio in others.items() if ratio.is_unclear)
    return Standing(task.entries[first], tied, unclear, ratios)


def _ratios_to_best(task: Task, best: EngineVersion, worst: float) -> dict[EngineVersion, Ratio]:
    """Returns each engine's ratio to the best; no ratios if the best value is 0.

    An engine without a value gets PENALTY times the worst value, as if that were known exactly.
    """
    lowest = task.entries[best].estimates[DEFAULT.name]
    missing = ratio_of(Estimate(PENALTY * worst, log_error=0.0), lowest)
    found = {
        engine: task.ratio(engine, best) if DEFAULT.name in entry.estimates else missing
        for engine, entry in task.entries.items()
    }
    ratios = {engine: ratio for engine, ratio in found.items() if ratio is not None}
    return {**ratios, best: Ratio(1.0)} if ratios else {}


@dataclass(frozen=True)
class Score:
    """How an engine does over many tasks; ``mean`` is its mean ratio to the best, or None.

    ``wins`` counts the tasks on which this engine alone is the best, ``ties`` those on which it
    ties with the best, ``unclear`` those on which the intervals leave that open.
    """

    engine: EngineVersion
    mean: MeanRatio | None
    wins: int
    ties: int
    unclear: int


@dataclass(frozen=True)
class Comparison:
    """All tasks in view, and the engines' scores over them, sorted best first."""

    engines: tuple[EngineVersion, ...]
    settings: tuple[Setting, ...]
    tasks: tuple[Task, ...]
    scores: tuple[Score, ...]

    def of(self, setting: Setting) -> tuple[Task, ...]:
        return self._by_setting.get(setting, ())

    @cached_property
    def _by_setting(self) -> dict[Setting, tuple[Task, ...]]:
        grouped: dict[Setting, list[Task]] = {}
        for task in self.tasks:
            grouped.setdefault(task.setting, []).append(task)
        return {setting: tuple(tasks) for setting, tasks in grouped.items()}


def compare(results: Results) -> Comparison:
    """Returns the comparison of all engines in view, ranked.

    Each estimate, interval and tie is computed only once.
    """
    tasks = _tasks(results)
    found = dict.fromkeys(engine for task in tasks for engine in task.entries)
    scores = sorted((score(tasks, engine) for engine in found), key=_rank)
    return Comparison(
        engines=tuple(score.engine for score in scores),
        settings=tuple(dict.fromkeys(task.setting for task in tasks)),
        tasks=tasks,
        scores=tuple(scores),
    )


def score(tasks: Iterable[Task], engine: EngineVersion) -> Score:
    """Returns an engine's score: the geometric mean of its ratios to the best, and counts of wins.

    On a task where it has no value, it counts as if it had PENALTY times the worst engine's.
    """
    own = [task for task in tasks if engine in task.entries]
    timed = any(task.entries[engine].value is not None for task in own)
    ratios = [ratio for task in own if (ratio := task.standing.ratios.get(engine)) is not None]
    places = Counter(task.standing.place(engine) for task in own)
    mean = geometric_mean(ratios) if timed else None
    return Score(
        engine,
        mean,
        places[EnginePlace.ALONE],
        places[EnginePlace.TIES],
        places[EnginePlace.UNCLEAR],
    )


def _rank(score: Score) -> tuple[bool, float, str]:
    value = score.mean.value if score.mean is not None else 0.0
    return score.mean is None, value, score.engine.name


def _tasks(results: Results) -> tuple[Task, ...]:
    """Returns the tasks by workload, setting and query, in the order that the newest run has."""
    grouped: dict[tuple[Setting, str], list[ResultCell]] = {}
    for cell in results.cells:
        grouped.setdefault((cell.setting, cell.query), []).append(cell)
    workloads = list(results.workloads)
    settings = list(dict.fromkeys(setting for setting, _ in grouped))
    settings.sort(key=lambda setting: workloads.index(setting.workload))
    order = [
        (setting, query)
        for setting in settings
        for query in results.workloads[setting.workload].queries
        if (setting, query) in grouped
    ]
    starts = _offsets(len(grouped[key]) for key in order)
    entries = [_entries(grouped[key], start) for key, start in zip(order, starts, strict=True)]
    errors = _errors(entries)
    return tuple(
        Task(index, *key, own, of)
        for index, (key, own, of) in enumerate(zip(order, entries, errors, strict=True))
    )


def _offsets(lengths: Iterable[int]) -> list[int]:
    offsets, total = [], 0
    for length in lengths:
        offsets.append(total)
        total += length
    return offsets


def _entries(cells: Sequence[ResultCell], start: int) -> dict[EngineVersion, EstimatedCell]:
    return {
        cell.engine: EstimatedCell(number, cell, estimates_of(cell))
        for number, cell in enumerate(cells, start)
    }


def estimates_of(cell: ResultCell) -> dict[str, Estimate]:
    estimates = {metric.name: metric.estimate(cell) for metric in METRICS}
    return {name: estimate for name, estimate in estimates.items() if estimate is not None}


def _errors(tasks: Sequence[Mapping[EngineVersion, EstimatedCell]]) -> list[dict[str, Errors]]:
    """Returns, for each task and by metric, a matrix of standard errors, entries x entries.

    They are of the logarithm of the ratio of each two entries.
    """
    found: list[dict[str, Errors]] = [{} for _ in tasks]
    for metric in METRICS:
        if metric.samples is None:
            continue
        estimates = [[each.estimates.get(metric.name) for each in task.values()] for task in tasks]
        for own, errors in zip(found, pair_errors(estimates), strict=True):
            own[metric.name] = errors
    return found
