"""How the plan reorders and replaces steps of a query: its joins, groups and unions."""

from __future__ import annotations

import re

import pytest

from harness import engines
from harness.plan import compile_query
from harness.plan.tree.nodes import Aggregate, Distinct, Join, Node, Scan, Sort, walk
from harness.tables import Input, Table
from harness.types import Column, Schema, Type


def table(*columns: str) -> Schema:
    return tuple(Column(name, Type.INT64, nullable=False) for name in columns)


SCHEMAS = {
    "products": table("p", "colour"),
    "sales": table("sale_p", "sale_s", "receipt", "amount"),
    "offers": table("offer_p", "offer_s", "price"),
    "receipts": table("r", "day"),
}


def planned(sql: str) -> Node:
    return compile_query(sql, SCHEMAS).lowered()


def joined(sql: str) -> list[str]:
    """The tables in the order in which they are joined."""
    return [node.table for node in walk(planned(sql)) if isinstance(node, Scan)]


def test_what_a_table_refers_to_by_two_columns_is_joined_before_it() -> None:
    offered = """
        select colour, sum(amount - price) as profit
        from products, sales, offers, receipts
        where p = sale_p and offer_p = sale_p and offer_s = sale_s and r = receipt and colour = 3
        group by colour
    """
    assert joined(offered) == ["products", "offers", "sales", "receipts"]
    (last, *_) = [n for n in walk(planned(offered)) if isinstance(n, Join) and len(n.on) == 2]
    assert last.on == (("p", "sale_p"), ("offer_s", "sale_s"))


def test_tables_that_share_one_column_only_are_joined_as_written() -> None:
    one = "select sum(amount) as a from products, sales, offers where p = sale_p and p = offer_p"
    assert joined(one) == ["products", "sales", "offers"]


def test_a_table_with_a_condition_is_joined_before_one_without() -> None:
    sold = "select sum(amount) as a from sales, products, receipts where p = sale_p and r = receipt"
    assert joined(sold) == ["sales", "products", "receipts"]
    assert joined(f"{sold} and day between 3 and 9") == ["sales", "receipts", "products"]
    assert joined(f"{sold} and day > 3 and colour = 1") == ["sales", "products", "receipts"]


def test_totals_are_sums_of_the_groups_before_them() -> None:
    totals = "select sale_p, sale_s, {} as a from sales group by rollup (sale_p, sale_s)"
    sums = [n for n in walk(planned(totals.format("sum(amount)"))) if isinstance(n, Aggregate)]
    assert {type(node.input) for node in sums} == {Scan, Aggregate}
    each = [n for n in walk(planned(totals.format("avg(amount)"))) if isinstance(n, Aggregate)]
    assert {type(node.input) for node in each} == {Scan}


def test_rows_of_a_group_that_differ_are_told_by_its_least_and_greatest() -> None:
    several = "select s.receipt from sales s join sales t using (receipt) where s.{0} <> t.{0}"
    sold = f"select sum(day) as a from receipts where r in ({several})"
    assert joined(sold.format("amount")) == ["receipts", "sales"]
    assert joined(sold.format("amount").replace("t.amount", "t.sale_p")) == [
        *("receipts", "sales", "sales"),
    ]
    assert kinds(f"select distinct * from ({several.format('sale_s')})") == []
    assert kinds(several.format("amount")) == ["inner"]


def test_what_only_looks_for_matches_joins_nothing() -> None:
    dear = "select sale_p from sales, receipts where receipt = r and amount > 9"
    assert kinds(f"select count(*) as n from products where p in ({dear})") == ["semi", "semi"]
    assert kinds(f"select distinct sale_p from ({dear})") == ["semi"]
    assert kinds(dear) == ["inner"]


def kinds(sql: str) -> list[str]:
    return [node.kind for node in walk(planned(sql)) if isinstance(node, Join)]


def test_rows_for_which_a_left_join_finds_none_are_those_of_an_anti_join() -> None:
    sql = "select amount from sales left join products on p = sale_p where {} and amount > 1"
    assert kinds(sql.format("p is null")) == ["anti"]
    assert kinds(sql.format("colour is null")) == ["anti"]
    assert kinds(sql.format("(p is null or colour = 1)")) == ["left"]
    assert kinds(sql.format("p is null").replace("amount from", "amount, colour from")) == ["left"]
    assert kinds(sql.format("p is not null")) == ["left"]


def test_a_null_that_the_right_rows_may_have_says_nothing() -> None:
    nullable = {**SCHEMAS, "products": (SCHEMAS["products"][0], Column("colour", Type.INT64, True))}
    sql = "select amount from sales left join products on p = sale_p where colour is null"
    plan = compile_query(sql, nullable).lowered()
    assert [node.kind for node in walk(plan) if isinstance(node, Join)] == ["left"]


def test_pandas_looks_rows_up_by_one_key_before_it_joins_them_to_few_by_two() -> None:
    tables = {name: Table(name, schema, 0) for name, schema in SCHEMAS.items()}
    sql = """
        select price, amount from offers join sales on offer_p = sale_p and offer_s = sale_s
        where {}
    """

    def program(condition: str) -> str:
        query = compile_query(sql.format(condition), SCHEMAS)
        return engines.get("pandas").compile(query, tables, Input.MEMORY).text

    assert 'sales["sale_p"].isin(offers["offer_p"])' in program("price = 3")
    assert "isin" not in program("price > 3")
    assert "isin" not in program("price = 3 and amount = 4")


def test_nobody_looks_for_repeated_rows_among_which_a_row_is_sought() -> None:
    union = "select p from products {} select sale_s from sales"
    sql = f"select amount from sales where sale_p {{}} ({union})"
    for word in ("in", "not in"):
        plan = planned(sql.format(word, "union"))
        assert not any(isinstance(node, Distinct) for node in walk(plan))
    distinct = "select amount from sales where sale_p in (select distinct colour from products)"
    assert not any(isinstance(node, Distinct) for node in walk(planned(distinct)))
    rows = planned("select distinct colour from products")
    assert any(isinstance(node, (Distinct, Aggregate)) for node in walk(rows))


def test_rows_are_not_sorted_by_a_constant() -> None:
    sql = "select 'a' as v, amount, sale_p from sales order by {}"
    (sort,) = [n for n in walk(planned(sql.format("v, amount, 1"))) if isinstance(n, Sort)]
    assert [key.column for key in sort.keys] == ["amount"]
    assert not any(isinstance(n, Sort) for n in walk(planned(sql.format("v limit 3"))))


def test_a_union_of_three_is_put_together_once() -> None:
    sql = "select p from products {0} select r from receipts {0} select sale_p from sales"
    tables = {name: Table(name, schema, 9) for name, schema in SCHEMAS.items()}
    for engine in ("pandas", "polars"):
        for word in ("union all", "union"):
            query = compile_query(sql.format(word), SCHEMAS)
            program = engines.get(engine).compile(query, tables, Input.MEMORY)
            assert program.text.count("concat") == 1
    mixed = "select p from products union select r from receipts union all select sale_p from sales"
    program = engines.get("polars").compile(compile_query(mixed, SCHEMAS), tables, Input.MEMORY)
    assert program.text.count("concat") == 2


@pytest.mark.parametrize(
    ("engine", "text"),
    [
        ("polars", 'pl.scan_parquet(t("sales")).select(n=pl.len()).collect()'),
        ("pandas", 'sales = pd.read_parquet(t("sales"), columns=[])'),
        ("pyarrow", 'pq.read_table(t("sales"), columns=[])'),
        ("dask", 'sales = dd.read_parquet(t("sales"))\n'),
        ("pyspark-df", 't("sales").agg(F.count("*").alias("n"))'),
        ("cudf", 'cudf.read_parquet(t("sales"), columns=["sale_p"])'),
    ],
)
def test_what_only_counts_rows_reads_no_column(engine: str, text: str) -> None:
    tables = {name: Table(name, schema, 9) for name, schema in SCHEMAS.items()}
    query = compile_query("select count(*) as n from sales", SCHEMAS)
    assert text in engines.get(engine).compile(query, tables, Input.PARQUET).text


def test_pandas_takes_the_rows_at_extremes_of_one_key_from_sorted_groups() -> None:
    tables = {name: Table(name, schema, 9) for name, schema in SCHEMAS.items()}

    def program(engine: str, sql: str) -> str:
        return engines.get(engine).compile(compile_query(sql, SCHEMAS), tables, Input.MEMORY).text

    sql = (
        "select sale_p, arg_min(amount, receipt) as a, arg_max(amount, receipt) as b, "
        "sum(amount) as s from sales group by sale_p"
    )
    text = program("pandas", sql)
    assert text.count(".sort_values(") == text.count('sort_values("receipt")') == 1
    assert 'agg(a=("amount", "first"), b=("amount", "last"), s=("amount", "sum"))' in text
    other = sql.replace("arg_max(amount, receipt)", "arg_max(amount, sale_s)")  # a second order
    assert "cumcount()" in program("pandas", other) and "cumcount()" in program("cudf", sql)


def test_what_is_never_negative_is_divided_as_libraries_divide() -> None:
    tables = {name: Table(name, schema, 9) for name, schema in SCHEMAS.items()}

    def program(engine: str, value: str) -> str:
        query = compile_query(f"select {value} as x from sales", SCHEMAS)
        return engines.get(engine).compile(query, tables, Input.MEMORY).text

    assert 'x=pl.col("amount").abs() // 4' in program("polars", "abs(amount) // 4")
    assert '["amount"].abs() // 4' in program("pandas", "abs(amount) // 4")
    for value in ("amount // 4", "abs(amount) // receipt", "(abs(amount) - 9) // 4"):
        assert ".sign()" in program("polars", value) and "np.fmod" in program("pandas", value)


@pytest.mark.parametrize(
    ("condition", "printed"),
    [
        ("d < date '2020-01-31' + interval 1 month", "d < date '2020-02-29'"),
        ("d = timestamp '2020-01-31'", "d = date '2020-01-31'"),
        ("u < timestamp '2020-01-31'", "u < timestamp '2020-01-31 00:00:00'"),
        ("d < timestamp '2020-01-31 12:00:00'", "d < timestamp '2020-01-31 12:00:00'"),
    ],
)
def test_a_day_is_compared_with_a_day(condition: str, printed: str) -> None:
    days = {"t": (Column("d", Type.DATE), Column("u", Type.TIMESTAMP))}
    tree = compile_query(f"select count(*) as n from t where {condition}", days).tree
    assert tree is not None
    text = tree.args["where"].this.sql("duckdb").lower().replace("t.", "")
    assert re.sub(r"cast\(('[^']*') as (\w+)\)", r"\2 \1", text) == printed
