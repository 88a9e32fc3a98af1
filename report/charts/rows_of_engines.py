"""Tasks -> the rows of the charts over all queries, for pictures, as static/rows.js makes them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any

from report.compare.comparison import Entry, Task
from report.look.beside import named
from report.look.names_apart import apart
from report.read.frame import Engine, Setting
from report.words import wording

Rows = list[dict[str, Any]]
Place = tuple[float, float, str]
"""x, y and label of a point."""
MOST_POINTS = 2000
THREADS_PIXELS = 240
"""From 0 to the greatest of the chart by threads."""


class EngineRows:
    """``looks`` holds what each engine's rows begin with; ``label`` says a setting in words."""

    def __init__(
        self,
        tasks: Sequence[Task],
        looks: Mapping[Engine, dict[str, Any]],
        label: Callable[[Setting], str],
        table_rows: Callable[[Setting], int | None],
    ) -> None:
        self._all, self._looks = tasks, looks
        self._label, self._table_rows = label, table_rows
        step = math.ceil(len(tasks) / max(1, MOST_POINTS // max(1, len(looks))))
        self._tasks = tasks[:: max(1, step)]

    def memory(self) -> Rows:
        """Time and memory over the least of the query; the line joins engines that none beats."""

        def place(task: Task, entry: Entry) -> Place | None:
            time, memory = _value(entry, "median"), _value(entry, "peak")
            entries = task.entries.values()
            fastest, leanest = _least(entries, "median"), _least(entries, "peak")
            if not (time and memory and fastest and leanest):
                return None
            label = f"{wording.seconds(time)} s, {wording.amount(memory, 'MiB')} MiB"
            return time / fastest, memory / leanest, label

        points, means = self._points_and_means(place)
        for mean in means:
            x, y = wording.times(mean["x"]), wording.times(mean["y"])
            mean["label"] = f"{x} time, {y} memory"
        return [*points, *means, *_front(means)]

    def cold(self) -> Rows:
        """The first run over the hot median, against that median."""

        def place(task: Task, entry: Entry) -> Place | None:
            hot, cold = _value(entry, "median"), _value(entry, "cold")
            if not (hot and cold):
                return None
            times = f"hot {wording.seconds(hot)} s, cold {wording.seconds(cold)} s"
            return hot, cold / hot, f"{times}: {wording.times(cold / hot)}"

        points, means = self._points_and_means(place)
        for mean in means:
            mean["label"] = f"cold {wording.times(mean['y'])} of hot"
        across = [point["x"] for point in points]
        ends = [min(across), max(across)] if across else []
        return [*points, *means, *({"kind": "equal", "x": x, "y": 1} for x in ends)]

    def cores(self) -> Rows:
        """CPU seconds for each second of wall clock, of each cell and in the mean."""
        cells = [
            {
                **self._looks[engine], **self._where(task), "kind": "cell", "amount": used,
                "threads": task.setting.threads, "label": f"{used:.1f} cores",
            }
            for task in self._tasks
            for engine, entry in task.entries.items()
            if (used := _cores(entry)) is not None
        ]  # fmt: skip
        means = []
        for engine in dict.fromkeys(row["engine"] for row in cells):
            own = [row for row in cells if row["engine"] == engine]
            amounts = [row["amount"] for row in own]
            mean = fmean(amounts)
            means.append({
                **own[0], "kind": "mean", "amount": mean, "reach": max(amounts),
                "query": "mean", "setting": wording.count(len(own), "cell"), "label": f"{mean:.1f}",
            })  # fmt: skip
        return [*cells, *means]

    def threads(self) -> Rows:
        """Speed over that with the fewest threads: the geometric mean over queries."""
        logs: dict[tuple[Engine, int, int], list[float]] = {}
        for family in self._families():
            for engine in dict.fromkeys(engine for task in family for engine in task.entries):
                timed = [
                    (task.setting.threads, value)
                    for task in sorted(family, key=lambda task: task.setting.threads)
                    if engine in task.entries and (value := _value(task.entries[engine], "median"))
                ]
                if len(timed) > 1:
                    (base, first), *_ = timed
                    for threads, value in timed:
                        logs.setdefault((engine, base, threads), []).append(math.log(first / value))
        rows = [
            {
                **self._looks[engine], "threads": threads, "ideal": threads / base, "dy": 0,
                "amount": (gain := math.exp(fmean(own))),
                "label": f"{wording.times(gain)} over {_queries(len(own))}",
            }
            for (engine, base, threads), own in logs.items()
        ]  # fmt: skip
        return _with_names(rows)

    def crossover(self) -> Rows:
        """The fastest engine without a GPU over the fastest on one, by the size of the tables."""
        rows: Rows = []
        entries = [entry for task in self._all for entry in task.entries.values()]
        on_gpu = {e.cell.engine for e in entries if e.cell.extras and e.cell.extras.gpu}
        for task in self._all:
            own = task.entries.items()
            gpu = _least((entry for engine, entry in own if engine in on_gpu), "median")
            cpu = _least((entry for engine, entry in own if engine not in on_gpu), "median")
            size = self._table_rows(task.setting)
            if gpu and cpu and size:
                times = f"CPU {wording.seconds(cpu)} s, GPU {wording.seconds(gpu)} s"
                rows.append({
                    "line": _line(task), "query": task.query, "workload": task.setting.workload,
                    "size": task.setting.size, "rows": size, "amount": cpu / gpu,
                    "label": f"{times}: {wording.times(cpu / gpu)}",
                })  # fmt: skip
        return rows

    def _families(self) -> list[list[Task]]:
        """Tasks that differ in nothing but their threads."""
        found: dict[tuple[Setting, str], list[Task]] = {}
        for task in self._all:
            found.setdefault((replace(task.setting, threads=0), task.query), []).append(task)
        return [own for own in found.values() if len(own) > 1]

    def _points_and_means(self, place: Callable[[Task, Entry], Place | None]) -> tuple[Rows, Rows]:
        """Points of single cells, and a mark for each engine at their geometric means."""
        points: Rows = []
        places: dict[Engine, list[Place]] = {}
        for task in self._tasks:
            for engine, entry in task.entries.items():
                if (at := place(task, entry)) is not None:
                    x, y, label = at
                    points.append({
                        **self._looks[engine], **self._where(task),
                        "x": x, "y": y, "label": label, "kind": "cell",
                    })  # fmt: skip
                    places.setdefault(engine, []).append(at)
        means = [
            {
                **self._looks[engine], "kind": "mean", "query": "geometric mean",
                "x": math.exp(fmean(math.log(x) for x, _, _ in own)),
                "y": math.exp(fmean(math.log(y) for _, y, _ in own)),
                "setting": wording.count(len(own), "cell"),
            }
            for engine, own in places.items()
        ]  # fmt: skip
        return points, named(means, points)

    def _where(self, task: Task) -> dict[str, str]:
        return {"query": task.query, "setting": self._label(task.setting)}


def _with_names(rows: Rows) -> Rows:
    """Speed-ups, the last of each engine with the place of its name."""
    last = {row["engine"]: row for row in sorted(rows, key=lambda row: int(row["threads"]))}
    highest = max((max(row["amount"], row["ideal"]) for row in rows), default=1.0)
    named = apart(list(last.values()), lambda row: row["amount"] / highest * THREADS_PIXELS)
    return [row for row in rows if row not in last.values()] + named


def _line(task: Task) -> str:
    """Equal for tasks that differ in nothing but their size."""
    where = task.setting
    parts = (where.machine, where.workload, where.input, str(where.threads), task.query)
    return ",".join(parts)


def _front(means: Rows) -> Rows:
    """The means that no other is as good as in both and better in one, from the left."""

    def beaten(one: dict[str, Any]) -> bool:
        at = one["x"], one["y"]
        others = ((other["x"], other["y"]) for other in means)
        return any(x <= at[0] and y <= at[1] and (x, y) != at for x, y in others)

    front = [mean for mean in means if not beaten(mean)]
    return [{**mean, "kind": "front"} for mean in sorted(front, key=lambda mean: mean["x"])]


def _value(entry: Entry, metric: str) -> float | None:
    estimate = entry.estimates.get(metric)
    return None if estimate is None else estimate.value


def _least(entries: Iterable[Entry], metric: str) -> float | None:
    values = (_value(entry, metric) for entry in entries)
    return min((value for value in values if value is not None), default=None)


def _cores(entry: Entry) -> float | None:
    wall = math.fsum(entry.cell.seconds)
    return math.fsum(entry.cell.cpu_seconds) / wall if wall > 0 else None


def _queries(number: int) -> str:
    return wording.count(number, "query", "queries")
