"""One engine against itself under two names, several times: what the harness says of no difference.

    python -m tests.against_itself [--engine polars] [--runs 3] workloads/groupby.yaml [-- OPTIONS]

OPTIONS go to ``pytest --benchmark``: ``--input memory --benchmark-max-time 20``.
"""

from __future__ import annotations

import math
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import mean, median
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table as Grid

from report.comparison import Task, compare
from report.frame import load
from report.statistics import PROCESS_ERROR, Ratio, paired_ratio, process_error

WITHIN = 0.03


def main(
    workload: Annotated[Path, typer.Argument(help="A workload's file.")],
    options: Annotated[list[str] | None, typer.Argument(help="For pytest, after --.")] = None,
    engine: Annotated[str, typer.Option(help="The engine.")] = "polars",
    runs: Annotated[int, typer.Option(help="Runs, one after the other.")] = 3,
) -> None:
    """Prints each query's medians and paired ratio, and how often they say what is true."""
    grid = Grid(title=f"{engine} against itself")
    for heading in ("run", "query", "rounds", "medians apart", "ratio (95% interval)", "covers 1"):
        grid.add_column(heading, justify="right")
    covers, apart, excess = [], [], []
    for run in range(runs):
        for task, one, other, ratio in _measured(workload, engine, options or []):
            number = max(entry.cell.processes for entry in task.entries.values())
            low, high = ratio.interval or (0.0, float("inf"))
            apart.append(one / other - 1)
            covers.append(ratio.is_tie)
            of_rounds = (ratio.log_error or 0.0) ** 2 - 2 * process_error(number) ** 2
            excess.append((math.log(ratio.value) ** 2 - of_rounds) / 2 * number)
            told = f"{ratio.value:.3f} ({low:.3f} to {high:.3f})"
            rounds = min(len(entry.cell.seconds) for entry in task.entries.values())
            cells = (task.query, f"{rounds}", f"{apart[-1]:+.1%}", told, "" if covers[-1] else "no")
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


def _measured(
    workload: Path, engine: str, options: list[str]
) -> Iterator[tuple[Task, float, float, Ratio]]:
    """A run's tasks, with the medians of both (seconds) and their ratio."""
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
            one, other = (entry.cell for entry in task.entries.values())
            sides = [dict(zip(cell.turns, cell.seconds, strict=True)) for cell in (one, other)]
            ratio = paired_ratio(*sides, (one.processes, other.processes))
            if ratio is None:
                raise SystemExit(f"{task.query}: too few pairs of rounds; raise its time")
            yield task, median(one.seconds), median(other.seconds), ratio


if __name__ == "__main__":
    typer.run(main)
