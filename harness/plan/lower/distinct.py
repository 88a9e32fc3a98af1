"""Aggregates of distinct values -> plain ones over distinct rows, or each value's first row."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from harness.plan.facts.columns import fresh
from harness.plan.tree.nodes import (
    Aggregate,
    Distinct,
    Expression,
    Item,
    Node,
    Project,
    Window,
    columns_in,
)

_SAME = (exp.Min, exp.Max, exp.AnyValue)
"""Aggregates that DISTINCT does not change."""


def aggregated(source: Node, keys: Sequence[Item], values: Sequence[Item]) -> Aggregate:
    """Builds an aggregation without DISTINCT, except ``count(distinct x)`` beside plain aggregates.

    ``values`` are the aggregates; they and the keys have names. If all keys are constants, they
    become columns first, so that there is no group without rows.
    """
    if keys and not any(columns_in(e) for _, e in keys):
        names = [name for name, _ in keys]
        passed = [(name, exp.column(name)) for name in source.names if name not in names]
        source = Project(source, (*passed, *keys))
        keys = [(name, exp.column(name)) for name in names]
    if not keys and not values:  # it still has one row
        values = [("rows", exp.Count(this=exp.Star()))]
    values = [(name, _undistinct(e) if isinstance(e, _SAME) else e) for name, e in values]
    special = [e for _, e in values if _argument(e) is not None and not isinstance(e, exp.Count)]
    if not special:
        return Aggregate(source, tuple(keys), tuple(values))
    if len({_argument(e) for _, e in values}) == 1:
        return _of_distinct_rows(source, keys, values)
    return _of_first_rows(source, keys, values)


def _argument(e: Expression) -> Expression | None:
    """Returns the x of an aggregate with DISTINCT, as ``sum(distinct x)``; None without it."""
    return e.this.expressions[0] if isinstance(e.this, exp.Distinct) else None


def _undistinct(e: Expression, value: Expression | None = None) -> Expression:
    """Returns the aggregate without DISTINCT; ``value``, if given, replaces its argument."""
    copy, argument = e.copy(), _argument(e)
    if argument is not None:
        copy.set("this", (value or argument).copy())
    return copy


def _of_distinct_rows(source: Node, keys: Sequence[Item], values: Sequence[Item]) -> Aggregate:
    """Builds an aggregation over distinct rows; all aggregates must have the same argument."""
    argument = _argument(values[0][1])
    assert argument is not None
    wanted = argument.name if isinstance(argument, exp.Column) else "value"
    name = fresh(wanted, {key for key, _ in keys})
    rows = Distinct(Project(source, (*keys, (name, argument))))
    held = tuple((key, exp.column(key)) for key, _ in keys)
    plain = tuple((n, _undistinct(e, exp.column(name))) for n, e in values)
    return Aggregate(rows, held, plain)


def _of_first_rows(source: Node, keys: Sequence[Item], values: Sequence[Item]) -> Aggregate:
    """Builds an aggregation in which aggregates of distinct values read one row of each value.

    A window numbers the rows with the same value in a group, and the first of them is read.
    """
    numbers: dict[Expression, str] = {}
    for _, e in values:
        if (argument := _argument(e)) is not None and argument not in numbers:
            numbers[argument] = fresh("copy", {*source.names, *numbers.values()})
    windows = tuple((name, _number(keys, argument)) for argument, name in numbers.items())
    plain = []
    for name, e in values:
        argument = _argument(e)
        value = None if argument is None else _if_first(numbers[argument], argument)
        plain.append((name, _undistinct(e, value)))
    return Aggregate(Window(source, windows), tuple(keys), tuple(plain))


def _number(keys: Sequence[Item], argument: Expression) -> exp.Window:
    order = exp.Order(expressions=[exp.Ordered(this=argument.copy(), nulls_first=False)])
    partition = [e.copy() for e in dict.fromkeys([*(e for _, e in keys), argument])]
    return exp.Window(this=exp.RowNumber(), partition_by=partition, order=order)


def numbers_copies(node: Window) -> bool:
    """True if windows number the rows of a partition in its own key's order: all are equal."""
    return all(
        isinstance(e.this, exp.RowNumber)
        and any(o.this in e.args["partition_by"] for o in e.find_all(exp.Ordered))
        for _, e in node.functions
    )


def _if_first(number: str, argument: Expression) -> Expression:
    first = exp.EQ(this=exp.column(number), expression=exp.Literal.number(1))
    return exp.Case(ifs=[exp.If(this=first, true=argument.copy())])
