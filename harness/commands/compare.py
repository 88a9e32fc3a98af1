"""The command ``harness compare``: two runs -> verdicts, and an exit code for a build."""

from __future__ import annotations

import re
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from harness.errors import ResultsError
from harness.words import visible


class Format(StrEnum):
    TABLE = "table"
    MARKDOWN = "markdown"
    JSON = "json"


class MetricName(StrEnum):
    """The names of `report.compare.metrics.METRICS`, for --metric; a test checks they agree."""

    MEDIAN = "median"
    MINIMUM = "minimum"
    COLD = "cold"
    FIRST = "first"
    PEAK = "peak"
    CPU = "cpu"


Results = Annotated[
    Path,
    typer.Argument(
        help="A results file, a journal, or a folder, of which the newest run is taken.",
        show_default=False,
    ),
]


def compare(
    before: Results,
    after: Results,
    metric: Annotated[
        MetricName, typer.Option(help="What is compared: less is better.")
    ] = MetricName.MEDIAN,
    fail_above: Annotated[
        str | None,
        typer.Option(
            metavar="PERCENT",
            help="End with exit code 1 where a cell got worse by more than this with all of its "
            "interval, or has no time any more: 5%",
            show_default=False,
        ),
    ] = None,
    alias: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[FIELD:]A=B",
            help="Let the first run's A stand for B. FIELD is engine (the default), size, input, "
            "threads, memory_limit or clients. Example: polars=polars_gpu",
            show_default=False,
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="List what shows no change, too.")
    ] = False,
    format: Annotated[Format, typer.Option(help="How to print.")] = Format.TABLE,
) -> None:
    """Compare two runs cell by cell: faster, slower, a tie or not told apart, and what was lost.

    Cells match by workload, query, engine, size, input, threads, memory limit (where
    --memory-limit gave several) and clients; versions of engines may differ.
    Exit codes: 1 a regression, where --fail-above is given; 2 nothing to compare. A cell that is
    not told apart is no regression, however wide its interval.

    Example: harness compare results/before.json results --fail-above 5%
    """
    import report  # takes a second, which other commands need not spend
    from report.compare.changes import alias_of, compare_runs
    from report.compare.metrics import METRICS
    from report.read.sources import newest
    from report.words.change_tables import as_json, listing, markdown, terminal

    above = None if fail_above is None else _share(fail_above)
    chosen = next(each for each in METRICS if each.name == metric.value)
    try:
        runs = newest(before, tell=_note), newest(after, tell=_note)
        changes = compare_runs(*runs, chosen, [alias_of(text) for text in alias or []])
    except report.ReportError as error:
        raise ResultsError(" ".join(str(error).split())) from error  # names may have lines
    if format is Format.JSON:
        typer.echo(as_json(changes, above), nl=False)
    elif format is Format.MARKDOWN:
        typer.echo(markdown(listing(changes, everything, above)), nl=False)
    else:
        console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
        console.print(terminal(listing(changes, everything, above)))
    if above is not None and changes.regressions(above):
        raise typer.Exit(1)


def _share(text: str) -> float:
    """Returns a percentage as a share: ``5%`` is 0.05. Raises ResultsError for any other text."""
    if not re.fullmatch(r"\d+(\.\d+)?%", text):
        raise ResultsError(f"--fail-above {text!r} is not a percentage such as 5%")
    return float(text[:-1]) / 100


def _note(text: str) -> None:
    typer.echo(f"harness: {visible(text)}", err=True)
