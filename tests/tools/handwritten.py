"""Times TPC-H's emitted programs against hand-written ones, in alternating rounds of one process.

    python -m tests.tools.handwritten FOLDER [--engine polars] [--input memory] [--size medium]

FOLDER is a checkout of a TPC-H suite that keeps ``queries/<engine>/q<N>.py``, each with a function
``q()`` that reads tables by ``utils.get_<table>_ds()`` and hands its query to
``utils.run_query(number, query)``, as polars-benchmark does. Nothing of it is imported but the
queries. For ``--engine duckdb`` no folder is needed: the workload's SQL, as written, takes the
hand-written program's place.
"""

from __future__ import annotations

import importlib
import statistics
import sys
import time
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table as Grid

import harness.engines
from harness.data.cache import Cache
from harness.data.prepare import prepare
from harness.plan import compile_query
from harness.tables import Input, Table
from harness.workload.file import load
from tests.places import WORKLOADS

WORKLOAD = WORKLOADS / "tpch.yaml"
_TABLES = {"line_item": "lineitem", "part_supp": "partsupp"}
Run = Callable[[], Any]
_captured: list[Any] = []
_captured_from: list[Path] = []


def main(
    folder: Annotated[
        Path | None, typer.Argument(help="The suite of hand-written programs.")
    ] = None,
    engine: Annotated[str, typer.Option(help="polars, pandas or duckdb")] = "polars",
    source: Annotated[Input, typer.Option("--input", help="memory or parquet")] = Input.MEMORY,
    size: Annotated[str, typer.Option(help="A size of workloads/tpch.yaml.")] = "medium",
    rounds: Annotated[int, typer.Option(help="Rounds of each program.")] = 7,
    only: Annotated[str, typer.Option(help="Queries, such as q02,q17. Default: all.")] = "",
) -> None:
    """Prints each query's seconds by both programs with their ratio, and the ratios' mean.

    A ratio is emitted over hand-written, the mean is geometric. A query without a hand-written
    program is left out.
    """
    workload = load(WORKLOAD)
    with Cache() as cache:
        data = prepare(workload, size, source, cache)
    session = harness.engines.get(engine).start(0 or _cores())
    for table in data.tables.values():
        session.load(table) if source is Input.MEMORY else session.scan(table, source)
    ratios: dict[str, Measured] = {}
    for query in workload.queries:
        if only and query.name not in only.split(","):
            continue
        theirs = _by_hand(folder, engine, query, session, source, data.tables)
        if theirs is None:
            continue
        schemas = {name: table.schema for name, table in data.tables.items()}
        compiled = compile_query(query.sql, schemas)
        session.prepare(harness.engines.get(engine).compile(compiled, data.tables, source))
        ratios[query.name] = _measured(session.run, theirs, rounds)
    _print(ratios, f"{engine} from {source}, {size}")


def _cores() -> int:
    from harness.machine.facts import usable_cores

    return usable_cores()


Measured = tuple[float, float, float]
"""Medians of ours and of theirs, in seconds, and the median of the ratios of paired rounds."""


def _measured(ours: Run, theirs: Run, rounds: int) -> Measured:
    """Returns the median seconds of both programs, and the median ratio of their paired rounds.

    ``ours`` runs the emitted program, ``theirs`` the hand-written one. They take turns, and swap
    who goes first, so that the machine's drift hits both.
    """
    ours(), theirs()
    seconds: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds):
        order = ((0, ours), (1, theirs)) if number % 2 else ((1, theirs), (0, ours))
        for which, run in order:
            began = time.perf_counter()
            run()
            seconds[which].append(time.perf_counter() - began)
    ratio = statistics.median(a / b for a, b in zip(*seconds, strict=True))
    return statistics.median(seconds[0]), statistics.median(seconds[1]), ratio


def _by_hand(
    folder: Path | None,
    engine: str,
    query: Any,
    session: Any,
    source: Input,
    tables: Mapping[str, Table],
) -> Run | None:
    if engine == "duckdb":
        return lambda: session.connection.sql(query.sql).to_arrow_table()
    if folder is None:
        raise typer.BadParameter("a folder of hand-written programs is needed")
    number = int(query.name.removeprefix("q"))
    if not (folder / "queries" / engine / f"q{number}.py").exists():
        return None
    if not _captured_from:
        _pretend_utils(engine, session, source, tables)
        sys.path.insert(0, str(folder))
        _captured_from.append(folder)
    package = importlib.import_module(f"queries.{engine}")
    package.utils = sys.modules[f"queries.{engine}.utils"]  # type: ignore[attr-defined]
    module = importlib.import_module(f"queries.{engine}.q{number}")

    def run() -> Any:
        _captured.clear()
        module.q()
        query = _captured[0]
        return query() if engine == "pandas" else query.collect()

    return run


def _pretend_utils(engine: str, session: Any, source: Input, tables: Mapping[str, Table]) -> None:
    """Makes a module in the place of the suite's ``utils``, which the hand-written programs import.

    Its ``get_…_ds`` give the harness's tables; its ``run_query`` keeps a query, to be run later.
    """
    utils = types.ModuleType(f"queries.{engine}.utils")
    for name in tables:
        reader = _reader(engine, name, session, source, tables[name])
        spelt = next((k for k, v in _TABLES.items() if v == name), name)
        setattr(utils, f"get_{spelt}_ds", reader)
    utils.run_query = lambda number, query: _captured.append(query)  # type: ignore[attr-defined]
    sys.modules[utils.__name__] = utils


_frames: dict[str, Any] = {}


def _reader(engine: str, name: str, session: Any, source: Input, table: Table) -> Run:
    path = str(table.parquet[0])
    if engine == "polars":
        import polars as pl

        return lambda: session.tables[name] if source is Input.MEMORY else pl.scan_parquet(path)
    import pandas as pd

    def read() -> Any:  # as the suite reads: every column, Arrow dtypes
        return pd.read_parquet(path, dtype_backend="pyarrow")

    if source is Input.MEMORY and name not in _frames:
        _frames[name] = read()
    return (lambda: _frames[name]) if source is Input.MEMORY else read


def _print(ratios: Mapping[str, Measured], title: str) -> None:
    grid = Grid(title=title)
    for heading in ("query", "emitted", "by hand", "ratio"):
        grid.add_column(heading, justify="right")
    for name, (ours, theirs, ratio) in ratios.items():
        grid.add_row(name, f"{ours:.4f}", f"{theirs:.4f}", f"{ratio:.2f}")
    mean = statistics.geometric_mean(ratio for _, _, ratio in ratios.values())
    grid.add_row("geometric mean", "", "", f"{mean:.3f}")
    Console().print(grid)


if __name__ == "__main__":
    typer.run(main)
