"""`Results` -> the summary and each chart as pictures, for a README or slides."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from textwrap import wrap
from typing import Any

import altair as alt
import vl_convert

from harness.records.limits import limit_name
from report.charts import of_engines as charts_of_engines
from report.charts import of_queries as charts_of_queries
from report.charts import of_runs as charts_of_runs
from report.charts import registry as charts
from report.charts.parts import LABEL_PIXELS
from report.compare.comparison import Task, compare
from report.compare.metrics import DEFAULT
from report.look.theme import Theme, colours, painted, picture_config
from report.page.page import payload_of
from report.page.scripts import PageScript
from report.page.view import View
from report.read.frame import Results, Setting
from report.words import names, surroundings, wording

WIDTH = 760
"""Pixels of a picture's chart; PNG has SCALE dots for each."""
SCALE = 2
PART_WIDTH = 560
MISSING_ROOM = 110
"""Pixels for the names of engines without a value."""
NOTE_CHARACTERS = 105
"""How many of a note's characters fit into a line."""
LONGEST_NAME = 200
"""The most characters of a file's name without its ending; file systems allow 255 in all."""
Spec = dict[str, Any]
Rows = list[dict[str, Any]]
CHARTS: Mapping[str, Callable[[], alt.LayerChart]] = {
    "matrix": charts_of_runs.matrix,
    "times": charts_of_queries.times,
    "changes": charts_of_runs.changes,
    "query": charts_of_queries.query,
    "history": charts_of_runs.history,
    "scaling": charts_of_queries.scaling,
}
EVERY = {"size": "*", "threads": "*", "memory_limit": "*", "clients": "*"}
"""What shows all values of these, in the place of the largest and the most."""
KINDS = "By kind of work"
MARKS = "≈ ties with the best, ? cannot be told from it yet"


@dataclass(frozen=True)
class Picture:
    """One picture, as a Vega-Lite specification; ``name`` is its file name without the suffix."""

    name: str
    spec: Spec

    def content(self, form: str) -> bytes:
        """Returns the picture as the bytes of a file, in the format "svg" or "png"."""
        if form == "svg":
            return vl_convert.vegalite_to_svg(self.spec).encode()
        return bytes(vl_convert.vegalite_to_png(self.spec, scale=SCALE))


class Album:
    """All pictures of some results in one theme, in the order of the page."""

    def __init__(self, results: Results, theme: Theme = "light", title: str = "") -> None:
        self._results, self._theme = results, theme
        self._view = View(results, compare(results))
        self._title = title or self._view.heading()
        self._comparison = self._view.comparison
        self._machines = len({setting.machine for setting in self._comparison.settings})
        payload = payload_of(self._view)
        self._outline = payload.outline()
        self._script = PageScript(self._outline, payload.numbers())
        shades = {f"engine-{c.index}": getattr(c.shades, theme) for c in self._view.columns}
        self._colours = {**colours(theme), **shades}

    def pictures(self) -> Iterator[Picture]:
        """Yields each picture under a unique name; the same results give the same names."""
        taken: Counter[str] = Counter()
        for picture in self._all():
            taken[picture.name] += 1
            number = taken[picture.name]
            yield picture if number == 1 else replace(picture, name=f"{picture.name}-{number}")

    def _rows(self, chart: str, of: int = 0, **choices: Any) -> Rows:
        """Returns a chart's rows, made by the page's script, in the theme's colours.

        ``of`` is the index of the setting or task that the chart shows; ``choices`` are what a
        reader of the page could have chosen, such as the two sides of a comparison.
        """
        rows: Rows = self._script.call("pictureRows", chart, of, choices)
        for row in rows:
            for name in {"colour", "ink"} & row.keys():
                row[name] = painted(row[name], self._colours)
        return rows

    def _all(self) -> Iterator[Picture]:
        yield Picture("summary", self._summary())
        yield from self._overview()
        settings = self._comparison.settings
        for at, setting in enumerate(settings):
            yield self._picture("matrix", setting, self._rows("matrix", at, **EVERY), MARKS)
            yield self._picture("times", setting, self._rows("times", at, **EVERY))
        for at, setting in enumerate(settings):
            yield from self._changes(at, setting)
        for task in self._comparison.tasks:
            for chart in ("query", "history"):
                if rows := self._rows(chart, task.index, **EVERY):
                    yield self._picture(chart, task.setting, rows, query=task.query)
        yield from self._scaling()

    def _overview(self) -> Iterator[Picture]:
        """Yields a picture of each chart over all queries that has rows."""
        for name, chart in charts.overview().items():
            if rows := self._rows(name):
                title = {"text": chart.title, "subtitle": wrap(chart.note, NOTE_CHARACTERS)}
                yield Picture(name, self._styled({**filled(chart.draw, rows), "title": title}))

    def _styled(self, spec: Spec) -> Spec:
        return {**spec, "config": picture_config(self._theme)}

    def _changes(self, at: int, setting: Setting) -> Iterator[Picture]:
        """Yields a picture of how a machine's newest run differs from an earlier one in a setting.

        ``at`` is the setting's index. The earlier run is the latest that has a cell of the setting
        in common with the newest; without one, nothing is yielded.
        """
        runs = self._outline["runs"]
        newest, *earlier = [n for n, run in enumerate(runs) if run["machine"] == setting.machine]
        for run in earlier:
            sides = {"before": {"kind": "run", "at": run}, "after": {"kind": "run", "at": newest}}
            if rows := self._rows("changes", at, **EVERY, **sides):
                note = f"{runs[newest]['label']} ÷ {runs[run]['label']}"
                yield self._picture("changes", setting, rows, note)
                break

    def _scaling(self) -> Iterator[Picture]:
        """Yields a picture of each query that was run at several sizes, all else being equal."""
        found: dict[tuple[Setting, str], list[Task]] = {}
        for task in self._comparison.tasks:
            found.setdefault((replace(task.setting, size="all sizes"), task.query), []).append(task)
        for (setting, query), tasks in found.items():
            if rows := self._rows("scaling", tasks[0].index, **EVERY):
                yield self._picture("scaling", setting, rows, query=query)

    def _picture(
        self, chart: str, setting: Setting, rows: Rows, note: str = "", query: str = ""
    ) -> Picture:
        workload = self._results.workloads[setting.workload]
        title = workload.queries[query].title if query else workload.title
        subtitle = " · ".join(filter(None, [query, names.setting(setting, 2), note]))
        spec = {**filled(CHARTS[chart], rows), "title": {"text": title, "subtitle": subtitle}}
        parts = [chart, setting.workload, query, setting.input, setting.size, f"{setting.threads}t"]
        limit = [limit_name(setting.memory_limit)] if setting.memory_limit else []
        clients = [f"{setting.clients}c"] if setting.clients else []
        machine = [setting.machine] if self._machines > 1 else []
        return Picture(file_name([*parts, *limit, *clients, *machine]), self._styled(spec))

    def _summary(self) -> Spec:
        """Returns the summary's specification: the ranking, above mean ratios by setting."""
        runs = self._results.runs
        machines = dict.fromkeys(
            f"{run.machine.cpu}, {run.machine.logical_cores} cores" for run in runs
        )
        columns = self._view.columns
        versions = [f"{column.engine.name} {column.version}" for column in columns]
        noise = f"machine {surroundings.noise(runs[0].file.noise)}"
        facts = ["; ".join(machines), f"{runs[0].file.started:%Y-%m-%d}", noise, *versions]
        queries = wording.count(len(self._comparison.tasks), "query", "queries")
        ranked = f"Mean ratio to the fastest of each of {queries}; less is better"
        subtitle = wrap(" · ".join(map(names.readable, facts)), NOTE_CHARACTERS)
        title = {"text": self._title, "subtitle": subtitle, "fontSize": 19}
        return {
            "$schema": alt.SCHEMA_URL,
            "title": title,
            "vconcat": [
                _part(charts_of_engines.ranking, self._rows("ranking"), ranked),
                _part(charts_of_runs.matrix, self._rows("kinds"), KINDS),
            ],
            "spacing": 28,
            "config": picture_config(self._theme),
        }


@cache
def _spec(chart: Callable[[], alt.LayerChart]) -> str:
    """Returns a chart's specification as JSON text, made once: Altair takes long to validate it."""
    return json.dumps(chart().to_dict())


def filled(chart: Callable[[], alt.LayerChart], rows: Rows) -> Spec:
    """Returns the chart's specification with its rows, and with the height that they need."""
    spec: Spec = {**json.loads(_spec(chart)), "data": {"values": rows}, "width": WIDTH}
    if lines := spec.get("usermeta"):
        field = lines.get("lines", "engine")
        spec["height"] = lines["step"] * len({row[field] for row in rows})
    if "params" in spec:
        spec["params"] = [
            {**each, "value": _parameter(each["name"], rows)} for each in spec["params"]
        ]
    return spec


def _parameter(name: str, rows: Rows) -> float | str:
    """Returns the value of a chart's Vega parameter, which static/charts.js sets for the same rows.

    ``name`` is "longest" (the end of the longest mark), "room" (pixels beside the marks for cells
    without a value), "lines" (lines of signs above the plot), or "unit" (the metric's unit).
    """
    if name == "room":
        return MISSING_ROOM if any(row["kind"] == "missing" for row in rows) else 0
    if name == "lines":
        return 1 + max((row.get("line", -1) for row in rows), default=-1)
    return _longest(rows) if name == "longest" else DEFAULT.unit


def _longest(rows: Rows) -> float:
    return max((row.get("reach", 0.0) for row in rows), default=0.0) or 1.0


def _part(chart: Callable[[], alt.LayerChart], rows: Rows, title: str) -> Spec:
    """Returns the specification of a chart as one part of a picture, PART_WIDTH pixels wide.

    That is the width within its axes. Vega-Lite knows no parameters and no "width" in parts, so the
    end of the axis becomes a number.
    """
    spec = filled(chart, rows)
    dropped = ("$schema", "autosize", "config", "params")
    kept = {key: value for key, value in spec.items() if key not in dropped}
    end = _longest(rows) * PART_WIDTH / (PART_WIDTH - LABEL_PIXELS)
    part: Spec = _with_end(kept, end)
    return {**part, "width": PART_WIDTH, "title": {"text": title, "fontSize": 13, "frame": "group"}}


def _with_end(node: Any, end: float) -> Any:
    if isinstance(node, list):
        return [_with_end(each, end) for each in node]
    if not isinstance(node, dict):
        return node
    if str(node.get("expr", "")).startswith("longest "):
        return end
    return {key: _with_end(value, end) for key, value in node.items()}


def file_name(parts: Sequence[str]) -> str:
    """Returns words joined by hyphens, with "_" for all but ASCII letters, digits, "_" and "."."""
    words = (re.sub(r"[^\w.]+", "_", part, flags=re.ASCII) for part in parts if part)
    return "-".join(words)[:LONGEST_NAME]
