"""No engine answers from what it remembers: data that changes between rounds changes answers."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from harness import engines
from harness.plan import compile_query
from harness.tables import Input, Table
from harness.types import Column, Type
from tests.in_process import installed

SCHEMA = (Column("k", Type.INT64, False), Column("x", Type.FLOAT64, False))
SQL = "select k, sum(x) as total from t where k > 0 group by k order by k"
BEFORE = {"k": [0, 1, 1, 2], "x": [9.0, 1.0, 2.0, 4.0]}
AFTER = {"k": [0, 1, 1, 2], "x": [9.0, 5.0, 2.0, 8.0]}


def written(data: dict[str, list[float]], folder: Path) -> Table:
    table = pa.table(data)
    pq.write_table(table, folder / "t.parquet")
    pyarrow.csv.write_csv(table, folder / "t.csv")
    return Table("t", SCHEMA, 4, (folder / "t.parquet",), (folder / "t.csv",))


@pytest.mark.parametrize("source", Input)
@pytest.mark.parametrize("engine", installed())
def test_data_that_changes_between_rounds_changes_the_answer(
    engine: str, source: Input, tmp_path: Path
) -> None:
    table = written(BEFORE, tmp_path)
    query = compile_query(SQL, {"t": SCHEMA})
    session = engines.get(engine).start(threads=2)
    session.prepare(engines.get(engine).compile(query, {"t": table}, source))

    def totals() -> list[float]:
        return session.to_arrow(session.run())["total"].to_pylist()

    if source is Input.MEMORY:
        session.load(table)
    else:
        session.scan(table, source)
    assert [totals(), totals()] == [[3.0, 4.0]] * 2
    again = written(AFTER, tmp_path)
    if source is Input.MEMORY:
        session.load(again)
    assert totals() == [7.0, 8.0]
