"""PyArrow's programs: their text, and their answers where Arrow's defaults differ from SQL."""

from __future__ import annotations

import datetime
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq
import pytest
import yaml

from harness.engines.pyarrow.engine import PyArrow
from harness.engines.session import OUTPUT_FILE
from harness.errors import Unsupported
from harness.plan import compile_query
from harness.tables import CsvFormat, Input, Table
from harness.types import Column, Type
from tests import places
from tests.places import WORKLOADS
from tests.support.in_process import InProcess

ENGINE = "harness.engines.pyarrow.engine:PyArrow"
GOLDEN = places.GOLDEN / "programs" / "pyarrow"

KINDS = {"i": Type.INT64, "f": Type.FLOAT64, "s": Type.STRING, "d": Type.DATE, "t": Type.TIMESTAMP}


def table(name: str, columns: str) -> Table:
    """``id:i price:f?`` -> a table without data; a question mark allows NULL."""
    pairs = [column.rstrip("?").split(":") for column in columns.split()]
    nullable = [column.endswith("?") for column in columns.split()]
    schema = [Column(n, KINDS[k], null) for (n, k), null in zip(pairs, nullable, strict=True)]
    return Table(name, tuple(schema), 100, (Path("a.parquet"),), (Path("a.csv"),))


SALES = table("sales", "id:i shop:i? product:s price:f amount:i discount:f? day:d")
SHOPS = table("shops", "id:i city:s opened:t")


def program(sql: str, source: Input = Input.MEMORY, write: str | None = None) -> str:
    tables = {"sales": SALES, "shops": SHOPS}
    query = compile_query(sql, {n: t.schema for n, t in tables.items()}, write=write)
    return PyArrow().compile(query, tables, source).text


def answer(sql: str, **tables: dict[str, Any] | pa.Table) -> list[tuple[Any, ...]]:
    """The rows that the program for this SQL gives over small tables, in their order."""
    arrow = {n: t if isinstance(t, pa.Table) else pa.table(t) for n, t in tables.items()}
    known = {name: _described(name, t) for name, t in arrow.items()}
    query = compile_query(sql, {name: t.schema for name, t in known.items()})
    session = PyArrow().start(threads=2)
    session.prepare(PyArrow().compile(query, known, Input.MEMORY))
    session.tables.update(arrow)  # type: ignore[attr-defined]
    return [tuple(row.values()) for row in session.to_arrow(session.run()).to_pylist()]


def _described(name: str, data: pa.Table) -> Table:
    kinds = {
        pa.int64(): Type.INT64,
        pa.float64(): Type.FLOAT64,
        pa.string(): Type.STRING,
        pa.date32(): Type.DATE,
        pa.timestamp("us"): Type.TIMESTAMP,
        pa.bool_(): Type.BOOLEAN,
    }
    schema = (Column(f.name, kinds[f.type], bool(data[f.name].null_count)) for f in data.schema)
    return Table(name, tuple(schema), data.num_rows)


# ---------------------------------------------------------------------- the text that is shown

PROGRAMS = {
    "filter_group_sort": (
        "select product, sum(price * (1 - discount)) as revenue, count(*) as n from sales "
        "where day >= date '2024-01-01' and shop is not null "
        "group by product order by revenue desc",
        Input.MEMORY,
    ),
    "join": (
        "select city, avg(price) as mean_price from sales s join shops on s.shop = shops.id "
        "group by city",
        Input.MEMORY,
    ),
    "top_per_group": (
        "select shop, price from (select shop, price, row_number() over "
        "(partition by shop order by price desc) as place from sales) where place <= 2",
        Input.MEMORY,
    ),
    "median": (
        "select product, median(price) as typical, stddev(price) as spread from sales "
        "group by product",
        Input.MEMORY,
    ),
    "parquet_scalar_subquery": (
        "select id, price from sales where price > (select avg(price) from sales) and amount > 2 "
        "order by price desc limit 10",
        Input.PARQUET,
    ),
    "csv_months": (
        "select id, day + interval 1 month as due, case when discount > 0.1 then 'low' "
        "when discount > 0 then 'some' else 'none' end as reduced from sales",
        Input.CSV,
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_reads_as_it_did(name: str) -> None:
    text = program(*PROGRAMS[name])
    file = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(text)
    assert text == file.read_text(), "see the difference, then refresh with UPDATE_GOLDEN=1"


def test_a_program_carries_only_the_functions_that_it_calls() -> None:
    assert "def " not in program("select sum(price) as p from sales").replace("def query(t)", "")
    assert "def months_later" in program("select day + interval 1 month as due from sales")


def test_columns_that_nothing_reads_are_left_out_of_memory_tables() -> None:
    text = program("select sum(price) as p from sales where amount > 1")
    assert 't("sales").select(["price", "amount"])' in text


def test_parquet_is_filtered_where_it_is_read() -> None:
    text = program("select id from sales where amount > 1", Input.PARQUET)
    assert 'columns=["id"], filters=pc.field("amount") > 1' in text


def test_a_filter_under_a_new_name_speaks_of_the_column_in_the_file() -> None:
    sql = "select a.id, b.id as other from sales a join sales b on a.id = b.amount where b.id > 1"
    assert 'filters=pc.field("id") > 1' in program(sql, Input.PARQUET)


def test_few_rows_are_on_the_side_that_acero_builds_its_table_of() -> None:
    sql = "select city, price from shops join sales on shops.id = shop where {}"
    few_shops, few_sales = program(sql.format("city = 'Rome'")), program(sql.format("price = 1.5"))
    assert "inputs=[sales, shops]" in few_shops
    assert "inputs=[shops, sales]" in few_sales
    outer = sql.replace("join", "left join").format("city = 'Rome'")
    assert "inputs=[shops, sales]" in program(outer)


def test_what_is_used_twice_is_computed_once() -> None:
    sql = (
        "with totals as (select product, sum(price) as total from sales group by product) "
        "select a.product, b.product as other from totals a join totals b on a.total = b.total"
    )
    assert program(sql).count("hash_sum") == 1
    rows = (
        "with s as (select id, shop, price from sales) "
        "select a.id, b.id as other from s a join s b on a.id = b.shop and a.price = b.price"
    )
    assert program(rows, Input.PARQUET).count("read_table(") == 1
    assert program(rows).count('t("sales")') == 2  # a table in memory is no work


def test_a_limit_after_an_order_selects_instead_of_sorting() -> None:
    text = program("select id from sales order by id limit 3 offset 2")
    assert "select_k_unstable" in text and "order_by" not in text
    assert "k=5" in text and ".slice(2, 3)" in text


def test_what_arrow_lacks_is_said() -> None:
    with pytest.raises(Unsupported, match="Arrow's casts raise for a text that they cannot read"):
        program("select try_cast(product as bigint) as n from sales")


def test_what_is_not_written_is_said() -> None:
    with pytest.raises(Unsupported, match="not yet for PyArrow: a running aggregate"):
        frame = "rows between unbounded preceding and 1 following"
        program(f"select sum(price) over (order by id {frame}) as p from sales")


# ---------------------------------------------------------------------- answers


def test_a_null_key_never_joins() -> None:
    a, b = {"k": [1, None]}, {"l": [1, None]}
    assert answer("select k, l from a join b on k = l", a=a, b=b) == [(1, 1)]


def test_null_is_a_group_and_its_sum_of_nothing_is_null() -> None:
    a = {"k": [None, 1, None], "v": pa.array([None, 5, None], pa.int64())}
    rows = answer("select k, sum(v) as s, count(*) as n from a group by k", a=a)
    assert sorted(rows, key=str) == [(1, 5, 1), (None, None, 2)]


def test_an_integer_column_and_a_float_constant_meet_in_64_bits() -> None:
    # As 32-bit floats, as which Arrow would compare them, both are 16777216.
    a = {"i": [16777217, 16777215]}
    assert answer("select i from a where i > 16777216.5", a=a) == [(16777217,)]
    assert answer("select i * 1.5 as x from a", a=a) == [(25165825.5,), (25165822.5,)]
    assert answer("select i * (select 0.5 * max(i) from a) as x from a", a={"i": [3]}) == [(4.5,)]


def test_a_null_condition_takes_the_else() -> None:
    a = {"i": [1, None]}
    sql = "select case when i > 0 then 'more' else 'not more' end as c from a"
    assert answer(sql, a=a) == [("more",), ("not more",)]


def test_a_null_is_in_no_list_and_not_outside_either() -> None:
    a = {"i": [1, 2, None]}
    assert answer("select i from a where i not in (1)", a=a) == [(2,)]
    assert answer("select i from a where not (i in (1) or i = 3)", a=a) == [(2,)]
    assert answer("select i in (1) as t from a", a=a) == [(True,), (False,), (None,)]


def test_integers_divide_as_floats_and_by_zero_too() -> None:
    a = {"i": [7, -7], "z": [2, 0]}
    assert answer("select i / z as q from a", a=a) == [(3.5,), (-float("inf"),)]
    assert answer("select i // 2 as d, i % 4 as r from a", a=a) == [(3, 3), (-3, -3)]


def test_a_backslash_in_a_pattern_is_a_backslash() -> None:
    a = {"s": ["a\\b", "a%", "axb"]}
    assert answer(r"select s from a where s like 'a\b'", a=a) == [("a\\b",)]


def test_minus_zero_is_zero_as_a_key() -> None:
    a = {"x": [0.0, -0.0]}
    assert answer("select x, count(*) as n from a group by x", a=a) == [(0.0, 2)]
    assert len(answer("select a.x from a join a b on a.x = b.x", a=a)) == 4
    assert answer("select count(distinct x) as n from a", a=a) == [(1,)]
    assert len(answer("select x from a union select x from a", a=a)) == 1


def test_concat_of_nulls_keeps_its_row() -> None:
    a = {"s": ["x", None]}
    assert answer("select concat(s, s) as c from a", a=a) == [("xx",), ("",)]
    assert answer("select s || '-' as c from a", a=a) == [("x-",), (None,)]


@pytest.mark.parametrize("months", [1, -1, 12, -25, 130, 1199])
def test_months_are_added_as_duckdb_adds_them(months: int) -> None:
    days = [datetime.date(2019, 12, 1) + datetime.timedelta(days=n) for n in range(0, 500, 3)]
    sign = "-" if months < 0 else "+"
    a = pa.table({"d": days})
    sql = f"select d {sign} interval {abs(months)} month as m from a"
    assert answer(sql, a=a) == duckdb.connect().register("a", a).execute(sql).fetchall()


def test_a_month_after_the_last_of_january_is_the_last_of_february() -> None:
    a = {"d": [datetime.date(2023, 1, 31), datetime.date(2024, 1, 31), None]}
    expected = [(datetime.datetime(2023, 2, 28),), (datetime.datetime(2024, 2, 29),), (None,)]
    assert answer("select d + interval 1 month as m from a", a=a) == expected


def test_a_median_of_groups_is_exact() -> None:
    values = [4.0, 1.0, None, 3.0, 2.0, None, 9.0]
    a = {"k": ["a", "a", "a", "a", "a", "b", None], "x": values}
    rows = answer("select k, median(x) as m, quantile_cont(x, 0.25) as q from a group by k", a=a)
    assert sorted(rows, key=str) == [("a", 2.5, 1.75), ("b", None, None), (None, 9.0, 9.0)]


def test_the_first_rows_of_each_group_keep_null_keys() -> None:
    a = {"k": [1, 1, 1, None, None], "x": [3, None, 5, 1, 2]}
    sql = "select k, x from a qualify row_number() over (partition by k order by x desc) <= 2"
    assert sorted(answer(sql, a=a), key=str) == [(1, 3), (1, 5), (None, 1), (None, 2)]


def test_ranks_see_ties_and_nulls() -> None:
    a = {"id": [1, 2, 3, 4, 5], "x": [7, 7, 9, None, None]}
    sql = "select id, rank() over (order by x) as r, dense_rank() over (order by x) as d from a"
    assert sorted(answer(sql, a=a)) == [(1, 1, 1), (2, 1, 1), (3, 3, 2), (4, 4, 3), (5, 4, 3)]


def test_lag_stops_at_the_ends_of_its_group() -> None:
    a = {"k": ["a", "b", "a", "b"], "o": [1, 1, 2, 2], "x": [10, 20, 30, 40]}
    sql = "select k, x, lag(x) over (partition by k order by o) as before from a"
    rows = [("a", 10, None), ("b", 20, None), ("a", 30, 10), ("b", 40, 20)]
    assert answer(sql, a=a) == rows


def test_an_aggregate_over_groups_comes_back_to_its_rows() -> None:
    a = {"k": ["a", None, "a", None], "x": [1, 2, 3, 4]}
    sql = "select x, sum(x) over (partition by k) as s, max(x) over () as m from a"
    assert answer(sql, a=a) == [(1, 4, 4), (2, 6, 4), (3, 4, 4), (4, 6, 4)]


def test_a_correlation_ignores_half_pairs_and_is_nan_without_spread() -> None:
    a = {
        "k": ["a", "a", "a", "b", "b", "c"],
        "x": [1.0, 2.0, 99.0, 5.0, 5.0, 1.0],
        "y": [10.0, 30.0, None, 1.0, 2.0, None],
    }
    rows = dict(answer("select k, corr(x, y) as r from a group by k", a=a))
    assert rows["a"] == pytest.approx(1.0)
    assert rows["b"] != rows["b"] and rows["c"] is None


def test_a_scalar_subquery_of_no_rows_is_null() -> None:
    a = {"i": [1, 2]}
    assert answer("select i from a where i = (select i from a where i > 5)", a=a) == []


def test_except_and_intersect_take_null_for_equal() -> None:
    a, b = {"k": [1, None, 2, 2]}, {"l": [None, 2]}
    assert answer("select k from a except select l from b", a=a, b=b) == [(1,)]
    rows = answer("select k from a intersect select l from b", a=a, b=b)
    assert sorted(rows, key=str) == [(2,), (None,)]


@pytest.mark.parametrize("null_first", ["first", "last"])
def test_the_place_of_null_is_told_for_each_key(null_first: str) -> None:
    a = {"i": [2, None, 1]}
    rows = [(2,), (1,)]
    expected = [(None,), *rows] if null_first == "first" else [*rows, (None,)]
    assert answer(f"select i from a order by i desc nulls {null_first}", a=a) == expected
    limited = answer(f"select i from a order by i desc nulls {null_first} limit 3", a=a)
    assert limited == expected


# ---------------------------------------------------------------------- files


@pytest.mark.parametrize("files", [1, 2])
def test_csv_files_are_read_with_their_delimiter_and_nulls(tmp_path: Path, files: int) -> None:
    paths = []
    for number in range(files):
        paths.append(tmp_path / f"{number}.csv")
        paths[-1].write_text(f"i|s|x\n{number}|NA|1.5\n7||NA\n")
    schema = (Column("i", Type.INT64), Column("s", Type.STRING), Column("x", Type.FLOAT64))
    form = CsvFormat("|", ("", "NA"))
    known = Table("a", schema, 2 * files, csv=tuple(paths), csv_format=form)
    sql = "select i, x from a where s is null order by i, x"
    unknown = Table("a", schema, 0, csv_format=form)  # at compile time, no file is known
    for described in (known, unknown):
        text = PyArrow().compile(compile_query(sql, {"a": schema}), {"a": described}, Input.CSV)
        session = PyArrow().start(threads=2)
        session.scan(known, Input.CSV)
        session.prepare(text)
        rows = [tuple(row.values()) for row in session.run().to_pylist()]
        assert rows == sorted([(n, 1.5) for n in range(files)] + [(7, None)] * files)


def test_a_writing_program_leaves_a_parquet_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "sales.csv"
    csv.write_csv(pa.table({"id": [1, 2], "amount": [3, 4]}), file)
    schema = (Column("id", Type.INT64, False), Column("amount", Type.INT64, False))
    sales = Table("sales", schema, 2, csv=(file,))
    query = compile_query("select sum(amount) as n from sales", {"sales": schema}, write="parquet")
    session = PyArrow().start(threads=2)
    session.scan(sales, Input.CSV)
    session.prepare(PyArrow().compile(query, {"sales": sales}, Input.CSV))
    session.run()
    assert pq.read_table(OUTPUT_FILE).to_pylist() == [{"n": 7}]


# ---------------------------------------------------------------------- whole workloads


def _labels(numbers: Sequence[int], prefix: str) -> list[str]:
    return [f"{prefix}{n:03d}" for n in numbers]


def _questions(file: str) -> dict[str, str]:
    queries = yaml.safe_load((WORKLOADS / file).read_text())["queries"]
    return {name: query["sql"] for name, query in queries.items()}


def _grouped_rows(rows: int = 300) -> pa.Table:
    numbers = range(rows)
    return pa.table(
        {
            "id1": _labels([n % 5 for n in numbers], "id"),
            "id2": _labels([n % 7 for n in numbers], "id"),
            "id3": _labels([n % 30 for n in numbers], "id"),
            "id4": [n % 5 for n in numbers],
            "id5": [None if n % 11 == 0 else n % 3 for n in numbers],
            "id6": [n % 30 for n in numbers],
            "v1": [n * n % 5 for n in numbers],
            "v2": [n * 7 % 15 for n in numbers],
            "v3": [None if n % 13 == 0 else n * 37 % 101 + n / 1000 for n in numbers],
        }
    )


def _joined_rows() -> dict[str, pa.Table]:
    keys = {
        "x": [(n % 9, n % 40, n) for n in range(200)],
        "small": [(n, n, n) for n in range(8)],
        "medium": [(n % 8, n, n) for n in range(35)],
        "big": [(n % 8, n % 35, n) for n in range(50, 250)],
    }
    tables = {}
    for name, rows in keys.items():
        columns: dict[str, Any] = {}
        for place in range(3):
            numbers = [row[place] for row in rows]
            columns[f"id{place + 1}"] = numbers
            columns[f"id{place + 4}"] = _labels(numbers, "id")
        columns["v1" if name == "x" else "v2"] = [n / 7 for n in range(len(rows))]
        tables[name] = pa.table(columns)
    return tables


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, InProcess]:
    return {
        "groupby.yaml": InProcess({"x": _grouped_rows()}, tmp_path_factory.mktemp("groupby")),
        "join.yaml": InProcess(_joined_rows(), tmp_path_factory.mktemp("join")),
    }


@pytest.mark.parametrize("source", [Input.MEMORY, Input.PARQUET])
@pytest.mark.parametrize("file", ["groupby.yaml", "join.yaml"])
def test_the_questions_of_db_benchmark_are_answered(
    tables: dict[str, InProcess], file: str, source: Input
) -> None:
    verdicts = {n: tables[file].verdict(ENGINE, q, source) for n, q in _questions(file).items()}
    assert {name: str(v) for name, v in verdicts.items() if v.outcome != "ok"} == {}


def test_a_wrong_answer_would_be_noticed(tmp_path: Path) -> None:
    grouped = InProcess({"x": _grouped_rows()}, tmp_path)
    grouped.reference.execute("delete from x where v2 = 7")
    sql = "select sum(v2) as total, count(*) as n from x"
    assert grouped.verdict(ENGINE, sql).outcome == "wrong"
