"""The command ``harness selfcheck``: checks of the harness -> a table and an exit code."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.commands.selfcheck.trial import Trial
from harness.errors import HarnessError

if TYPE_CHECKING:
    from harness.commands.selfcheck.checks import Line


def selfcheck(
    quick: Annotated[
        bool, typer.Option("--quick", help="Less data and fewer rounds: under a minute.")
    ] = False,
    engine: Annotated[
        list[str] | None,
        typer.Option(help="An engine to check; may be repeated. Default: all that can run."),
    ] = None,
) -> None:
    """Measure what is known beforehand, and say whether the harness gets it right.

    Runs real benchmarks: an engine against itself; engines that sleep, allocate and compute in
    known amounts; engines that answer wrongly, hang, take all memory and die. Ends with exit code
    1 where a line fails. Other work on the machine can make the timings fail.

    Example: harness selfcheck --quick
    """
    from harness.commands.selfcheck import (
        checks,  # takes a second, which other commands need not spend
    )

    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    names = engine or checks.installed()
    if not names:
        raise HarnessError("no engine can run here; see harness doctor")
    effort = checks.QUICK if quick else checks.FULL
    with tempfile.TemporaryDirectory(prefix="enginebench-selfcheck-") as folder:

        def tell(text: str) -> None:  # no spinner, which would draw during a timed run
            console.print(f"[dim]{escape(text)} ...[/dim]")

        trial = Trial(Path(folder))
        found = list(checks.lines(trial, effort, names, tell))
    console.print(_table(found))
    failed = sum(not line.passed for line in found)
    console.print(f"{len(found) - failed} of {len(found)} as expected")
    if trial.noisy:
        console.print("the machine was noisy meanwhile, which can make the timings fail")
    if failed:
        raise typer.Exit(1)


def _table(lines: Sequence[Line]) -> Table:
    table = Table("checked", "expected", "measured", "", box=SIMPLE_HEAD, pad_edge=False)
    for line in lines:
        verdict = "[green]ok[/green]" if line.passed else "[bold red]failed[/bold red]"
        table.add_row(escape(line.what), escape(line.expected), escape(line.measured), verdict)
    return table
