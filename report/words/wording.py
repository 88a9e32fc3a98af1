"""A `Comparison` -> findings in plain words, and numbers as they are shown.

static/wording.js says the same for what the reader chooses; a browser test holds the two together.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence

from report.compare.comparison import Comparison, Place, Score, Task
from report.compare.metrics import DEFAULT, Metric, Unit
from report.compare.quieter import MUCH_NOISIER
from report.compare.statistics import Ratio
from report.read.frame import Engine

MEBIBYTE = 2**20
BEST = (Place.ALONE, Place.TIES, Place.UNCLEAR)
Label = Callable[[Engine], str]


def amount(value: float, unit: Unit) -> str:
    """Seconds with three significant digits, bytes as whole mebibytes; without the unit."""
    return f"{value / MEBIBYTE:,.0f}" if unit == "MiB" else seconds(value)


def seconds(value: float) -> str:
    """Three significant digits and at most six decimals: 0.0123, 1.23, 123."""
    if value <= 0:
        return "0"
    decimals = 2 - math.floor(math.log10(value))
    return f"{value:.{min(max(decimals, 0), 6)}f}"


def ratio(value: float) -> str:
    """1.04, 12.3, 140."""
    decimals = 2 if value < 10 else 1 if value < 100 else 0
    return f"{value:.{decimals}f}"


def times(value: float) -> str:
    """A ratio: 1.04×, 12.3×, 140×."""
    return f"{ratio(value)}×"


def interval(low: float | None, high: float | None) -> str:
    """1.01–1.07; empty where there is none."""
    return "" if low is None or high is None else f"{ratio(low)}–{ratio(high)}"


def count(number: int, noun: str, plural: str | None = None) -> str:
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def join(parts: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def finding(tasks: Sequence[Task], label: Label, metric: Metric = DEFAULT) -> str:
    """Who wins on how many of some tasks, who ties, what cannot be told yet, who has no time."""
    alone, shared, perhaps = (_places(tasks, metric, place) for place in BEST)
    if not (alone or shared or perhaps):
        return f"No engine has a value for any of {count(len(tasks), 'query', 'queries')}."
    ranked = sorted(
        alone | shared | perhaps, key=lambda e: (-alone[e], -shared[e], -perhaps[e], label(e))
    )
    clauses = [_clause(label(e), alone[e], shared[e], perhaps[e], metric) for e in ranked]
    head = f"Of {count(len(tasks), 'query', 'queries')}, {'; '.join(clauses)}."
    return " ".join([head, *_open(tasks, metric), *_gaps(tasks, label, metric)])


def _places(tasks: Sequence[Task], metric: Metric, place: Place) -> Counter[Engine]:
    """On how many tasks each engine has a place."""
    standings = [(task, task.standing(metric)) for task in tasks]
    return Counter(e for task, own in standings for e in task.entries if own.place(e) is place)


def _clause(label: str, alone: int, shared: int, perhaps: int, metric: Metric) -> str:
    parts = [f"is {metric.superlative} on {alone}"] if alone else []
    parts += [f"ties for best on {shared}"] if shared else []
    parts += [f"may be best on {perhaps}"] if perhaps else []
    return f"{label} {join(parts)}"


def _open(tasks: Sequence[Task], metric: Metric) -> list[str]:
    number = sum(bool(task.standing(metric).unclear) for task in tasks)
    if not number:
        return []
    return [f"On {count(number, 'query', 'queries')} the best cannot be told from others yet."]


def _gaps(tasks: Sequence[Task], label: Label, metric: Metric) -> list[str]:
    missing = Counter(
        engine
        for task in tasks
        for engine, entry in task.entries.items()
        if entry.value(metric) is None
    )
    if not missing:
        return []
    ranked = sorted(missing, key=lambda engine: (-missing[engine], label(engine)))
    clauses = [f"{label(engine)} has no value for {missing[engine]}" for engine in ranked]
    return [f"{join(clauses)}."]


def noisier(now: int, known: int) -> str:
    """What is to be said of cells that an earlier run knew much better; empty for none."""
    if not now:
        return ""
    be = "is" if now == 1 else "are"
    return (
        f"{now} of {count(known, 'cell')} that had been measured before {be} noisier now: an "
        f"earlier run of the same program in the same version on the same machine knew the time "
        f"at least {MUCH_NOISIER:g}× as well. The newest run is shown; a cell’s note tells "
        f"what the earlier one found."
    )


def overall(comparison: Comparison, label: Label) -> str:
    """The engines' mean ratios in one sentence."""
    ranked = [score for score in comparison.scores if score.mean is not None]
    if not ranked:
        return "No engine has a value."
    first, *others = ranked
    queries = count(len(comparison.tasks), "query", "queries")
    text = f"Over {queries}, {label(first.engine)} stays closest to the best of each:"
    rest = "".join(f", {label(score.engine)} {_mean(score)}" for score in others)
    return f"{text} {_mean(first)} in the geometric mean{rest}."


def _mean(score: Score) -> str:
    return times(score.mean.value) if score.mean is not None else "–"


def verdict(task: Task, label: Label, metric: Metric = DEFAULT) -> str:
    """What one task shows: the best, those near it, and the lead over the next."""
    standing = task.standing(metric)
    if standing.best is None:
        return "No engine has a value."
    first = standing.best.cell.engine
    value = f"{amount(standing.best.estimates[metric.name].value, metric.unit)} {metric.unit}"
    if standing.tied:
        tied = f"{join([label(first), *map(label, standing.tied)])} tie at {value}"
        unclear = join([label(engine) for engine in standing.unclear])
        return f"{tied}; {unclear} cannot be told apart yet." if unclear else f"{tied}."
    if standing.unclear:
        others = [f"{label(e)} at {_factor(standing.ratios[e])}" for e in standing.unclear]
        return f"{label(first)} leads with {value}, but cannot be told yet from {join(others)}."
    return f"{label(first)} is {metric.superlative}: {value}{_lead(task, first, label, metric)}."


def _lead(task: Task, first: Engine, label: Label, metric: Metric) -> str:
    """How far behind the second engine is."""
    values = {e: v for e, entry in task.entries.items() if (v := entry.value(metric)) is not None}
    behind = sorted((value, label(e), e) for e, value in values.items() if e != first)
    if not behind:
        return ""
    _, name, engine = behind[0]
    found = task.ratio(engine, first, metric)
    return "" if found is None else f"; next is {name} at {_factor(found)}"


def _factor(found: Ratio) -> str:
    """With the interval where there is one: 1.31× (1.25–1.36)."""
    spread = interval(*(found.interval or (None, None)))
    return f"{times(found.value)} ({spread})" if spread else times(found.value)
