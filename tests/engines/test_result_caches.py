"""No engine answers from what it remembers: data that changes between rounds changes answers.

An engine in an environment of its own is tested in a worker, where that environment has been made.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from harness import engines
from harness.engines.base import Engine
from harness.engines.own_environment import InOwnEnvironment
from harness.engines.sql.duckdb import DuckDB
from harness.engines.sql.sessions.duckdb import DuckDBSession
from harness.errors import Unsupported
from harness.plan import compile_query
from harness.tables import Input, Table
from harness.types import Column, Type
from tests.support.elsewhere import Elsewhere
from tests.support.in_process import apart, installed

SCHEMA = (Column("k", Type.INT64, False), Column("x", Type.FLOAT64, False))
SQL = (
    "select k, sum(x) as total from t where k > 0 group by k order by k",
    "select min(x) as total, max(x) as most, count(*) as n from t",  # which metadata may answer
    "select count(*) as total from t",
)
BEFORE = {"k": [0, 1, 1, 2], "x": [3.0, 1.0, 2.0, 4.0]}
AFTER = {"k": [0, 1, 1, 2], "x": [3.0, 5.0, 2.0, 8.0]}
MORE = {"k": [0, 1, 1, 2, 2], "x": [3.0, 5.0, 2.0, 8.0, 1.0]}


def written(data: dict[str, list[float]], folder: Path) -> Table:
    """Writes files whose size and time are the same for BEFORE and AFTER."""
    table, parquet, csv = pa.table(data), folder / "t.parquet", folder / "t.csv"
    pq.write_table(table, parquet, compression="none", use_dictionary=False)
    pyarrow.csv.write_csv(table, csv)
    for file in (parquet, csv):
        os.utime(file, (1, 1))
    return Table("t", SCHEMA, 4, (parquet,), (csv,))


def answers(engine: Engine, source: Input, folder: Path) -> list[list[float]]:
    """Totals of all queries in two runs over BEFORE, in one over AFTER, and in one over MORE."""
    table = written(BEFORE, folder)
    queries = [compile_query(sql, {"t": SCHEMA}) for sql in SQL]
    elsewhere = isinstance(engine, InOwnEnvironment)
    session = Elsewhere(engine.name, folder) if elsewhere else engine.start(threads=2)

    def totals() -> list[float]:
        found: list[float] = []
        for query in queries:
            session.prepare(engine.compile(query, {"t": table}, source))
            found += session.to_arrow(session.run())["total"].to_pylist()
        return found

    if source is Input.MEMORY:
        session.load(table)
    else:
        session.scan(table, source)
    found = [totals(), totals()]
    for data in (AFTER, MORE):
        table = written(data, folder)
        if source is Input.MEMORY:
            session.load(table)
        found.append(totals())
    session.close()
    return found


STALE = [[3.0, 4.0, 1.0, 4]] * 4
RIGHT = [*STALE[:2], [7.0, 8.0, 2.0, 4], [7.0, 9.0, 1.0, 5]]


@pytest.mark.parametrize(
    ("engine", "source"),
    [
        (name, source)
        for name in (*installed(serving=True), *apart())
        for source in Input
        if source in engines.get(name).reads
    ],
)
def test_data_that_changes_between_rounds_changes_the_answer(
    engine: str, source: Input, tmp_path: Path
) -> None:
    try:
        assert answers(engines.get(engine), source, tmp_path) == RIGHT
    except Unsupported as error:
        pytest.skip(str(error))


class RememberingSession(DuckDBSession):
    """A session that returns a program's first answer in all later runs."""

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        self.answer = cache(lambda sql: self.connection.sql(sql).to_arrow_table())

    def run(self) -> Any:
        return self.answer(self.sql)


class Remembering(DuckDB):
    session = RememberingSession


@pytest.mark.parametrize("source", Input)
def test_an_engine_that_remembers_its_answers_is_found(source: Input, tmp_path: Path) -> None:
    assert answers(Remembering(), source, tmp_path) == STALE
