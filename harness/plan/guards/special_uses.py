"""Refuses plans in which a library computes otherwise than DuckDB for special values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from sqlglot import exp

from harness.answer import SortKey
from harness.errors import Differs
from harness.plan.facts.frames import frame_of
from harness.plan.facts.kinds import DEVIATIONS
from harness.plan.facts.printing import in_sql
from harness.plan.facts.special import is_never_zero, specials_of
from harness.plan.facts.typing import infer
from harness.plan.sql.decimals import is_scaled
from harness.plan.tree.nodes import (
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
from harness.special import Special, together
from harness.types import Schema, Type

Differing = Mapping[type[Expression], frozenset[Special]]
"""Function -> the special values for which a library's result differs from DuckDB's."""

BY_CODE_POINT: Differing = {
    exp.Upper: frozenset({Special.NEW}),
    exp.Lower: frozenset({Special.NEW}),
    exp.ILike: frozenset({Special.FOLDED, Special.NEW}),
    exp.Trim: frozenset({Special.SPACE}),
    exp.Reverse: frozenset({Special.JOINED, Special.NEW}),
}
"""For a library that maps each code point by itself, with a newer Unicode than DuckDB's."""

FULL_CASE: Differing = {
    **BY_CODE_POINT,
    exp.Upper: frozenset({Special.UPPER, Special.NEW}),
    exp.Lower: frozenset({Special.LOWER, Special.NEW}),
}
"""For a library whose upper or lower case of one character can be several characters."""
ROUNDED = frozenset({Special.LEAST, Special.LARGE, Special.BEYOND})
"""Numbers that several libraries round otherwise."""

_EVERYWHERE: Differing = {
    exp.Mul: frozenset({Special.BEYOND}),
    **dict.fromkeys((exp.Median, exp.PercentileCont), frozenset({Special.INFINITE})),
    **dict.fromkeys((*DEVIATIONS, exp.Corr), frozenset({Special.SQUARED, Special.INFINITE})),
}
"""For every library: a decimal's whole number exceeds 64 bits, inf - inf and 0 * inf are NaN."""
_NONE: frozenset[Special] = frozenset()


def refuse_special(plan: Node, differing: Differing, label: str) -> None:
    """Raises Differs if a plan may meet a special value that the library treats unlike DuckDB.

    ``differing`` maps functions to the special values in which the library's differ from DuckDB's,
    ``label`` is the library's name in the message.
    """
    for node in walk(plan):
        schema = tuple(column for source in node.inputs for column in source.schema)
        for e in expressions_of(node):
            for function in e.find_all(*_EVERYWHERE, *differing):
                found = _found(function, differing, schema)
                if found is not None:
                    raise Differs(f"{label} does otherwise with {found}", in_sql(function))


def _found(function: Expression, differing: Differing, schema: Schema) -> Special | None:
    """Returns a special value that an operand of ``function`` may have and the library misreads.

    None if there is none. ``differing`` is as in `refuse_special`.
    """
    kind = type(function)
    matters = _MATTERS.get(kind)
    if matters is not None and not matters(function, schema):
        return None
    kinds = _EVERYWHERE.get(kind, _NONE) | differing.get(kind, _NONE)
    one = isinstance(function, (exp.Window, exp.Ordered))
    operands = [function.this] if one else _operands(function)
    present = together(*(specials_of(x, schema) for x in operands))
    return next((special for special in present if special in kinds), None)


def _operands(function: Expression) -> list[Expression]:
    return [x for x in function.iter_expressions() if isinstance(x, Expression)]


def expressions_of(node: Node) -> Iterator[Expression]:
    """Yields the expressions that a node computes over the columns of its inputs."""
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
    """True if ``trim`` names no characters, and so removes spaces."""
    return trim.args.get("expression") is None


def _puts_null_first(key: Expression, schema: Schema) -> bool:
    return bool(key.args.get("nulls_first")) and infer(key.this, schema).nullable


def _scales(rounding: Expression, schema: Schema) -> bool:
    """True if whole numbers are rounded to tens, or floats to digits after the point."""
    places = rounding.args.get("decimals")
    if infer(rounding.this, schema).type is Type.INT64:
        return isinstance(places, exp.Neg)
    return isinstance(places, exp.Literal) and places.name != "0"


def _moves(window: Expression, schema: Schema) -> bool:
    """True for an aggregate over a frame that drops rows as it moves."""
    return isinstance(window.this, exp.AggFunc) and frame_of(window).moves


def _divides_by_minus_zero(quotient: Expression, schema: Schema) -> bool:
    divisor = quotient.expression
    if is_never_zero(divisor) or infer(divisor, schema).type is not Type.FLOAT64:
        return False
    return Special.MINUS_ZERO in specials_of(divisor, schema)


_MATTERS: dict[type[Expression], Callable[[Expression, Schema], bool]] = {
    exp.Div: _divides_by_minus_zero,
    exp.Mul: lambda product, schema: is_scaled(product),
    exp.Trim: _takes_spaces,
    exp.Ordered: _puts_null_first,
    exp.Round: _scales,
    exp.Window: _moves,
}
"""A further condition on a function for its special values to make a difference."""
