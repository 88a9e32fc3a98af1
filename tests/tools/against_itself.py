"""Measures one engine against itself, under two names: how many of the ratios' intervals cover 1?

    python -m tests.tools.against_itself [--engine polars] [--runs 3] WORKLOAD [-- OPTIONS]

OPTIONS go to ``pytest --benchmark``: ``--input memory --benchmark-max-time 20``.
"""

from __future__ import annotations

import math
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import mean
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table as Grid

from harness.records.medians import PROCESS_ERROR
from report.compare.comparison import Task, compare
from report.compare.statistics import Ratio
from report.read.frame import load

WITHIN = 0.03


def main(
    workload: Annotated[Path, typer.Argument(help="A workload's file.")],
    options: Annotated[list[str] | None, typer.Argument(help="For pytest, after --.")] = None,
    engine: Annotated[str, typer.Option(help="The engine.")] = "polars",
    runs: Annotated[int, typer.Option(help="Runs, one after the other.")] = 3,
) -> None:
    """Prints the ratio of each query's two medians, and how many intervals cover 1.

    Exits with code 1 if an interval does not cover 1, or a ratio is not within 3% of 1.
    """
    grid = Grid(title=f"{engine} against itself")
    for heading in ("run", "query", "rounds", "ratio (95% interval)", "covers 1"):
        grid.add_column(heading, justify="right")
    covers, apart, excess = [], [], []
    for run in range(runs):
        for task, ratio in _measured(workload, engine, options or []):
            number = max(entry.cell.processes for entry in task.entries.values())
            low, high = ratio.interval or (0.0, float("inf"))
            apart.append(ratio.value - 1)
            covers.append(ratio.covers_one)
            of_rounds = (ratio.log_error or 0.0) ** 2 - 2 * PROCESS_ERROR**2 / number
            excess.append((math.log(ratio.value) ** 2 - of_rounds) / 2 * number)
            told = f"{ratio.value:.3f} ({low:.3f} to {high:.3f})"
            rounds = min(len(entry.cell.seconds) for entry in task.entries.values())
            cells = (task.query, f"{rounds}", told, "" if covers[-1] else "no")
            grid.add_row(str(run + 1), *cells)
    console = Console(width=100)
    console.print(grid)
    count, near = len(covers), sum(abs(share) <= WITHIN for share in apart)
    console.print(f"intervals that cover 1: {sum(covers)} of {count}, of which 95% are to")
    console.print(f"medians within {WITHIN:.0%}: {near} of {count}")
    between = math.sqrt(max(0.0, mean(excess)))
    console.print(f"between processes: {between:.1%}, taken to be {PROCESS_ERROR:.1%}")
    if sum(covers) < count or near < count:
        raise typer.Exit(1)


def _measured(workload: Path, engine: str, options: list[str]) -> Iterator[tuple[Task, Ratio]]:
    """Runs the workload once; yields its tasks, each with the ratio of the engine's two medians."""
    with tempfile.TemporaryDirectory(prefix="enginebench-itself-") as folder:
        names = f"{engine},again={engine}"
        command = [sys.executable, "-m", "pytest", "--benchmark", "-q", str(workload), *options]
        command += ["--engines", names, "--results", folder]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        files = list(Path(folder).glob("*/*.json"))
        if done.returncode or not files:
            raise SystemExit(done.stdout)
        for line in done.stdout.splitlines():
            if line.startswith("noisy"):
                print(line, file=sys.stderr)
        for task in compare(load(files)).tasks:
            ratio = task.ratio(*task.entries)
            if ratio is None or ratio.log_error is None:
                raise SystemExit(f"{task.query}: too few rounds; raise its time")
            yield task, ratio


if __name__ == "__main__":
    typer.run(main)
