"""The text of plans and of their expressions, which people read."""

from __future__ import annotations

import pytest
import sqlglot

from harness.errors import Unsupported
from harness.plan import compile_query
from harness.plan.facts.nan import may_be_nan
from harness.plan.facts.printing import in_sql
from harness.plan.sql.normalize import normalize
from harness.plan.tree.text import tree
from harness.types import Column, Type

SCHEMAS = {"t": (Column("a", Type.INT64, False), Column("b", Type.INT64), Column("c", Type.STRING))}


@pytest.mark.parametrize(
    "text",
    [
        "(a + b) * c",
        "a - (b - c)",
        "(a - b) / (c - (a + b) * c)",
        "(a OR b) AND c",
        "NOT a IN (1, 2)",
        "-(a + b)",
        "CASE WHEN (a OR b) AND c THEN (a + b) * c END",
    ],
)
def test_an_expression_keeps_the_parentheses_that_it_needs(text: str) -> None:
    assert in_sql(normalize(sqlglot.parse_one(text, read="duckdb"))) == text


def test_parentheses_that_say_nothing_are_left_out() -> None:
    tree_ = normalize(sqlglot.parse_one("((a) + (b * c)) > (1)", read="duckdb"))
    assert in_sql(tree_) == "a + b * c > 1"


def test_what_is_computed_once_is_shown_once() -> None:
    sums = "with s as (select b, sum(a) as x from t group by b)"
    sql = f"{sums} select b from s where x = (select max(x) from s)"
    lines = tree(compile_query(sql, SCHEMAS).lowered()).splitlines()
    (again,) = [line for line in lines if line.endswith("(as above)")]
    assert "Aggregate by b: sum(a) as x" in again
    assert sum("Scan t" in line for line in lines) == 1


def test_a_step_shows_its_order_and_its_types() -> None:
    sql = "select a, b from t order by b desc nulls first, a offset 2"
    shown = tree(compile_query(sql, SCHEMAS).lowered(), types=True)
    assert shown.splitlines()[:4] == [
        "Limit all after 2",
        "  → a int64 not null, b int64",
        "  Sort b desc nulls first, a",
        "    → a int64 not null, b int64",
    ]


@pytest.mark.parametrize(
    ("quotient", "may"),
    [
        ("a / b", True),
        ("a / 2", False),
        ("a / nullif(b, 0)", False),
        ("case when b <> 0 then a / b end", False),
        ("case when b = 0 then 0 else a / b end", False),
        ("case when b > 1 then 0 else a / b end", True),
        ("case when b > 1 and a > 0 then a / b end", False),
        ("case when b >= 0 then a / b end", True),
        ("(a / b) + 1", True),
        ("power(a, 2)", False),
        ("power(a, 0.5)", True),
    ],
)
def test_a_quotient_may_be_nan_where_its_divisor_may_be_zero(quotient: str, may: bool) -> None:
    plan = compile_query(f"select {quotient} as q from t", SCHEMAS).lowered()
    assert plan.column("q").nan is may
    assert may_be_nan(normalize(sqlglot.parse_one(quotient, read="duckdb")), SCHEMAS["t"]) is may


def test_a_count_of_a_group_is_never_zero_and_a_filter_says_what_is_not() -> None:
    share = compile_query("select count(b) / count(*) as s from t group by c", SCHEMAS).lowered()
    kept = compile_query("select a / b as q from (select * from t where b > 0) as p", SCHEMAS)
    assert not share.column("s").nan
    assert not kept.lowered().column("q").nan


def test_what_has_no_plan_is_named_as_it_was_written() -> None:
    query = compile_query("select a from t where list_value((a + 1) * 2)[1] > 2", SCHEMAS)
    with pytest.raises(Unsupported, match=r"\(a \+ 1\) \* 2"):
        query.lowered()


def test_constants_become_one_where_that_is_an_integer_of_64_bits() -> None:
    sql = "select a * 3 * 5 as x, a * 4611686018427387904 * 2 as y from t"
    plan = compile_query(sql, SCHEMAS).lowered()
    assert (
        tree(plan, False).splitlines()[0] == "Project a * 15 as x, a * 4611686018427387904 * 2 as y"
    )
