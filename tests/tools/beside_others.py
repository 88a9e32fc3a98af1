"""Checks that an engine's rounds take the same beside another engine and after that one has left.

    python -m tests.tools.beside_others [--engine polars] [--beside thrashing] WORKLOAD

The other engine's time is used up first, and it leaves; what is left of the first one's rounds has
no neighbour. ``thrashing`` and ``idling`` are ``harness/commands/selfcheck/neighbours.py``'s; any
other name is an engine's (``dask``).
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import geometric_mean, median
from typing import Annotated, NamedTuple

import typer
from rich.console import Console
from rich.table import Table as Grid

WITHIN = 0.03
NEIGHBOURS = "harness.commands.selfcheck.neighbours"
ENDLESS = 100_000
"""Rounds at the least: so nobody is sure before its time is used up."""


class Beside(NamedTuple):
    """An engine's median seconds on a query: beside the other engine, and after that has left."""

    query: str
    with_it: float
    after: float
    rounds: int


def main(
    workload: Annotated[Path, typer.Argument(help="A workload's file.")],
    engine: Annotated[str, typer.Option(help="The engine that is looked at.")] = "polars",
    beside: Annotated[str, typer.Option(help="thrashing, idling, or an engine.")] = "thrashing",
    seconds: Annotated[float, typer.Option(help="Of rounds, for each cell.")] = 6.0,
    query: Annotated[str, typer.Option("-k", help="Which queries, as pytest's -k.")] = "",
) -> None:
    """Prints both medians of each query, and how many pairs lie within 3% of each other.

    Exits with code 1 if a pair does not.
    """
    grid = Grid(title=f"{engine} beside {beside}, and after that has left")
    for heading in ("query", "beside", "after", "beside ÷ after", "rounds"):
        grid.add_column(heading, justify="right")
    found = list(_measured(workload, engine, beside, seconds, query))
    for one in found:
        times = (f"{1e3 * value:.2f} ms" for value in (one.with_it, one.after))
        grid.add_row(one.query, *times, f"{one.with_it / one.after:.3f}", f"{one.rounds}")
    console = Console(width=100)
    console.print(grid)
    ratios = [one.with_it / one.after for one in found]
    near = sum(abs(math.log(ratio)) <= math.log(1 + WITHIN) for ratio in ratios)
    mean = geometric_mean(ratios)
    console.print(f"within {WITHIN:.0%}: {near} of {len(found)}; geometric mean {mean:.3f}")
    if near < len(found):
        raise typer.Exit(1)


def _measured(
    workload: Path, engine: str, beside: str, seconds: float, query: str
) -> Iterator[Beside]:
    planted = f"{NEIGHBOURS}:{beside.capitalize()}"
    other = f"beside={planted if beside in ('thrashing', 'idling') else beside}"
    with tempfile.TemporaryDirectory(prefix="enginebench-beside-") as folder:
        command = [sys.executable, "-m", "pytest", "--benchmark", "-q", str(workload)]
        command += ["--engines", f"{engine},{other}", "--results", folder, "--input", "memory"]
        command += [
            "--budget",
            "24h",
            "--benchmark-max-time",
            f"{seconds:g}",
            "--benchmark-min-rounds",
            f"{ENDLESS}",
        ]
        done = subprocess.run(
            [*command, *(["-k", query] if query else [])],
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        files = list(Path(folder).glob("*/*.json"))
        if not files:
            raise SystemExit(done.stdout)
        benchmarks = json.loads(files[0].read_text())["benchmarks"]
    cells = {
        (entry["extra_info"]["query"], entry["extra_info"]["engine"] == engine): (
            entry["extra_info"]["turns"],
            entry["stats"]["data"],
        )
        for entry in benchmarks
    }
    for (name, is_engine), (turns, data) in cells.items():
        if is_engine and (name, False) in cells:
            yield from _split(name, turns, data, max(cells[name, False][0]))


def _split(name: str, turns: list[int], data: list[float], last: int) -> Iterator[Beside]:
    """Yields a query's median seconds up to the turn ``last`` and after it, if any is later.

    ``data`` holds the seconds of the engine's rounds, ``turns`` the turn of each round; ``last`` is
    the last turn in which the other engine took part.
    """
    pairs = list(zip(turns, data, strict=True))
    with_it = [seconds for turn, seconds in pairs if turn <= last]
    after = [seconds for turn, seconds in pairs if turn > last]
    if after:
        yield Beside(name, median(with_it), median(after), len(data))


if __name__ == "__main__":
    typer.run(main)
