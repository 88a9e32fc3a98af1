"""What of a query the plan layer does not read is refused with a reason, never ignored.

The list of what sqlglot can say, and is left unread, is a golden file: an argument that a new
sqlglot adds fails here until somebody has decided about it. Write it anew with
``python -m tests.plan.test_read``.
"""

from __future__ import annotations

import contextlib
from typing import NoReturn

import duckdb
import pytest
import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from harness import plan
from harness.plan import CompiledQuery, compile_query
from harness.plan.facts.typing import KNOWN
from harness.plan.sql import normalize
from harness.plan.sql.dialect import Written
from harness.plan.sql.read import read_arguments
from harness.types import Column, Schema, Type
from tests import places

GOLDEN = places.GOLDEN / "unread_arguments.txt"

SCHEMA: Schema = (
    Column("x", Type.INT64, nullable=True),
    Column("y", Type.INT64, nullable=True),
    Column("s", Type.STRING, nullable=True),
)


def compiled(sql: str) -> CompiledQuery:
    return compile_query(sql, {"t": SCHEMA, "u": SCHEMA})


@pytest.mark.parametrize(
    "sql",
    [
        "(select x from t order by x limit 3)",
        "with q as (from t) ((select x from q order by 1 limit 3))",
    ],
)
def test_an_order_and_a_limit_in_parentheses_are_those_of_the_answer(sql: str) -> None:
    spec = compiled(sql).spec
    assert [key.column for key in spec.order] == ["x"]
    assert spec.limit == 3 and spec.widened_sql is not None


def unread() -> str:
    lines = []
    for name, read in sorted(read_arguments().items()):
        left = sorted(set(getattr(exp, name).arg_types) - read)
        if left:
            lines.append(f"{name}: {' '.join(left)}\n")
    return "".join(lines)


def test_what_is_read_is_what_sqlglot_has() -> None:
    for name, read in read_arguments().items():
        assert read <= set(getattr(exp, name).arg_types), name


def test_every_argument_of_sqlglot_that_is_left_unread_is_known() -> None:
    assert unread() == GOLDEN.read_text()


def test_what_has_a_rule_is_read() -> None:
    rules = {*normalize._REWRITES, *normalize._DATE_PARTS, *KNOWN}
    assert {kind.__name__ for kind in rules} - read_arguments().keys() == set()


def test_the_parser_takes_no_argument_of_a_function_for_a_word() -> None:
    """A column that is an argument of any function of DuckDB stays a column after parsing.

    In ``date_trunc(day, t)`` the unit is read from a column ``day``.
    """
    rows = duckdb.sql("select distinct function_name, len(parameters) from duckdb_functions()")
    lost = set()
    for name, count in rows.fetchall():
        arguments = {f"c{place}x" for place in range(count)}
        with contextlib.suppress(ParseError, TokenError):
            (call,) = sqlglot.parse_one(f"select {name}({', '.join(arguments)})", Written).selects
            read = all(type(e).__name__ in read_arguments() for e in call.walk())
            if read and {column.name for column in call.find_all(exp.Column)} != arguments:
                lost.add(name)
    assert lost == set()


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("select x, sum(y order by s) as v from t group by x", "ORDER BY in a function"),
        ("select t.x from t positional join u", "this kind of join"),
        ("select x from t limit 10 percent", "LIMIT"),
    ],
)
def test_a_clause_that_nobody_reads_is_refused(sql: str, why: str) -> None:
    query = compiled(sql)
    assert query.plan is None
    assert query.unsupported is not None
    assert why.lower() in str(query.unsupported).lower()


def test_a_plan_layer_that_fails_is_told_for_that_query_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*_: object, **__: object) -> NoReturn:
        raise KeyError("this")

    monkeypatch.setattr(plan, "lower", fails)
    assert str(compiled("select x from t").unsupported) == "the plan layer failed: KeyError: 'this'"


@pytest.mark.parametrize(
    ("sql", "plainly"),
    [
        ("SELECT X, S FROM T ORDER BY x", "select x, s from t order by x"),
        ("from t select x", "select x from t"),
        ("from t join u using (x) select x", "select x from t join u using (x)"),
        (
            "select x from t order by x fetch first 2 rows only",
            "select x from t order by x limit 2",
        ),
        ("select x from t limit all", "select x from t"),
        ("select 007 * x + 00 as v from t", "select 7 * x + 0 as v from t"),
        ("select x from t order by x limit null", "select x from t order by x"),
        (
            "with Q as (select x as A from t) select a from q",
            "with Q as (select x as A from t) select A from Q",
        ),
    ],
)
def test_what_can_be_written_in_several_ways_has_one_plan(sql: str, plainly: str) -> None:
    assert compiled(sql).lowered() == compiled(plainly).lowered()


if __name__ == "__main__":
    GOLDEN.write_text(unread())
