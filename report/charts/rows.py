"""Results, compared -> the rows of each chart on the default metric, for pictures.

static/rows.js makes such rows for what the reader chooses; a browser test holds the two together.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from statistics import linear_regression
from typing import Any

from report.charts.rows_of_engines import EngineRows
from report.compare.changes import Change, Changes, Verdict, strength
from report.compare.comparison import Comparison, Entry, Place, Task, score
from report.compare.history import History, Point, points
from report.compare.metrics import DEFAULT
from report.compare.statistics import Estimate
from report.look.colours import mixed, shades
from report.look.heat import DEEP, heat
from report.look.names_apart import Row, apart
from report.look.theme import Theme, colours
from report.read.frame import Results, Setting
from report.words import change_wording, names, wording
from report.words.names import Column

Rows = list[dict[str, Any]]
MOST_DOTS = 30
"""So many rounds of a cell are drawn as points of their own."""
SCALING_PIXELS = 160
"""Between the least and the greatest time of the chart by size."""
NAME_PIXELS, CHARACTER_PIXELS = 26, 7
"""What an engine's name takes in a legend: its sign with the gap after it, and each character."""
SIGNS: dict[Verdict, tuple[str, str]] = {
    Verdict.LOST: ("lost", "✗ lost"),
    Verdict.GAINED: ("gained", "✓ gained"),
    Verdict.SLOWER: ("change", "▲"),
    Verdict.FASTER: ("change", "▼"),
    Verdict.UNCLEAR: ("unclear", "?"),
    Verdict.TIE: ("tie", "≈"),
    Verdict.NONE: ("none", "–"),
}
"""The kind and the sign of each verdict; the sign tells what the colour does."""

MARKS = {Place.TIES: "≈", Place.UNCLEAR: "?"}
"""Before the ratio of an engine that is, or may be, as good as the best."""


class RowMaker:
    """Rows in the colours of one theme."""

    def __init__(self, results: Results, comparison: Comparison, theme: Theme) -> None:
        self._results, self._comparison, self._theme = results, comparison, theme
        self._history = History(results)
        self._machines = len({setting.machine for setting in comparison.settings})
        columns = names.columns(comparison.engines, results.engines)
        self._columns = {column.engine: column for column in columns}
        self.engines = EngineRows(
            comparison.tasks,
            {c.engine: {**self._look(c), "place": c.index} for c in columns},
            lambda setting: names.setting(setting, self._machines),
            lambda each: results.workloads[each.workload].sizes.get(each.size),
        )

    def ranking(self) -> Rows:
        """The engines' mean ratios, best first."""
        rows: Rows = []
        for place, each in enumerate(self._comparison.scores):
            if (mean := each.mean) is not None:
                rows.append({
                    **self._look(self._columns[each.engine]), "place": place, "ratio": mean.value,
                    "low": _or(mean.low, mean.value), "high": _or(mean.high, mean.value),
                    "reach": max(mean.value, _or(mean.high, 0.0)),
                    "label": wording.times(mean.value), "note": f"{each.ok} of {each.asked}",
                })  # fmt: skip
        return rows

    def kinds(self) -> Rows:
        """An engine's mean ratio over the tasks of each setting."""
        return [
            {"query": kind, "place": place, **self._kind_cell(setting, column)}
            for place, (setting, kind) in enumerate(self._kinds().items())
            for column in self._columns.values()
        ]

    def _kinds(self) -> dict[Setting, str]:
        """Each setting by its workload's title, and by what tells it from the workload's others."""
        settings = self._comparison.settings
        several = Counter(setting.workload for setting in settings)
        return {
            each: self._results.workloads[each.workload].title
            + (f" · {names.setting(each, self._machines)}" if several[each.workload] > 1 else "")
            for each in settings
        }

    def _kind_cell(self, setting: Setting, column: Column) -> dict[str, Any]:
        mean = score(self._comparison.of(setting), column.engine).mean
        return {
            "engine": column.label, "column": column.index,
            "kind": "missing" if mean is None else "value",
            **self._heat(mean.value if mean is not None else None),
            "label": "–" if mean is None else wording.times(mean.value),
        }  # fmt: skip

    def matrix(self, setting: Setting) -> Rows:
        """A cell for each query and engine: its time and its ratio to the best."""
        return [
            {"query": task.query, "place": place, **self._matrix_cell(task, entry)}
            for place, task in enumerate(self._comparison.of(setting))
            for entry in task.entries.values()
        ]

    def _matrix_cell(self, task: Task, entry: Entry) -> dict[str, Any]:
        column = self._columns[entry.cell.engine]
        look = {"engine": column.label, "column": column.index}
        value, ratio = entry.value(DEFAULT), _to_best(task, entry)
        if value is None or ratio is None:
            return {**look, "kind": "missing", **self._heat(None), "label": _outcome(entry)}
        mark = MARKS.get(task.standing().place(column.engine), "")
        text = f"{wording.amount(value, DEFAULT.unit)} · {mark}{wording.times(ratio)}"
        return {**look, "kind": "value", **self._heat(ratio), "label": text}

    def _heat(self, ratio: float | None) -> dict[str, Any]:
        """The ratio's place on the colour scale, and the colour of the text upon it."""
        of, strength = colours(self._theme), heat(ratio)
        ink = "faint" if ratio is None else "heat-deep-ink" if strength > DEEP else "heat-ink"
        return {"colour": mixed(of["heat-low"], of["heat-high"], strength), "ink": of[ink]}

    def query(self, task: Task) -> Rows:
        """A bar for each engine, its interval and its rounds."""
        return [row for entry in task.entries.values() for row in self._bar(task, entry)]

    def _bar(self, task: Task, entry: Entry) -> Rows:
        column = self._columns[entry.cell.engine]
        look = {**self._look(column), "place": column.index}
        estimate = entry.estimates.get(DEFAULT.name)
        if estimate is None:
            missing = {"kind": "missing", "label": _outcome(entry), "note": entry.cell.reason}
            return [{**look, **missing}]
        ratio = _to_best(task, entry)
        label = _seconds(estimate.value) + ("" if ratio is None else f" · {wording.times(ratio)}")
        value = {
            "kind": "value", "amount": estimate.value, **_ends(estimate),
            "label": label, "note": "",
        }  # fmt: skip
        rounds = _rounds(entry.cell.seconds)
        farthest = max(each["amount"] for each in rounds)
        value["reach"] = max(estimate.value, _or(estimate.high, 0.0), farthest)
        return [{**look, **value}, *({**look, **each} for each in rounds)]

    def scaling(self, tasks: Sequence[Task]) -> Rows:
        """One query in several sizes, with each engine's slope; none where a size is not known."""
        sizes = [
            self._results.workloads[t.setting.workload].sizes.get(t.setting.size) for t in tasks
        ]
        if not all(sizes):
            return []
        rows = [
            {
                **self._look(self._columns[engine]), "size": task.setting.size, "rows": size,
                "order": place, **_sized(entry),
            }
            for place, (task, size) in enumerate(zip(tasks, sizes, strict=True))
            for engine, entry in task.entries.items()
        ]  # fmt: skip
        return rows + _slopes([row for row in rows if row["kind"] == "value"])

    def history(self, setting: Setting, query: str) -> Rows:
        """One query over runs; no rows where it was run once at most."""
        rows: Rows = []
        across = line = 0
        for name, past in self._history.of(setting, query).items():
            style = self._results.engines[name]
            label = names.readable(style.label)
            look = {"engine": label, "colour": getattr(shades(style.colour), self._theme)}
            rows.append({**look, "kind": "name", "label": f"● {label}", "across": across})
            found = [_point(point, line) for point in points(past)]
            rows += [{**look, **each} for each in found]
            line += any(each["kind"] == "missing" for each in found)
            across += NAME_PIXELS + CHARACTER_PIXELS * len(label)
        return rows

    def changes(self, changes: Changes, setting: Setting) -> Rows:
        """A cell for each query and engine of one setting: after ÷ before."""
        own = [c for c in changes.changes if c.after.cell.setting == setting]
        queries = list(self._results.workloads[setting.workload].queries)
        engines = sorted({c.after.cell.engine.name for c in own})
        return [
            {
                "query": change.after.cell.query, "place": queries.index(change.after.cell.query),
                "engine": names.readable(self._results.engines[name].label),
                "column": engines.index(name), **self._change(change),
            }
            for change in own
            for name in [change.after.cell.engine.name]
        ]  # fmt: skip

    def _change(self, change: Change) -> dict[str, Any]:
        (kind, label), of = SIGNS[change.verdict], colours(self._theme)
        moved = strength(change)
        if change.ratio is not None and kind == "change":
            label = f"{label} {change.ratio.value:.2f}"
        towards = of["worse" if moved > 0 else "better"]
        return {
            "kind": kind,
            "colour": mixed(of["no-change"], towards, abs(moved)),
            "label": label,
            "note": change_wording.note(change),
        }

    def _look(self, column: Column) -> dict[str, Any]:
        return {"engine": column.label, "colour": getattr(column.shades, self._theme)}


def _sized(entry: Entry) -> dict[str, Any]:
    estimate = entry.estimates.get(DEFAULT.name)
    if estimate is None or estimate.value <= 0:
        return {"kind": "missing", "amount": None, "label": _outcome(entry)}
    return {"kind": "value", "amount": estimate.value, "label": _seconds(estimate.value)}


def _slopes(values: Rows) -> Rows:
    """At each engine's last point the exponent b of seconds = a · rows^b, by least squares."""
    ends: Rows = []
    for engine in dict.fromkeys(row["engine"] for row in values):
        own = [row for row in values if row["engine"] == engine]
        label = engine
        if len({row["rows"] for row in own}) > 1:
            logs = ([math.log(row[name]) for row in own] for name in ("rows", "amount"))
            label = f"{engine}, slope {linear_regression(*logs).slope:.2f}"
        ends.append({**own[-1], "kind": "end", "label": label})
    return apart(ends, _up([math.log(row["amount"]) for row in values]))


def _up(logs: Sequence[float]) -> Callable[[Row], float]:
    """A row's place in pixels on an axis of the logarithms."""
    low, spread = min(logs, default=0.0), max(logs, default=1.0) - min(logs, default=0.0)
    return lambda row: (math.log(row["amount"]) - low) / max(spread, 1e-9) * SCALING_PIXELS


def _point(point: Point, line: int) -> dict[str, Any]:
    cell, estimate = point.cell, point.estimate
    run = {"started": cell.started.timestamp() * 1000, "version": cell.engine.version or ""}
    if estimate is None or estimate.value <= 0:
        sign = names.SIGNS.get(cell.outcome, "–")
        return {**run, "kind": "missing", "label": sign, "note": cell.reason, "line": line}
    return {
        **run, "kind": "value", "amount": estimate.value, **_ends(estimate), "mark": point.mark,
        "label": _seconds(estimate.value), "note": f"{cell.started:%Y-%m-%d %H:%M}",
    }  # fmt: skip


def _to_best(task: Task, entry: Entry) -> float | None:
    best = task.best()
    ratio = None if best is None else task.ratio(entry.cell.engine, best.cell.engine)
    return None if ratio is None else ratio.value


def _outcome(entry: Entry) -> str:
    outcome = entry.cell.outcome
    return "not measured" if outcome == "ok" else names.outcome(outcome)


def _rounds(seconds: Sequence[float]) -> Rows:
    return [
        {
            "kind": "round", "amount": value, "jitter": ((at * 5) % 7 - 3) / 3,
            "label": f"{name}: {_seconds(value)}",
        }
        for at, (name, value) in enumerate(_drawn(seconds))
    ]  # fmt: skip


def _drawn(seconds: Sequence[float]) -> list[tuple[str, float]]:
    """The rounds that stand for all: each of a few; of many, as many quantiles, evenly spaced.

    A quantile dot plot shows a distribution by so many points that they can be told apart (Kay et
    al., "When (ish) is My Bus?", CHI 2016).
    """
    count = len(seconds)
    if count <= MOST_DOTS:
        return [(str(at + 1), value) for at, value in enumerate(seconds)]
    ordered = sorted(seconds)
    ranks = [int((at + 0.5) * count / MOST_DOTS) for at in range(MOST_DOTS)]
    return [(f"{rank + 1} of {count} by time", ordered[rank]) for rank in ranks]


def _ends(estimate: Estimate) -> dict[str, float]:
    value = estimate.value
    return {"low": _or(estimate.low, value), "high": _or(estimate.high, value)}


def _or(value: float | None, other: float) -> float:
    return other if value is None else value


def _seconds(value: float) -> str:
    return f"{wording.seconds(value)} s"
