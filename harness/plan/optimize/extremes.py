"""``arg_max`` and ``arg_min`` -> aggregates over numbered or sorted rows, for other libraries."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from harness.answer import SortKey
from harness.plan.facts.columns import fresh
from harness.plan.facts.typing import infer
from harness.plan.tree.nodes import Aggregate, Expression, Item, Sort, Window

AT_EXTREMES = (exp.ArgMax, exp.ArgMin)


def has_extremes(node: Aggregate) -> bool:
    return any(isinstance(e, AT_EXTREMES) for _, e in node.aggregates)


def over_first_rows(node: Aggregate) -> Aggregate:
    """Replaces arg_max and arg_min by a maximum over rows that are numbered by their keys.

    The value of row 1 of a group is taken. Rows whose key or value is NULL come last, and give
    NULL.
    """
    windows: list[tuple[str, exp.Window]] = []
    values: list[Item] = []
    for name, e in node.aggregates:
        if isinstance(e, AT_EXTREMES):
            number = fresh(f"{name}_place", {*node.input.names, *(n for n, _ in windows)})
            windows.append((number, _numbered(node, e)))
            e = exp.Max(this=_first(number, e, infer(e.expression, node.input.schema).nullable))
        values.append((name, e))
    return Aggregate(Window(node.input, tuple(windows)), node.keys, tuple(values))


def over_sorted_rows(node: Aggregate) -> Aggregate | None:
    """Replaces arg_min by ANY_VALUE over sorted rows, for which a library has a group's first.

    arg_max becomes ANY_VALUE with ``max``, which stands for its last. Returns None unless all have
    one key, a column without NULLs, and nothing else in the groups depends on the order of rows.
    """
    keys = {e.expression for _, e in node.aggregates if isinstance(e, AT_EXTREMES)}
    key, ordered = keys.pop(), any(isinstance(e, exp.GroupConcat) for _, e in node.aggregates)
    if keys or ordered or not node.keys or not isinstance(key, exp.Column):
        return None
    if infer(key, node.input.schema).nullable:
        return None
    picked = tuple((name, _first_or_last(e)) for name, e in node.aggregates)
    return replace(node, input=Sort(node.input, (SortKey(key.name),)), aggregates=picked)


def _first_or_last(e: Expression) -> Expression:
    if not isinstance(e, AT_EXTREMES):
        return e
    return exp.AnyValue(this=e.this.copy(), max=isinstance(e, exp.ArgMax) or None)


def _numbered(node: Aggregate, e: Expression) -> exp.Window:
    key: Expression = e.expression.copy()
    if infer(e.this, node.input.schema).nullable:
        key = exp.Case(ifs=[exp.If(this=_there(e.this), true=key)])
    down = isinstance(e, exp.ArgMax)
    order = exp.Order(expressions=[exp.Ordered(this=key, desc=down, nulls_first=False)])
    partition = [key.copy() for _, key in node.keys]
    return exp.Window(this=exp.RowNumber(), partition_by=partition, order=order)


def _first(number: str, e: Expression, nullable: bool) -> Expression:
    """Returns a CASE: in the row numbered 1 the value that ``e`` picks, in other rows NULL.

    ``e`` is an arg_max or arg_min, ``number`` the column of row numbers. ``nullable`` says that
    the key of ``e`` may be NULL: where it is, row 1 gives NULL, too.
    """
    first: Expression = exp.EQ(this=exp.column(number), expression=exp.Literal.number(1))
    condition = exp.And(this=first, expression=_there(e.expression)) if nullable else first
    return exp.Case(ifs=[exp.If(this=condition, true=e.this.copy())])


def _there(e: Expression) -> Expression:
    return exp.Not(this=exp.Is(this=e.copy(), expression=exp.null()))
