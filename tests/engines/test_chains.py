"""In a program, statements that pass a frame on become one chain of calls; others do not."""

from __future__ import annotations

import pytest

from harness.engines.python.chains import chained

LONG = f"columns={list('abcdefghijklmnopqrs')}"


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        (['x = t("x")', "x = x.sum()", "return x"], ['return t("x").sum()']),
        (['x = t("x")', 'y = x[["a"]]', "return y"], ['return t("x")[["a"]]']),
        # read twice, by the next step or by a later one
        (['x = t("x")', 'x = x[x["a"] > 1]', "return x"], ['x = t("x")', 'return x[x["a"] > 1]']),
        (['x = t("x")', "y = x.sum()", "return x - y"], None),
        # read by another step first
        (['x = t("x")', 'y = t("y")', "return x.merge(y)"], None),
        # a column of the variable's name is not the variable
        (['x = t("t")', 'return x.agg(x=("x", "sum"))'], ['return t("t").agg(x=("x", "sum"))']),
        # set anew before it is read again
        (
            ['x = t("x")', "y = x.f()", "x = y.g()", "return x - y"],
            ['y = t("x").f()', "x = y.g()", "return x - y"],
        ),
        (
            ["x = f()", "y = x.g()", "x = h()", "return y - x"],
            ["y = f().g()", "x = h()", "return y - x"],
        ),
        # sums want parentheses, a function keeps its lines
        (["x = a + b", "return x.abs()"], None),
        (['x = t("x")', "def f(y):", "    y = y.g()", "    return y", "return x.map(f)"], None),
        # a long statement is joined where each call then has its own line
        ([f"x = t({LONG})", "return x.f()"], None),
        ([f"x = t({LONG})", "return x.f().g()"], [f"return t({LONG}).f().g()"]),
        ([f"x = t({LONG})", "x.f().g()"], None),
    ],
)
def test_a_variable_that_only_the_next_step_reads_is_left_out(
    statements: list[str], expected: list[str] | None
) -> None:
    assert chained(statements) == (statements if expected is None else expected)
