"""`Results` -> the report, one HTML file that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from harness.records.files import FORMAT_VERSION
from harness.records.runs import MachineEntry
from report.charts import registry as charts
from report.compare import statistics
from report.compare.comparison import Comparison, compare
from report.compare.metrics import DEFAULT, METRICS
from report.page.embed import content_security_policy, json_for_script, script, vega_bundle
from report.page.payload import Payload
from report.page.view import View
from report.read.frame import Results
from report.words import names, surroundings, wording

TITLE = "Data engines compared"
SCRIPTS = (
    "elements", "blocks", "data", "model", "wording", "runs", "changes", "state", "highlight",
    "rows", "charts", "tips", "matrix", "details", "records", "queries", "view", "page",
)  # fmt: skip
"""In the order in which they are loaded."""


def render(results: Results, title: str = TITLE, readme: str | None = None) -> str:
    """The whole page. All text from results is escaped by the templates.

    ``readme`` is the address of this project's README.md, seen from the page.
    """
    view = View(results, compare(results))
    scripts = [vega_bundle(), *(script(_static(f"{name}.js")) for name in SCRIPTS)]
    environment = Environment(
        loader=PackageLoader("report"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    template = environment.get_template("page.html.j2")
    return template.render(
        **_data(view, title),
        **_tools(),
        guide=readme,
        css=Markup(_static("page.css")),
        scripts=scripts,
        policy=content_security_policy(scripts),
    )


def _data(view: View, title: str) -> dict[str, Any]:
    payload = Payload(view.results, view.comparison, view.columns, view.replaced.quieter)
    blocks = {"cells": payload.cell_numbers(), "rounds": payload.round_numbers()}
    if len(view.results.runs) > 1:
        blocks["older"] = payload.older_numbers()
    outline = payload.outline()
    return {
        "title": title,
        "view": view,
        "machines": _machines(view.results),
        "filters": _filters(view.results, view.comparison),
        "charts": charts.overview(),
        "runs": outline["runs"],
        "environment": [
            *surroundings.environment(view.results.runs[0].file.environment),
            *surroundings.data(view.results.runs[0].file.workloads),
        ],
        "date": moment(view.results.runs[0].file.started),
        "built": moment(datetime.now(UTC)),
        "outline": json_for_script(outline),
        "blocks": {**blocks, "texts": payload.texts()},
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
        "moment": moment,
        "gibibytes": surroundings.gibibytes,
        "noise": surroundings.noise,
        "format_version": FORMAT_VERSION,
    }


def _static(name: str) -> str:
    return files("report").joinpath("static", name).read_text(encoding="utf-8")


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


def moment(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
