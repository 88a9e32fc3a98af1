"""Starts each engine alone, for ``harness doctor --startup``: seconds and megabytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from rich.table import Table as Grid

from harness import engines
from harness.engines.installed import installed_bytes
from harness.errors import HarnessError
from harness.machine.facts import usable_cores
from harness.machine.scratch import Scratch
from harness.measure.pool import launched
from harness.measure.requests import LoadTable, PrepareProgram, RunProgram, ScanTable
from harness.plan import compile_query
from harness.tables import Input, Table
from harness.types import Column, Type

QUERY = "select k, sum(v) as s from t group by k"
ROWS = 1000
TIMEOUT_SECONDS = 120.0


def startups(names: Iterable[str]) -> Grid:
    """Returns a table of each engine's installed megabytes and seconds to start.

    Engines that cannot be used here are left out.
    """
    made = Grid("engine", "installed", "start", "first answer", box=None, padding=(0, 2, 0, 0))
    for row in _rows(names):
        made.add_row(*row)
    return made


def _rows(names: Iterable[str]) -> Iterator[Sequence[str]]:
    """Yields a row for each engine that can be used here: name, installed MB, and two times.

    The times are the seconds until the engine was ready, and until its first answer.
    """
    with Scratch() as scratch:
        table = _written(scratch.path / "t.parquet")
        for name in names:
            engine = engines.get(name)
            if engine.unavailable() is not None:
                continue
            size = f"{installed_bytes(engine) / 1e6:.0f} MB"
            try:
                yield name, size, *_timed(name, table, scratch.path / name)
            except HarnessError as error:
                yield name, size, "", str(error)


def _written(file: Path) -> Table:
    rows = pa.table({"k": [n % 7 for n in range(ROWS)], "v": list(range(ROWS))})
    pq.write_table(rows, file)
    return Table("t", (Column("k", Type.INT64), Column("v", Type.INT64)), ROWS, (file,))


def _timed(name: str, table: Table, folder: Path) -> tuple[str, str]:
    """Starts an engine in a process of its own, where it groups a small table.

    Returns, as texts, the seconds until it was ready and until its first answer. The start of
    Python itself is not included.
    """
    query, source = compile_query(QUERY, {table.name: table.schema}), engines.get(name).usual_input
    program = engines.get(name).compile(query, {table.name: table}, source)
    with launched(name, usable_cores(), folder) as worker:
        start, load = worker.reply(TIMEOUT_SECONDS).seconds, 0.0
        if source is Input.MEMORY:
            load = worker.request(LoadTable(table), TIMEOUT_SECONDS)
        else:
            worker.request(ScanTable(table, source), TIMEOUT_SECONDS)
        worker.request(PrepareProgram(program), TIMEOUT_SECONDS)
        ran = worker.request(RunProgram(), TIMEOUT_SECONDS)
    return f"{start:.2f} s", f"{start + load + ran.seconds:.2f} s"
