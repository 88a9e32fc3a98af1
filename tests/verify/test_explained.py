"""Data that only DuckDB can answer is noticed, wherever in the query it matters."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pytest

from harness.answer import AnswerSpec
from harness.plan import compile_query
from harness.types import Column, Type
from harness.verify.explained import (
    AN_ORDER,
    NOT_A_NUMBER,
    TEXTS,
    TOO_WIDE,
    WRITTEN,
    data_of_its_own,
)
from harness.verify.other_ways import (
    AS_MISSING,
    AS_ROUNDED,
    AS_SCALED,
    BY_RECIPROCALS,
    IN_ANOTHER_ORDER,
    IN_FLOATS,
    IN_LAST_BITS,
    IN_OTHER_ROWS,
    IN_OTHER_TIES,
    OF_ANY,
    other_ways,
)
from tests.support.other_ways import another

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
    assert data_of_its_own(database, sql, ["t"]) == TOO_WIDE


@pytest.mark.parametrize("sql", NARROW)
def test_no_other_is(database: duckdb.DuckDBPyConnection, sql: str) -> None:
    assert data_of_its_own(database, sql, ["t"]) is None


def test_what_duckdb_cannot_compute_is_no_sum_that_is_too_wide(
    database: duckdb.DuckDBPyConnection,
) -> None:
    assert data_of_its_own(database, "select sum(h * h) as a from t", ["t"]) is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (" 7 ", "int"),
        ("1.5", "bigint"),
        ("1e2", "int"),
        (" 1.5", "double"),
        ("2020-01-01 12:00:00", "date"),
        ("2020-1-1", "date"),
        ("2020-01-01 10:00:00+02", "timestamp"),
        ("2020-01-01", "timestamp"),
        ("t", "boolean"),
    ],
)
@pytest.mark.parametrize("cast", ["cast(s as {kind})", "try_cast(s as {kind})", "s::{kind}"])
def test_a_text_that_only_duckdb_casts_is_found(text: str, kind: str, cast: str) -> None:
    with duckdb.connect() as database:
        database.execute("create table t as select ? as s, 1 as k", [text])
        sql = f"select {cast.format(kind=kind)} as a from t where k > 0"
        assert data_of_its_own(database, sql, ["t"]) == TEXTS


@pytest.mark.parametrize(
    "sql",
    [
        "select try_cast(s as int) as a, k::varchar as b, cast(k as double) as c from t",
        "select cast(d as timestamp) as a from (select d::date as d from t)",
    ],
)
def test_texts_that_every_library_casts_are_not(sql: str) -> None:
    with duckdb.connect() as database:
        database.execute("create table t as select '-12' as s, '2020-01-31' as d, 1 as k")
        assert data_of_its_own(database, sql, ["t"]) is None


@pytest.mark.parametrize(
    "text", ["x::varchar", "concat('a', x)", "concat(cast(x as varchar), 'a')::varchar"]
)
@pytest.mark.parametrize(("number", "told"), [("1e-7", WRITTEN), ("1e16", WRITTEN), ("1e15", None)])
def test_a_float_that_is_written_with_an_exponent_is_found(
    text: str, number: str, told: str | None
) -> None:
    with duckdb.connect() as database:
        database.execute(f"create table t as select {number}::double as x, 1 as k")
        sql = f"select {text} as a, k::varchar as b from t"
        assert data_of_its_own(database, sql, ["t"]) == told


@pytest.mark.parametrize(("text", "told"), [("04/01/09", TEXTS), ("04/01/2009", None)])
def test_a_time_that_is_not_written_as_its_format_says_is_found(
    text: str, told: str | None
) -> None:
    with duckdb.connect() as database:
        database.execute("create table t as select ? as s", [text])
        sql = "select strptime(s, '%d/%m/%Y') as a from t"
        assert data_of_its_own(database, sql, ["t"]) == told


def test_a_constant_text_is_no_data() -> None:
    with duckdb.connect() as database:
        database.execute("create table t as select 1 as k")
        sql = "select k, timestamp '2020-01-31 10:00:00.5' as a from t"
        assert data_of_its_own(database, sql, ["t"]) is None


def test_casts_within_many_casts_are_not_asked_about() -> None:
    """A query that guards a cast repeats its operand; 14 casts in each other would make it huge."""
    sql = "s"
    for number in range(14):
        sql = f"cast({sql} as {('varchar', 'int')[number % 2]})"
    with duckdb.connect() as database:
        database.execute("create table t as select ' 7 ' as s")
        assert data_of_its_own(database, f"select {sql} as a from t", ["t"]) is None


PLACE = "row_number() over"
KNIFE_EDGE = (
    ("select k from t group by k having sum(v) > 0.6", IN_ANOTHER_ORDER),
    ("select k from t group by k having avg(v) * 3 > 0.6", IN_ANOTHER_ORDER),
    ("select any_value(v) as a from t", IN_ANOTHER_ORDER),
    ("select avg(p) < 0.2 as a from (select v::decimal(3, 1) as p from t) q", IN_FLOATS),
    ("select k from t where k / 10 = 0.3", BY_RECIPROCALS),
    ("select k from t where v <> round(v, 80)", AS_ROUNDED),
    ("select v, row_number() over (order by k) as n from t", IN_ANOTHER_ORDER),
    ("select distinct on (k) k, v from t order by k", IN_ANOTHER_ORDER),
    ("select v from (select v from t order by k limit 1) q", IN_ANOTHER_ORDER),
    ("with t as (from t) select v, row_number() over (order by k) as n from t", IN_ANOTHER_ORDER),
    ("with T as (from t) select v, lag(v) over (order by T.k) as n from T", IN_ANOTHER_ORDER),
    ("select v from t where v in (with q as (from t limit 1) select v from q)", IN_ANOTHER_ORDER),
    (f"select {PLACE} (order by k) as a, {PLACE} (order by k desc) as b from t", IN_OTHER_TIES),
    (
        f"select {PLACE} w as a, {PLACE} (order by -k) as b from t window w as (order by k)",
        IN_OTHER_TIES,
    ),
    (
        f"select {PLACE} (partition by k order by a) as b, {PLACE} (order by a, k) as c "
        "from (select k, 1 as a from t) q",
        IN_OTHER_TIES,
    ),
    ("select x from (select unnest([1, 2, 3]) as x limit 1) q", IN_OTHER_ROWS),
    ("select x from (select distinct k + 4 as x from t union select 2 limit 1) q", IN_OTHER_ROWS),
    ("select any_value(v) over () as a, rank() over (order by v) as b from t", OF_ANY),
    (f"select k, {PLACE} (order by k) = {PLACE} (order by -k) as a from t", IN_OTHER_TIES),
)


@pytest.mark.parametrize(("sql", "way"), KNIFE_EDGE)
def test_an_answer_that_hangs_on_more_than_the_query_is_found(sql: str, way: str) -> None:
    with duckdb.connect(config={"threads": 1}) as database:  # or a LIMIT takes other rows each time
        database.execute("create table t as from (values (3, 0.1), (3, 0.2), (3, 0.3)) t(k, v)")
        database.execute("alter table t alter v type double")
        right = database.sql(sql).to_arrow_table()
        told = another(database, AnswerSpec((), sql), right, False, ["t"])
        assert told is not None and way in told


def test_all_rows_that_a_limit_may_take_are_looked_at() -> None:
    sql = "select k, lag(v) over (order by k) as a from t limit 1"
    schema = (Column("k", Type.INT64, False), Column("v", Type.FLOAT64, False))
    spec = compile_query(sql, {"t": schema}).spec
    assert spec.widened_sql is not None
    with duckdb.connect() as database:
        database.execute(
            "create table t as from (values (3, 0.1e0), (3, 0.2e0), (3, 0.3e0)) t(k, v)"
        )
        right = database.sql(spec.widened_sql).to_arrow_table()
        told = another(database, spec, right, True, ["t"])
        assert told is not None and IN_ANOTHER_ORDER in told
        assert another(database, replace(spec, widened_sql=None), right, True, ["t"]) is None


@pytest.mark.parametrize(
    "sql",
    [
        "select k, sum(v) as a, avg(v) as b, k / 10 as c from t group by k",
        "with u as (select k, sum(v) as v from t group by k) select k from u where v > 0.5",
        "select k from t where k > 2",
        "select x from (select unnest([1, 2, 3]) as x order by x limit 1) q",
        "select v from (select v, count(*) as n from t group by v order by v limit 2) q",
        "select v, row_number() over (order by v) as n from t order by n limit 2",
        "select k, rank() over (order by k) as a, sum(v) over (order by k) as b from t",
        "select v, row_number() over w as a, ntile(2) over w as b from t window w as (order by v)",
        "with t as (select max(v) as v from t) select v from t",
        "select any_value(v) over w as a from t window w as (order by v)",
        "select k, any_value(k) as a, any_value(v order by v) as b from t group by k",
    ],
)
def test_an_answer_within_the_tolerance_hangs_on_nothing_else(sql: str) -> None:
    with duckdb.connect() as database:
        database.execute("create table t as from (values (3, 0.1), (3, 0.2), (3, 0.3)) t(k, v)")
        database.execute("alter table t alter v type double")
        right = database.sql(sql).to_arrow_table()
        assert another(database, AnswerSpec((), sql), right, False, ["t"]) is None


def test_a_half_of_a_scaled_float_is_another_way(database: duckdb.DuckDBPyConnection) -> None:
    """The variant rounds 1.45, a little less as a float, to 1.5; DuckDB from 2.0.1 on to 1.4."""
    sql = "select round(x, 1) as a, round(d, 2) as b from (select 1.45e0 as x, 0.285 as d)"
    variants = [variant for way, variant in other_ways(sql, []) if way == AS_SCALED]
    assert [database.sql(variant).fetchall() for variant in variants] == [[(1.5, 0.29)]]


@pytest.mark.parametrize(
    ("sql", "depends"),
    [
        # both levels of k = 1 have the same rows, so that their sums tie
        ("select k, g, rank() over (order by sum(v)) as r from t group by rollup (k, g)", True),
        ("select k, g, rank() over (order by sum(n)) as r from t group by rollup (k, g)", False),
        ("select k, g, rank() over (order by avg(n)) as r from t group by rollup (k, g)", True),
        ("select k, g, sum(v) as s from t group by rollup (k, g)", False),  # within the tolerance
    ],
)
def test_ties_of_sums_of_floats_hang_on_their_last_bits(sql: str, depends: bool) -> None:
    with duckdb.connect() as database:
        database.execute(
            "create table t as from (values (1, 1, 0.1::double, 3), (1, 1, 0.2, 4), (2, 1, 0.7, 5))"
            "t(k, g, v, n)"
        )
        right = database.sql(sql).to_arrow_table()
        found = another(database, AnswerSpec((), sql), right, False, ["t"])
        assert (found is not None and IN_LAST_BITS in found) == depends


@pytest.mark.parametrize(
    ("sql", "depends"),
    [
        ("select k, (k - 3) / (k - 3) as a from t", True),
        ("select k from t where (k - 3) / (k - 3) > 5", True),
        ("select min((k - 3) / (k - 3)) as a from t", True),
        ("select least((k - 3) / (k - 3), 1) as a from t", True),
        ("select k from t where sqrt(3 - k) > 5", True),
        ("select max(ln(3.5 - k)) as a from t", True),
        ("select k from t where (k - 3) / (k - 3) > 5 or k > 0", False),
        ("select count(*) as a from (select (k - 3) / (k - 3) as r from t) q", False),
        ("select k / (k - 3) as a from t", False),  # infinite, not NaN
    ],
)
def test_a_quotient_that_is_nan_excuses_only_what_depends_on_it(sql: str, depends: bool) -> None:
    with duckdb.connect() as database:
        database.execute("create table t as from (values (3, 0.1), (4, 0.2)) t(k, v)")
        right = database.sql(sql).to_arrow_table()
        found = another(database, AnswerSpec((), sql), right, False, ["t"])
        assert (found is not None and AS_MISSING in found) == depends
        assert data_of_its_own(database, sql, ["t"]) is None


def test_an_error_where_a_quotient_is_nan_has_that_reason() -> None:
    with duckdb.connect() as database:
        database.execute("create table t as from (values (3), (4)) t(k)")
        for divisor, reason in (("(k - 3)", NOT_A_NUMBER), ("k", None)):
            sql = f"select sign((k - 3) / {divisor}) as a from t"
            assert data_of_its_own(database, sql, ["t"], raised=True) == reason


def test_an_error_of_a_row_that_another_condition_drops_has_that_reason() -> None:
    """SQL does not say which of two conditions is tested first; one of one row alone is no excuse.

    DuckDB raises for the text where it tests the cast first. Joins are not examined.
    """
    with duckdb.connect() as database:
        database.execute("create table t as from (values (1, '7'), (2, 'seven')) t(k, s)")
        for sql, reason in (
            ("select k from t where k = 1 and cast(s as int) > 2", AN_ORDER),
            ("select k from t where k = 1 and (k > 5 or length(s) > 2 and k < 3)", None),
            ("select k from t where k = 1", None),
            ("select t.k from t, t u where t.k = u.k and u.k = 1 and t.s::int > 2", None),
        ):
            assert data_of_its_own(database, sql, ["t"], raised=True) == reason
            assert data_of_its_own(database, sql, ["t"]) is None


def test_equal_rows_may_be_seen_in_either_order_by_two_windows() -> None:
    frame = "rows between 1 preceding and current row"
    sums = (
        f"sum(k) over (order by k {frame}) as a",
        f"sum(k) over (order by k desc {frame}) as b",
    )
    sql = f"select {', '.join(sums)} from t"
    with duckdb.connect() as database:
        database.execute("create table t as select unnest([1, 3, 3, 5]) as k")
        right = database.sql(sql).to_arrow_table()
        told = another(database, AnswerSpec((), sql), right, False, ["t"])
    assert told is not None and IN_OTHER_TIES in told
