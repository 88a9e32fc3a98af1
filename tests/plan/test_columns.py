"""Finding and replacing the columns of an expression; equal plans as keys of a dict."""

from __future__ import annotations

from sqlglot import exp, parse_one

from harness.plan import compile_query
from harness.plan.facts.columns import columns_of, with_columns
from harness.plan.tree.nodes import columns_in
from harness.types import Column, Type


def test_every_column_is_found_also_inside_lists() -> None:
    e = parse_one("case when a in (b, 1) then coalesce(c, a) end")
    assert sorted(column.name for column in columns_of(e)) == ["a", "a", "b", "c"]
    assert columns_in(e, None) == {"a", "b", "c"}


def test_columns_are_replaced_in_a_copy() -> None:
    e = parse_one("a + f(b, a)")
    one = with_columns(e, lambda c: exp.Literal.number(1) if c.name == "a" else None)
    assert (one.sql(), e.sql()) == ("1 + F(b, 1)", "a + F(b, a)")


def test_a_bare_column_is_replaced_itself() -> None:
    e = exp.column("a")
    assert with_columns(e, lambda c: exp.column("b")) == exp.column("b")
    assert with_columns(e, lambda c: None) == e


def test_what_takes_the_place_of_a_column_is_not_searched_again() -> None:
    twice = with_columns(parse_one("a"), lambda c: parse_one("a + a"))
    assert twice.sql() == "a + a"


def test_plans_of_equal_queries_are_one_key() -> None:
    schemas = {"t": (Column("a", Type.INT64, True), Column("b", Type.INT64, True))}
    queries = ("select a from t where b > 1", "select t.a from t where t.b > 1", "select a from t")
    plans = {compile_query(sql, schemas).lowered() for sql in queries}
    assert len(plans) == 2
