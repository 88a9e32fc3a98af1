"""A `Comparison` -> findings in plain words, and numbers as they are shown.

static/wording.js says the same for what the reader chooses; a browser test holds the two together.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence

from report.comparison import Comparison, Score, Task
from report.frame import Engine
from report.metrics import DEFAULT, Metric, Unit

MEBIBYTE = 2**20
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


def times(ratio: float) -> str:
    """A ratio: 1.04×, 12.3×, 140×."""
    decimals = 2 if ratio < 10 else 1 if ratio < 100 else 0
    return f"{ratio:.{decimals}f}×"


def count(number: int, noun: str, plural: str | None = None) -> str:
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def join(parts: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def finding(tasks: Sequence[Task], label: Label, metric: Metric = DEFAULT) -> str:
    """Who wins on how many of some tasks, who ties, and who has no time."""
    alone, shared = _wins(tasks, metric)
    if not alone and not shared:
        return f"No engine has a value for any of {count(len(tasks), 'query', 'queries')}."
    ranked = sorted(alone | shared, key=lambda e: (-alone[e], -shared[e], label(e)))
    clauses = [_clause(label(e), alone[e], shared[e], metric) for e in ranked]
    head = f"Of {count(len(tasks), 'query', 'queries')}, {'; '.join(clauses)}."
    return " ".join([head, *_gaps(tasks, label, metric)])


def _wins(tasks: Sequence[Task], metric: Metric) -> tuple[Counter[Engine], Counter[Engine]]:
    """On how many tasks each engine is best alone, and on how many it ties for best."""
    winners = [task.winners(metric) for task in tasks]
    alone = Counter(engines[0] for engines in winners if len(engines) == 1)
    shared = Counter(engine for engines in winners if len(engines) > 1 for engine in engines)
    return alone, shared


def _clause(label: str, alone: int, shared: int, metric: Metric) -> str:
    parts = [f"is {metric.superlative} on {alone}"] if alone else []
    parts += [f"ties for best on {shared}"] if shared else []
    return f"{label} {' and '.join(parts)}"


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
    """What one task shows: the best, those that tie with it, and the lead over the next."""
    best = task.best(metric)
    if best is None:
        return "No engine has a value."
    first, *tied = task.winners(metric)
    value = f"{amount(best.estimates[metric.name].value, metric.unit)} {metric.unit}"
    if tied:
        return f"{join([label(first), *map(label, tied)])} tie at {value}."
    return f"{label(first)} is {metric.superlative}: {value}{_lead(task, first, label, metric)}."


def _lead(task: Task, first: Engine, label: Label, metric: Metric) -> str:
    """How far behind the second engine is, with the interval where there is one."""
    values = {e: v for e, entry in task.entries.items() if (v := entry.value(metric)) is not None}
    behind = sorted((value, label(e), e) for e, value in values.items() if e != first)
    if not behind or values[first] <= 0:
        return ""
    _, name, engine = behind[0]
    ratio = task.ratio(engine, first, metric)
    if ratio is None:
        return ""
    interval = ratio.interval
    spread = f" ({interval[0]:.2f}–{interval[1]:.2f})" if interval else ""
    return f"; next is {name} at {times(ratio.value)}{spread}"
