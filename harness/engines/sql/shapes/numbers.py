"""Tests of arithmetic and of the types of columns for gaps."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from harness.engines.python.kernel import MOST_PLACES
from harness.engines.sql.rules import is_constant, kind
from harness.plan.facts.printing import Expression

MOST_DIGITS_OF_FRACTION = 6
"""The digits of a quantile's fraction that DataFusion reads; it cuts off the others."""


def computed_interval(e: Expression) -> bool:
    return isinstance(e, exp.Interval) and not isinstance(e.this, exp.Literal)


def many_places(e: Expression) -> bool:
    """True for ``round`` to computed places, or to so many that the scaled float is infinite."""
    places = e.args.get("decimals") if isinstance(e, exp.Round) else None
    if places is None:
        return False
    digits = places.this if isinstance(places, exp.Neg) else places
    return not digits.is_int or int(digits.name) > MOST_PLACES


def float_remainder(e: Expression) -> bool:
    return isinstance(e, exp.Mod) and "DOUBLE" in (kind(e.this), kind(e.expression))


def float_divisor(e: Expression) -> bool:
    """True for a division by a float column, which may be -0.0; not by a sum or a mean."""
    if not isinstance(e, exp.Div):
        return False
    columns = (c for c in e.expression.find_all(exp.Column) if kind(c) == "DOUBLE")
    return any(c.find_ancestor(exp.Sum, exp.Avg, exp.Div) in (None, e) for c in columns)


def float_to_power_below_0(e: Expression) -> bool:
    """True for a float column, which may be -0.0, to a power that may be below 0."""
    if not isinstance(e, exp.Pow):
        return False
    base = any(kind(c) == "DOUBLE" for c in e.this.find_all(exp.Column))
    return base and not isinstance(e.expression, exp.Literal)


def fraction_of_many_digits(e: Expression) -> bool:
    if not isinstance(e, exp.PercentileCont) or not isinstance(e.expression, exp.Literal):
        return False
    fraction = float(e.expression.name)
    return round(fraction, MOST_DIGITS_OF_FRACTION) != fraction


def float_times_zero(e: Expression) -> bool:
    """True for ``x * 0``, which some libraries replace by 0 whatever x is."""
    if not isinstance(e, exp.Mul) or "DOUBLE" not in (kind(e.this), kind(e.expression)):
        return False
    return any(_is_zero(side) for side in (e.this, e.expression))


def _is_zero(e: Expression) -> bool:
    value = e.this if isinstance(e, exp.Cast) else e
    return isinstance(value, exp.Literal) and not value.is_string and float(value.name) == 0


def constants_in_a_row(e: Expression) -> bool:
    """True for ``x + 1e17 - 1e17``: adding the constants to each other first changes the result."""
    if not isinstance(e, (exp.Add, exp.Sub, exp.Mul)) or not is_constant(e.expression):
        return False
    first = e.this.unnest()
    kinds = (exp.Mul,) if isinstance(e, exp.Mul) else (exp.Add, exp.Sub)
    chained = isinstance(first, kinds) and (
        is_constant(first.this) or is_constant(first.expression)
    )
    return chained and kind(e) == "DOUBLE"


def float_sum_read_twice(e: Expression) -> bool:
    """True for a CTE that has a sum or mean of floats, if it is read more than once.

    A library that computes the sum anew for each reader may, with several threads, give each
    reader other last bits.
    """
    if not isinstance(e, exp.CTE) or not e.parent or not e.parent.parent:
        return False
    readers = (table for table in e.parent.parent.find_all(exp.Table) if table.name == e.alias)
    sums = (f for f in e.this.find_all(exp.Sum, exp.Avg) if kind(f.this) == "DOUBLE")
    return len(list(readers)) > 1 and any(sums)


def unlike_columns(e: Expression) -> bool:
    """True for a UNION, INTERSECT or EXCEPT of integers and floats in one column."""
    return {"DOUBLE", "BIGINT"} in _kinds_of_columns(e)


def days_beside_times(e: Expression) -> bool:
    """True for a UNION, INTERSECT or EXCEPT of dates and timestamps in one column."""
    return {"DATE", "TIMESTAMP"} in _kinds_of_columns(e)


def _kinds_of_columns(e: Expression) -> list[set[str | None]]:
    """Returns, for each column of a set operation, the kinds that it has on both sides."""
    if not isinstance(e, exp.SetOperation):
        return []
    left: Any = e.left.unnest()
    right: Any = e.right.unnest()
    return [{kind(a), kind(b)} for a, b in zip(left.selects, right.selects, strict=False)]


def unlike_constants(e: Expression) -> bool:
    """True for VALUES with integers and floats in one column."""
    rows = [row.expressions for row in e.expressions] if isinstance(e, exp.Values) else []
    return any({"DOUBLE", "BIGINT"} <= set(map(kind, cells)) for cells in zip(*rows, strict=True))
