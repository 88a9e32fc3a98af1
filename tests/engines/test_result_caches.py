"""No engine answers from what it remembers: data that changes between rounds changes answers."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from harness import engines
from harness.engines.base import Engine, Session
from harness.engines.sql.duckdb import DuckDB
from harness.errors import Unsupported
from harness.plan import compile_query
from harness.tables import Input, Table
from harness.types import Column, Type
from tests.support.in_process import installed

SCHEMA = (Column("k", Type.INT64, False), Column("x", Type.FLOAT64, False))
SQL = "select k, sum(x) as total from t where k > 0 group by k order by k"
BEFORE = {"k": [0, 1, 1, 2], "x": [9.0, 1.0, 2.0, 4.0]}
AFTER = {"k": [0, 1, 1, 2], "x": [9.0, 5.0, 2.0, 8.0]}


def written(data: dict[str, list[float]], folder: Path) -> Table:
    table = pa.table(data)
    pq.write_table(table, folder / "t.parquet")
    pyarrow.csv.write_csv(table, folder / "t.csv")
    return Table("t", SCHEMA, 4, (folder / "t.parquet",), (folder / "t.csv",))


def answers(engine: Engine, source: Input, folder: Path) -> list[list[float]]:
    """Returns the totals of three runs of a program; before the third the data is changed."""
    table = written(BEFORE, folder)
    query = compile_query(SQL, {"t": SCHEMA})
    session = engine.start(threads=2)

    def totals() -> list[float]:
        return session.to_arrow(session.run())["total"].to_pylist()

    if source is Input.MEMORY:
        session.load(table)
    else:
        session.scan(table, source)
    session.prepare(engine.compile(query, {"t": table}, source))
    before = [totals(), totals()]
    again = written(AFTER, folder)
    if source is Input.MEMORY:
        session.load(again)
    after = totals()
    session.close()
    return [*before, after]


RIGHT, STALE = [[3.0, 4.0], [3.0, 4.0], [7.0, 8.0]], [[3.0, 4.0]] * 3


@pytest.mark.parametrize(
    ("engine", "source"),
    [
        (name, source)
        for name in installed(serving=True)
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


class Remembering(DuckDB):
    """An engine that returns a program's first answer in all later runs."""

    def start(self, threads: int) -> Session:
        session = super().start(threads)
        session.run = cache(session.run)  # type: ignore[method-assign]
        return session


@pytest.mark.parametrize("source", Input)
def test_an_engine_that_remembers_its_answers_is_found(source: Input, tmp_path: Path) -> None:
    assert answers(Remembering(), source, tmp_path) == STALE
