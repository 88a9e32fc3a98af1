"""A CTE with the name of a table: the table is what it reads, and the CTE what is read after it."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from harness import engines
from harness.tables import Input
from tests.support.in_process import InProcess

SHADOWING = (
    "with b as (select id, k from a union all select id, k from b) select k, count(*) as n from b "
    "group by k",
    "with a as (select id, k from a) select id, (select count(*) from a x where x.k = a.k) as n "
    "from a",
    "with a as (select * from a where k > 1), b as (select * from a) select a.id, b.id as j "
    "from a join b on a.id = b.id",
    "with a as (select * from b), b as (select * from a) select a.id, b.k from a join b using (id)",
    "select x.id from (with a as (select * from a) select * from a union all select * from a) x "
    "join a on a.id = x.id",
)


@pytest.mark.parametrize(
    ("engine", "source"),
    [("sqlite", Input.MEMORY), ("hyper", Input.MEMORY), ("hyper", Input.PARQUET)],
)
def test_a_cte_may_have_the_name_of_a_table(engine: str, source: Input, tmp_path: Path) -> None:
    """SQLite would run the first of these for ever, and Hyper's tables in files are CTEs."""
    if lack := engines.get(engine).unavailable():
        pytest.skip(lack)
    tables = {
        "a": pa.table({"id": [0, 1, 2, 3], "k": [1, 2, 3, None]}),
        "b": pa.table({"id": [0, 1, 2], "k": [1, 3, 3]}),
    }
    with InProcess(tables, tmp_path) as run:
        verdicts = [run.verdict(engine, sql, source) for sql in SHADOWING]
    assert [str(verdict) for verdict in verdicts if verdict.outcome != "ok"] == []
