"""Finds where a plan uses floats that may be NaN, and refuses what a library computes otherwise.

DuckDB's NaN equals itself, is greater than every other number, and is not NULL.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from enum import StrEnum

from sqlglot import exp

from harness.answer import SortKey
from harness.errors import Differs
from harness.plan.facts.frames import window_order
from harness.plan.facts.kinds import COMPARING, DEVIATIONS
from harness.plan.facts.nan import (
    HUGE,
    MAKING_NAN,
    Known,
    can_make_nan,
    is_whole,
    may_be_nan,
    not_zero,
    values_of,
)
from harness.plan.facts.printing import in_sql
from harness.plan.facts.typing import infer
from harness.plan.guards.special_uses import expressions_of
from harness.plan.tree.nodes import (
    Aggregate,
    AsOfJoin,
    Distinct,
    Expression,
    Filter,
    Join,
    Node,
    Project,
    Sort,
    TopPerGroup,
    Window,
    walk,
)
from harness.types import Column, Schema


class Use(StrEnum):
    """A use of floats that may be NaN; its words end a message about them."""

    COMPARED_AT_ALL = "compared"
    COMPARED = "compared with each other"
    COMPARED_OR_NULL = "compared where they may be NULL"
    ORDERED = "in an order"
    SORTED = "sorted where they may be NULL"
    MINIMUM = "of which the least is wanted"
    MAXIMUM = "of which the greatest is wanted"
    PLACE = "whose rows are wanted"
    GREATEST = "in greatest()"
    LEAST = "in least()"
    KEY = "as keys"
    MISSING = "told from NULL"
    SUMMED = "aggregated"
    SPREAD = "of which a deviation is wanted"
    QUANTILE = "of which a quantile is wanted"
    WINDOWED = "in windows"


_USES: dict[type[Expression], Use] = {
    exp.Sign: Use.COMPARED,
    **dict.fromkeys((exp.Is, exp.Coalesce, exp.Count), Use.MISSING),
    **dict.fromkeys((exp.ArgMin, exp.ArgMax), Use.PLACE),
    exp.Min: Use.MINIMUM,
    exp.Max: Use.MAXIMUM,
    exp.Greatest: Use.GREATEST,
    exp.Least: Use.LEAST,
    **dict.fromkeys((exp.Median, exp.PercentileCont, exp.PercentileDisc), Use.QUANTILE),
    **dict.fromkeys((exp.Sum, exp.Avg, exp.Corr, exp.AnyValue), Use.SUMMED),
    **dict.fromkeys(DEVIATIONS, Use.SPREAD),
    exp.Distinct: Use.KEY,
}
Found = Iterator[tuple[Use, str]]


def refuse_nan(plan: Node, differing: frozenset[Use], label: str) -> None:
    """Raises Differs if a plan uses a value that may be NaN in a way that is in ``differing``.

    Those are the uses in which the library differs from DuckDB; ``label`` is the library's
    name in the message.

    A plan is not refused if only its quotients, roots and logarithms may be NaN: few data have
    roots of negative numbers or 0 / 0, and the referee looks for them before it calls an answer
    wrong.
    """
    if not any(map(_makes_nan, walk(plan))):
        return
    for node in walk(plan):
        for use, text in _uses(node):
            if use in differing:
                what = f"floats that may be NaN, as 0 / 0 is, {use}"
                raise Differs(f"{label} cannot: {what} (divide by nullif(…, 0))", text)


def _makes_nan(node: Node) -> bool:
    """True if a step may give NaN in another way than by a quotient, a root or a logarithm.

    That is from large or infinite values, or by a function in ``MAKING_NAN``.
    """
    if any(kind in column.special for column in node.schema for kind in HUGE):
        return True
    found = (part for e in expressions_of(node) for part in e.find_all(*MAKING_NAN))
    return not all(isinstance(e, exp.Pow) and is_whole(e.expression) for e in found)


def nan_in_order(keys: Sequence[SortKey], schema: Schema) -> tuple[SortKey, ...]:
    """Returns the sort keys, with ``nulls_first`` set so that NaN sorts as the greatest value.

    This is for libraries that sort NaN where they sort NULL; it changes only keys without NULLs.
    """
    columns = {column.name: column for column in schema}
    return tuple(
        replace(key, nulls_first=key.descending) if _is_nan_only(columns[key.column]) else key
        for key in keys
    )


def _is_nan_only(column: Column) -> bool:
    return column.nan and not column.nullable


def _uses(node: Node) -> Found:
    schema = tuple(column for source in node.inputs for column in source.schema)
    if isinstance(node, Filter):
        yield from _in_expression(node.condition, schema)
    elif isinstance(node, Project):
        for _, e in node.items:
            yield from _in_expression(e, schema)
    elif isinstance(node, Aggregate):
        yield from _keys([e for _, e in node.keys], schema)
        for _, e in (*node.keys, *node.aggregates):
            yield from _in_expression(e, schema)
    elif isinstance(node, Window):
        for _, e in node.functions:
            yield from _in_window(e, schema)
    else:
        yield from _of_columns(node, schema)


def _of_columns(node: Node, schema: Schema) -> Found:
    """Yields the uses of floats that may be NaN as keys of joins, groups, DISTINCT and sorting.

    Each comes with its text in SQL, for a message.
    """
    if isinstance(node, Join):
        yield from _keys([exp.column(name) for pair in node.on for name in pair], schema)
        if node.residual is not None:
            yield from _in_expression(node.residual, schema)
    elif isinstance(node, AsOfJoin):
        pairs = (node.on, *node.by)
        yield from _keys([exp.column(name) for pair in pairs for name in pair], schema)
    elif isinstance(node, Distinct):
        yield from _keys([exp.column(name) for name in node.names], node.schema)
    elif isinstance(node, Sort):
        yield from _sorted(node.keys, schema)
    elif isinstance(node, TopPerGroup):
        yield from _keys([exp.column(name) for name in node.keys], schema)
        yield from _sorted(node.order, schema)


def _keys(keys: Sequence[Expression], schema: Schema) -> Found:
    return ((Use.KEY, in_sql(e)) for e in keys if may_be_nan(e, schema))


def _sorted(keys: Sequence[SortKey], schema: Schema) -> Found:
    """Yields the uses of floats that may be NaN as sort keys.

    A key that may be NaN and may be NULL also gives `Use.SORTED`, for libraries that sort NaN and
    NULL to one place.
    """
    columns = {column.name: column for column in schema}
    for key in keys:
        if columns[key.column].nan:
            yield Use.ORDERED, key.column
            if columns[key.column].nullable:
                yield Use.SORTED, key.column


def _in_window(window: Expression, schema: Schema) -> Found:
    yield from _keys(window.args.get("partition_by") or [], schema)
    for part in window_order(window):
        if may_be_nan(part.this, schema):
            yield Use.SORTED, in_sql(part)
    if may_be_nan(window.this, schema):
        yield Use.WINDOWED, in_sql(window)


def _in_expression(e: Expression, schema: Schema) -> Found:
    return _in_parts(e, schema) if can_make_nan(e, schema) else iter(())


def _in_parts(e: Expression, schema: Schema, known: Known = frozenset()) -> Found:
    """Yields the uses of floats that may be NaN in an expression's parts, each with its SQL.

    ``known`` holds expressions that are not 0 here. Operands of AND are checked as if the other
    operands were true.
    """
    if isinstance(e, exp.Case):
        for branch in e.args["ifs"]:
            yield from _in_parts(branch.this, schema, known)
        for value, more in values_of(e):
            yield from _in_parts(value, schema, known | more)
        return
    known = known | not_zero(e) if isinstance(e, exp.And) else known
    operands = [x for x in e.iter_expressions() if isinstance(x, Expression)]
    suspects = [x for x in operands if may_be_nan(x, schema, known)]
    if suspects and isinstance(e, COMPARING):
        yield Use.COMPARED_AT_ALL, in_sql(e)
        if len(suspects) > 1:
            yield Use.COMPARED, in_sql(e)
        if infer(e, schema).nullable:
            yield Use.COMPARED_OR_NULL, in_sql(e)
    elif suspects and type(e) in _USES:
        yield _USES[type(e)], in_sql(e)
    for operand in operands:
        yield from _in_parts(operand, schema, known)
