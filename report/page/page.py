"""`Results` -> the report, one HTML file that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from harness.records.files import FORMAT_VERSION
from harness.records.limits import clients_name, limit_name
from harness.records.runs import MachineEntry
from report.compare import statistics
from report.compare.comparison import Comparison, compare
from report.compare.metrics import DEFAULT, METRICS, Metric
from report.look.theme import page_config
from report.page.blocks import number_block, text_block
from report.page.embed import content_security_policy, json_for_script, script
from report.page.library import library
from report.page.payload import Payload
from report.page.scripts import bundle, static
from report.page.view import View
from report.read.frame import Results
from report.words import names, surroundings, wording

SHOWN_FIRST = {
    "size": "the largest",
    "threads": "the most",
    "memory_limit": "the largest",
    "clients": "one at a time, or the most",
}
"""Which of several values the page shows at first, by the rule of ``largest`` in verdicts.py."""


def render(results: Results, title: str = "", readme: str | None = None) -> str:
    """Returns the page's HTML. The templates escape all text from results.

    Without a ``title`` the workloads' titles are the heading. ``readme`` is the relative URL of
    this project's README.md, for links.
    """
    view = View(results, compare(results))
    scripts = [script(library().vega), script(bundle("page"))]
    environment = Environment(
        loader=PackageLoader("report"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    template = environment.get_template("page.html.j2")
    return template.render(
        **_data(view, title),
        **_tools(),
        metrics=_metrics(view.comparison),
        guide=readme,
        css=Markup(static("page.css")),
        scripts=scripts,
        policy=content_security_policy(scripts),
    )


def payload_of(view: View) -> Payload:
    """Returns the results as the data that the page's scripts compute with."""
    return Payload(view.results, view.comparison, view.columns, view.replaced.quieter)


def _data(view: View, title: str) -> dict[str, Any]:
    payload = payload_of(view)
    blocks = {name: number_block(columns) for name, columns in payload.numbers().items()}
    outline = payload.outline()
    newest = view.results.runs[0].file
    return {
        "title": title or view.heading(),
        "view": view,
        "machines": _machines(view.results),
        "filters": _filters(view.results, view.comparison),
        "charts": library().overview(),
        "runs": outline["runs"],
        "environment": [
            *surroundings.environment(newest.environment),
            *surroundings.data(newest.workloads),
        ],
        "engines": surroundings.engines(view.results.engines.values()),
        "date": moment(newest.started),
        "built": moment(datetime.now(UTC)),
        "outline": json_for_script(outline),
        "blocks": {**blocks, "texts": text_block(payload.texts())},
        "specs": json_for_script(_specs()),
    }


def _specs() -> dict[str, Any]:
    charts = {name: chart.spec for name, chart in library().charts.items()}
    return {"config": page_config(), "charts": charts}


def _tools() -> dict[str, Any]:
    """Returns, by name, the modules, functions and constants that the templates use."""
    return {
        "words": wording,
        "names": names,
        "statistics": statistics,
        "default": DEFAULT,
        "defaults": SHOWN_FIRST,
        "moment": moment,
        "gibibytes": surroundings.gibibytes,
        "noise": surroundings.noise,
        "format_version": FORMAT_VERSION,
    }


def _metrics(comparison: Comparison) -> list[Metric]:
    """Returns the default metric, and those for which some cell has a value."""
    entries = [entry for task in comparison.tasks for entry in task.entries.values()]
    known = {DEFAULT.name, *(name for entry in entries for name in entry.estimates)}
    return [metric for metric in METRICS if metric.name in known]


def _machines(results: Results) -> list[MachineEntry]:
    """Returns each machine once, as its newest run describes it."""
    return list({run.machine.name: run.machine for run in reversed(results.runs)}.values())


def _filters(
    results: Results, comparison: Comparison
) -> list[tuple[str, str, Mapping[str | int, str]]]:
    """Returns the page's filters, each as name, label and choices: ``("size", "Size", {…})``.

    Choices map each value that a setting has in the comparison to the text that is shown for it.
    """
    settings, titles = comparison.settings, results.workloads
    limits = [limit_name(s.memory_limit) for s in settings]
    clients = [clients_name(s.clients) for s in settings]
    return [
        ("machine", "Machine", {s.machine: s.machine for s in settings}),
        ("workload", "Workload", {s.workload: titles[s.workload].title for s in settings}),
        ("input", "Input", {s.input: names.INPUTS.get(s.input, s.input) for s in settings}),
        ("size", "Size", {s.size: s.size for s in settings}),
        ("threads", "Threads", {s.threads: str(s.threads) for s in settings}),
        ("memory_limit", "Memory limit", dict(zip(limits, limits, strict=True))),
        ("clients", "Clients", {c: c.replace("default", "one at a time") for c in clients}),
    ]


def moment(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
