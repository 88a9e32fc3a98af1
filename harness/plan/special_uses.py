"""A plan -> what it asks of special values, where libraries have other rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from sqlglot import exp

from harness.answer import SortKey
from harness.errors import Unsupported
from harness.plan.nodes import (
    Aggregate,
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
from harness.plan.special import specials_of
from harness.plan.sql import in_sql
from harness.plan.typing import infer
from harness.plan.windows import frame_of
from harness.special import Special, together
from harness.types import Schema

Differing = Mapping[type[Expression], frozenset[Special]]
"""Functions -> the special values with which a library's differ from DuckDB's."""

BY_CODE_POINT: Differing = {
    exp.Upper: frozenset({Special.NEW}),
    exp.Lower: frozenset({Special.NEW}),
    exp.ILike: frozenset({Special.FOLDED, Special.NEW}),
    exp.Trim: frozenset({Special.SPACE}),
    exp.Reverse: frozenset({Special.JOINED, Special.NEW}),
}
"""Of a library that takes each code point by itself, and has a newer Unicode than DuckDB."""

FULL_CASE: Differing = {
    **BY_CODE_POINT,
    exp.Upper: frozenset({Special.UPPER, Special.NEW}),
    exp.Lower: frozenset({Special.LOWER, Special.NEW}),
}
"""Of one whose upper and lower case of a character can be several."""


_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.In, exp.Between)
_DEVIATIONS = (exp.StddevSamp, exp.StddevPop, exp.Variance, exp.VariancePop)
_EVERYWHERE: Differing = {
    **dict.fromkeys(_COMPARISONS, frozenset({Special.BEYOND})),
    **dict.fromkeys((exp.Median, exp.PercentileCont), frozenset({Special.INFINITE})),
    **dict.fromkeys(_DEVIATIONS, frozenset({Special.INFINITE})),
}
"""Of every library: integers meet fractions as floats, not as decimals; and inf - inf is NaN."""
_NONE: frozenset[Special] = frozenset()


def refuse_special(plan: Node, differing: Differing, label: str) -> None:
    """Raises Unsupported where a library does otherwise with the special values of a plan."""
    for node in walk(plan):
        schema = tuple(column for source in node.inputs for column in source.schema)
        for e in _expressions(node):
            for function in e.find_all(*_EVERYWHERE, *differing):
                kind = type(function)
                kinds = _EVERYWHERE.get(kind, _NONE) | differing.get(kind, _NONE)
                found = _found(function, kinds, schema)
                if found is not None:
                    what = f"this function of {found}"
                    raise Unsupported(f"{label} cannot: {what}", in_sql(function))


def _found(function: Expression, kinds: frozenset[Special], schema: Schema) -> Special | None:
    """The first kind of special value of an operand that makes a difference."""
    matters = _MATTERS.get(type(function))
    if matters is not None and not matters(function, schema):
        return None
    one = isinstance(function, (exp.Window, exp.Ordered))
    operands = [function.this] if one else _operands(function)
    present = together(*(specials_of(x, schema) for x in operands))
    return next((kind for kind in present if kind in kinds), None)


def _operands(function: Expression) -> list[Expression]:
    return [x for x in function.iter_expressions() if isinstance(x, Expression)]


def _expressions(node: Node) -> Iterator[Expression]:
    match node:
        case Filter():
            yield node.condition
        case Project():
            yield from (e for _, e in node.items)
        case Aggregate():
            yield from (e for _, e in (*node.keys, *node.aggregates))
        case Window():
            yield from (e for _, e in node.functions)
        case Join() if node.residual is not None:
            yield node.residual
        case Sort():
            yield from map(_ordered, node.keys)
        case TopPerGroup():
            yield from map(_ordered, node.order)


def _ordered(key: SortKey) -> Expression:
    column = exp.column(key.column)
    return exp.Ordered(this=column, desc=key.descending, nulls_first=key.nulls_first)


def _takes_spaces(trim: Expression, schema: Schema) -> bool:
    """Whether it is not told which characters to take."""
    return trim.args.get("expression") is None


def _meets_a_fraction(comparison: Expression, schema: Schema) -> bool:
    """Whether one side of a comparison is written with a point."""
    bare = (x.this if isinstance(x, exp.Neg) else x for x in _operands(comparison))
    return any(isinstance(x, exp.Literal) and not (x.is_string or x.is_int) for x in bare)


def _puts_null_first(key: Expression, schema: Schema) -> bool:
    return bool(key.args.get("nulls_first")) and infer(key.this, schema).nullable


def _moves(window: Expression, schema: Schema) -> bool:
    """Whether rows leave the frame of an aggregate again."""
    return isinstance(window.this, exp.AggFunc) and frame_of(window).width is not None


_MATTERS: dict[type[Expression], Callable[[Expression, Schema], bool]] = {
    **dict.fromkeys(_COMPARISONS, _meets_a_fraction),
    exp.Trim: _takes_spaces,
    exp.Ordered: _puts_null_first,
    exp.Window: _moves,
}
"""What else must hold of a function for special values to make a difference."""
