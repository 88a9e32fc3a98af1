"""Decides which expressions may be NaN: tables hold none, but 0 / 0, sqrt(-1) and inf - inf do."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence

from sqlglot import exp

from harness.errors import Unsupported
from harness.plan.facts.kinds import CONDITIONS, DEVIATIONS, OF_POSITIVES, PARTIAL
from harness.plan.facts.printing import in_sql
from harness.plan.facts.special import specials_of
from harness.plan.facts.typed import Expression
from harness.special import Special
from harness.types import Column, Schema, Type

Known = frozenset[Expression]
"""Expressions that are known not to be 0 at some place, by the conditions around that place."""
_SIGNS: dict[type[Expression], Callable[[float, float], bool]] = {
    exp.EQ: operator.eq,
    exp.NEQ: operator.ne,
    exp.LT: operator.lt,
    exp.LTE: operator.le,
    exp.GT: operator.gt,
    exp.GTE: operator.ge,
}
_OPPOSITES: dict[type[Expression], type[Expression]] = {
    exp.LT: exp.GTE,
    exp.LTE: exp.GT,
    exp.GT: exp.LTE,
    exp.GTE: exp.LT,
}
_OF_TWO_INFINITIES = (exp.Add, exp.Sub, exp.Div)
_OF_ONE_INFINITY = (
    *(exp.Mul, exp.Mod, exp.Sum, exp.Avg, exp.Median, exp.PercentileCont),
    *(exp.Sin, exp.Cos, exp.Tan),
    *DEVIATIONS,
)
"""Functions that give NaN if one operand, or one row, is infinite."""
HUGE = (Special.LARGE, Special.INFINITE)
"""Values of data of which NaN may come: inf - inf, 0 * inf."""
MAKING_NAN = (exp.Mod, exp.Corr, exp.Pow)
"""Functions that give NaN of ordinary numbers, beside quotients, roots and logarithms."""
_ZERO_WHERE_THE_OPERAND_IS = (exp.Neg, exp.Abs)
_POSITIVE_PARTS = frozenset(
    {*("hour", "minute", "second"), *("day", "dow", "isodow", "doy", "week", "month", "quarter")}
)
"""Parts of dates and times that are never negative; a year may be."""


def may_be_nan(e: Expression, schema: Schema, known: Known = frozenset()) -> bool:
    """True if a float expression may be NaN: x / y where y may be 0, sqrt(x), or inf - inf.

    ``known`` holds expressions that are not 0 here.
    """
    return _may_be_nan(e, {column.name: column for column in schema}, known)


def can_make_nan(e: Expression, schema: Schema) -> bool:
    """True if some part of an expression may be NaN; a quick test, sometimes True needlessly.

    Where it is False, `may_be_nan` need not be called for each part, which takes quadratic time.
    """
    if any(c.nan or any(kind in c.special for kind in HUGE) for c in schema):
        return True
    return e.find(exp.Div, *PARTIAL, *MAKING_NAN) is not None


def greater_by_nan(e: Expression, schema: Schema) -> Expression:
    """Rewrites ``x > y`` to ``not x <= y`` where x may be NaN.

    SQL's NaN is greater than every number, that of IEEE 754 than none. Raises Unsupported where
    both may be NaN: then neither form agrees with SQL.
    """
    greater, less = e.this, e.expression
    if not isinstance(e, (exp.GT, exp.GTE)):
        greater, less = less, greater
    if type(e) not in _OPPOSITES or not may_be_nan(greater, schema):
        return e
    known = _known_around(e)
    if not may_be_nan(greater, schema, known):
        return e
    if may_be_nan(less, schema, known):
        raise Unsupported("floats that may be NaN compared with each other", in_sql(e))
    place = e.parent
    negated = exp.Not(this=_OPPOSITES[type(e)](this=e.this, expression=e.expression))
    negated.parent = place  # so that _known_around finds the same conditions
    return negated


def _known_around(e: Expression) -> Known:
    """Returns the expressions that cannot be 0 where ``e`` is computed.

    They follow from the conditions of AND and CASE around ``e``.
    """
    known: Known = frozenset()
    while e.parent is not None:
        part, e = e, e.parent
        if isinstance(e, exp.And):
            known |= not_zero(e)
        elif isinstance(e, exp.If) and part.arg_key == "true" and isinstance(e.parent, exp.Case):
            known |= _known_in_case(part, e.parent)
        elif isinstance(e, exp.Case) and part.arg_key == "default":
            known |= _known_in_case(part, e)
    return known


def _known_in_case(value: Expression, case: Expression) -> Known:
    return next((more for other, more in values_of(case) if other is value), frozenset())


def never_zero(e: Expression, schema: Schema) -> bool:
    """True if it is known that a number is NULL or other than 0 in every row."""
    return _never_zero(e, {column.name: column for column in schema}, frozenset())


def not_zero(condition: Expression) -> Known:
    """Returns the expressions that cannot be 0 where a condition is true.

    not_zero(x > 0 and y <> 0) = {x, y}
    """
    parts = condition.flatten() if isinstance(condition, exp.And) else [condition]
    return frozenset(x for part in parts for x, holds in _of_zero(part) if not holds)


def _may_be_nan(e: Expression, columns: Mapping[str, Column], known: Known) -> bool:
    if isinstance(e, exp.Column):
        return e.name in columns and columns[e.name].nan
    if isinstance(e, CONDITIONS):
        return False
    if isinstance(e, exp.Window):
        return _may_be_nan(e.this, columns, known)
    if isinstance(e, exp.Case):
        return any(_may_be_nan(value, columns, known | more) for value, more in values_of(e))
    divides = isinstance(e, exp.Div) or (isinstance(e, exp.Mod) and _is_float(e, columns))
    if divides and not _never_zero(e.expression, columns, known):
        return True
    if isinstance(e, exp.Corr) or (isinstance(e, exp.Pow) and not is_whole(e.expression)):
        return True
    operands = [x for x in e.iter_expressions() if isinstance(x, Expression)]
    sure = isinstance(e, OF_POSITIVES) and all(map(_never_negative, operands))
    if isinstance(e, PARTIAL) and not sure:
        return True
    if any(_may_be_nan(x, columns, known) for x in operands):
        return True
    return _may_undo_infinity(e, operands, tuple(columns.values()))


def _may_undo_infinity(e: Expression, operands: Sequence[Expression], schema: Schema) -> bool:
    """True if ``e`` may make NaN of infinite ``operands``: inf - inf, 0 * inf."""
    huge = any(kind in column.special for column in schema for kind in HUGE)
    if not huge or not isinstance(e, (*_OF_TWO_INFINITIES, *_OF_ONE_INFINITY)):
        return False
    infinite = [Special.INFINITE in specials_of(x, schema) for x in operands]
    return all(infinite) if isinstance(e, _OF_TWO_INFINITIES) else any(infinite)


def _never_zero(e: Expression, columns: Mapping[str, Column], known: Known) -> bool:
    if e in known or isinstance(e, exp.Null):
        return True
    if isinstance(e, exp.Column):
        return e.name in columns and columns[e.name].nonzero
    if isinstance(e, exp.Literal):
        return not e.is_string and float(e.name) != 0
    if isinstance(e, exp.Case):
        return all(_never_zero(value, columns, known | more) for value, more in values_of(e))
    if isinstance(e, exp.Mul):
        return all(_never_zero(side, columns, known) for side in (e.this, e.expression))
    return isinstance(e, _ZERO_WHERE_THE_OPERAND_IS) and _never_zero(e.this, columns, known)


def divides_counts(e: Expression) -> bool:
    """True for an integer division of what is never negative by a positive literal.

    SQL truncates a quotient, and libraries round it down: of these that is the same.
    """
    divisor = e.expression
    plain = isinstance(divisor, exp.Literal) and not divisor.is_string and float(divisor.name) > 0
    return plain and _never_negative(e.this)


def _never_negative(e: Expression) -> bool:
    if isinstance(e, exp.Extract):
        return e.name.lower() in _POSITIVE_PARTS
    if isinstance(e, (exp.Add, exp.Mul)) and e.this != e.expression:
        return _never_negative(e.this) and _never_negative(e.expression)
    if isinstance(e, exp.Add):
        return _never_negative(e.this)
    return isinstance(e, (exp.Literal, exp.Abs, exp.Count, exp.Length, exp.Mul))


def values_of(case: Expression) -> Iterator[tuple[Expression, Known]]:
    """Yields each value of a CASE, with the expressions that are not 0 where it is chosen."""
    before: Known = frozenset()
    for branch in case.args["ifs"]:
        yield branch.args["true"], before | not_zero(branch.this)
        before |= {x for x, holds in _of_zero(branch.this) if holds}
    if case.args.get("default") is not None:
        yield case.args["default"], before


def _of_zero(condition: Expression) -> Iterator[tuple[Expression, bool]]:
    """Yields x and whether the condition holds for x = 0, if it compares x with a number.

    ``x > 5`` -> ``(x, False)``
    """
    if type(condition) not in _SIGNS:
        return
    sign, (left, right) = _SIGNS[type(condition)], (condition.this, condition.expression)
    if (number := _number(right)) is not None:
        yield left, sign(0.0, number)
    elif (number := _number(left)) is not None:
        yield right, sign(number, 0.0)


def _is_float(e: Expression, columns: Mapping[str, Column]) -> bool:
    """True if ``e``, a remainder ``x % y``, may be of floats: one of integers is never NaN.

    ``columns`` maps the names of the schema's columns to them.
    """
    floats = (c for c in e.find_all(exp.Column) if c.name in columns)
    fractions = (x for x in e.find_all(exp.Literal) if not x.is_string and not x.is_int)
    kinds = (exp.Div, exp.Cast, exp.Avg, exp.Sqrt, exp.Pow, exp.Round)
    whole = all(columns[c.name].type is Type.INT64 for c in floats)
    return not whole or any(fractions) or e.find(*kinds) is not None


def _number(e: Expression) -> float | None:
    if isinstance(e, exp.Neg):
        value = _number(e.this)
        return None if value is None else -value
    is_number = isinstance(e, exp.Literal) and not e.is_string
    return float(e.name) if is_number else None


def is_whole(e: Expression) -> bool:
    number = _number(e)
    return number is not None and number.is_integer()
