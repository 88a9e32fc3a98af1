"""How long one query takes to compile, warm: SQL text -> plan -> an engine's formatted program.

    python -m tests.tools.compile_time [--engine polars] [--rounds 5]

Processor time of this process, so that other work on the machine counts little.
"""

from __future__ import annotations

import statistics
import time
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table as Grid

import harness.engines
from harness.data.cache import Cache
from harness.data.prepare import schemas
from harness.errors import Unsupported
from harness.plan import compile_query
from harness.tables import Input, Table
from harness.workload.file import load
from tests.places import WORKLOADS


def main(
    engines: Annotated[str, typer.Option("--engine", help="Engines, such as polars,pandas.")] = (
        "pandas,polars,duckdb,pyarrow,dask"
    ),
    rounds: Annotated[int, typer.Option(help="Compilations of each query.")] = 5,
) -> None:
    """Prints, by engine, the milliseconds to compile TPC-H's median query, and its slowest one."""
    workload = load(WORKLOADS / "tpch.yaml")
    with Cache() as cache:
        known = schemas(workload, "small", cache)
    tables = {name: Table(name, schema, 0) for name, schema in known.items()}
    grid = Grid(title="Milliseconds to compile one query of TPC-H, warm")
    for heading in ("engine", "median", "slowest", "query"):
        grid.add_column(heading, justify="right")
    for name in engines.split(","):
        engine, slowest, all_of = harness.engines.get(name), (0.0, ""), []
        for query in workload.queries:
            seconds = []
            for _ in range(rounds + 1):
                began = time.process_time()
                try:
                    engine.compile(compile_query(query.sql, known), tables, Input.MEMORY)
                except Unsupported:
                    break
                seconds.append(time.process_time() - began)
            if seconds:
                median = statistics.median(seconds[1:]) * 1000
                all_of.append(median)
                slowest = max(slowest, (median, query.name))
        grid.add_row(name, f"{statistics.median(all_of):.1f}", f"{slowest[0]:.1f}", slowest[1])
    Console().print(grid)


if __name__ == "__main__":
    typer.run(main)
