"""`Results` -> the report, one HTML file that needs nothing beside it."""

from __future__ import annotations

import statistics as standard_statistics
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from itertools import groupby
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from report import charts, names, statistics, wording
from report.comparison import Comparison, compare
from report.embed import content_security_policy, json_for_script, script, vega_bundle
from report.frame import Cell, Results
from report.metrics import DEFAULT, METRICS
from report.payload import payload
from report.schema import MachineEntry
from report.view import QueryView, View

TITLE = "Data engines compared"
SCRIPTS = ("model.js", "wording.js", "state.js", "charts.js", "view.js", "page.js")
"""In the order in which they are loaded; each may use the ones before it."""
SHOWN_ROUNDS = 20
GIBIBYTE = 2**30


def render(results: Results, title: str = TITLE) -> str:
    """The whole page. All text from results is escaped by the templates."""
    view = View(results, compare(results))
    scripts = [vega_bundle(), *(script(_static(name)) for name in SCRIPTS)]
    environment = Environment(
        loader=PackageLoader("report"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["breakable"] = breakable
    template = environment.get_template("page.html.j2")
    return template.render(
        **_data(view, title),
        **_tools(),
        css=Markup(_static("page.css")),
        scripts=scripts,
        policy=content_security_policy(scripts),
    )


def _data(view: View, title: str) -> dict[str, Any]:
    queries = view.queries()
    return {
        "title": title,
        "view": view,
        "columns": {column.engine for column in view.columns},
        "matrices": view.matrices(),
        "ranking": view.ranking(),
        "untimed": view.untimed(),
        "groups": [(name, list(group)) for name, group in groupby(queries, _workload)],
        "places": _places(queries),
        "machines": _machines(view.results),
        "filters": _filters(view.results, view.comparison),
        "date": moment(view.results.runs[0].file.started),
        "built": moment(datetime.now(UTC)),
        "payload": json_for_script(payload(view.results, view.comparison, view.columns)),
        "specs": json_for_script(charts.specs()),
    }


def _tools() -> dict[str, Any]:
    """What the templates format with."""
    return {
        "words": wording,
        "names": names,
        "statistics": statistics,
        "metrics": METRICS,
        "default": DEFAULT,
        "shown_rounds": SHOWN_ROUNDS,
        "median": standard_statistics.median,
        "moment": moment,
        "gibibytes": gibibytes,
        "cores_used": cores_used,
    }


def _static(name: str) -> str:
    return files("report").joinpath("static", name).read_text(encoding="utf-8")


def _workload(query: QueryView) -> str:
    return query.workload


def _places(queries: Sequence[QueryView]) -> dict[tuple[str, str], int]:
    """Where each query stands on the page, for links to it."""
    return {(query.workload, query.name): at for at, query in enumerate(queries)}


def _machines(results: Results) -> list[MachineEntry]:
    """Each machine once, as its newest run has it."""
    return list({run.machine.name: run.machine for run in reversed(results.runs)}.values())


def _filters(
    results: Results, comparison: Comparison
) -> list[tuple[str, str, Mapping[str | int, str]]]:
    """Name, label and choices of each way to choose settings."""
    settings, titles = comparison.settings, results.workloads
    return [
        ("machine", "Machine", {s.machine: s.machine for s in settings}),
        ("workload", "Workload", {s.workload: titles[s.workload].title for s in settings}),
        ("input", "Input", {s.input: names.INPUTS.get(s.input, s.input) for s in settings}),
        ("size", "Size", {s.size: s.size for s in settings}),
        ("threads", "Threads", {s.threads: str(s.threads) for s in settings}),
    ]


def breakable(name: str) -> Markup:
    """A name that may be broken after its underscores."""
    return Markup("_<wbr>").join(escape(part) for part in name.split("_"))


def moment(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def gibibytes(count: int) -> str:
    return f"{count / GIBIBYTE:.3g}"


def cores_used(cell: Cell) -> str:
    """CPU seconds for each wall-clock second of the hot rounds."""
    wall = sum(cell.seconds)
    return f"{sum(cell.cpu_seconds) / wall:.1f}" if wall > 0 else "–"
