"""A sum that passes 64 bits is noticed, wherever in the query it stands."""

from __future__ import annotations

import duckdb
import pytest

from harness.overflow import TOLD, overflow

WIDE = (
    "select sum(h) as a from t",
    "select k, avg(h) as a from t group by k",
    "select k from t group by k having sum(h) > 5",
    "select k, sum(h) filter (where k = 1) over (order by k) as a from t",
    "select avg(h) filter (where k = 1) as a from t",
    "select max(a) as m from (select k, sum(h) as a from t group by k) as q",
    "with q as (select k, sum(h + 0) as a from t group by k) select a / 2 as b from q",
    "select k, sum(sum(h)) over () as a from t group by k",
    "select k from t where x < (select sum(h) from t)",
    "select -sum(-h) as a from t union select k from t",
    "select k, sum(h) as a from t group by k having a > 5",
    "select sum(h) as a, a + 1 as b from t",
    "select k, sum(h) over (partition by k) as a from t qualify a > 0",
    "select k, mean(h) as a from t group by k",
    "select k, sum(h) as a from t group by k order by a limit 1",
)
NARROW = (
    "select k, h, x from t",
    "select sum(k) as a, avg(k) as b, max(h) as c from t",
    "select sum(x) as a, avg(x) as b, sum(x * 1e300) as c from t",
    "select k, sum(h) as a from t where k = 2 group by k",
    "select sum(distinct h) as a from t",
    "select sum(h) over (partition by x) as a from t",
    "select sum(k) filter (where h > 5) over (order by k) as a from t",
)


@pytest.fixture(scope="module")
def database() -> duckdb.DuckDBPyConnection:
    database = duckdb.connect()
    rows = "(1, 9223372036854775802, 1.5), (1, 9223372036854775802, 2.5), (2, 5, 3.5)"
    database.execute("create table t (k bigint, h bigint, x double)")
    database.execute(f"insert into t values {rows}")
    return database


@pytest.mark.parametrize("sql", WIDE)
def test_a_sum_that_is_too_wide_is_found(database: duckdb.DuckDBPyConnection, sql: str) -> None:
    assert overflow(database, sql, ["t"]) == TOLD


@pytest.mark.parametrize("sql", NARROW)
def test_no_other_is(database: duckdb.DuckDBPyConnection, sql: str) -> None:
    assert overflow(database, sql, ["t"]) is None


def test_what_duckdb_cannot_compute_is_no_sum_that_is_too_wide(
    database: duckdb.DuckDBPyConnection,
) -> None:
    assert overflow(database, "select sum(h * h) as a from t", ["t"]) is None
