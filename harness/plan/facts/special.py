"""Decides which special values an expression may give, or be computed from.

They come from tables and constants. Arithmetic on ordinary numbers is assumed to give ordinary
numbers; large floats may become infinite in products, powers and sums, and a negated or rounded
float, or a multiple of a constant that is not positive, may be -0.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlglot import exp

from harness.characters import specials
from harness.plan.facts.kinds import CONDITIONS
from harness.plan.facts.typed import Expression
from harness.special import Special, Specials, of_number, together
from harness.types import Schema

_NEVER = (
    exp.Count,
    exp.ByteLength,
    exp.Length,
    exp.StrPosition,
    exp.Extract,
    exp.DateDiff,
    exp.Sign,
)
"""Functions whose result is never a special value."""
_OPPOSITE_OF_LEAST = exp.Literal.number(2**63)
_ROUNDING = (exp.Round, exp.Ceil, exp.Mod)
_GROWING = (exp.Mul, exp.Pow, exp.Exp, exp.Sum, exp.Avg, exp.Div)
"""Functions that can turn large floats into infinity."""


def specials_of(e: Expression, schema: Schema) -> Specials:
    """Returns the special values that may occur in an expression's columns and constants."""
    return _of(e, {column.name: column.special for column in schema if column.special})


def _of(e: Expression, columns: Mapping[str, Specials]) -> Specials:
    if isinstance(e, exp.Column):
        return columns.get(e.name, ())
    if isinstance(e, exp.Literal):
        return _of_constant(e)
    if isinstance(e, (*CONDITIONS, *_NEVER)):
        return ()
    if isinstance(e, exp.Case):
        values = [*(branch.args["true"] for branch in e.args["ifs"]), e.args.get("default")]
        return _of_operands((value for value in values if value is not None), columns)
    if isinstance(e, exp.Window):
        return _of(e.this, columns)
    found = _of_operands((x for x in e.iter_expressions() if isinstance(x, Expression)), columns)
    if isinstance(e, exp.Div) and not is_never_zero(e.expression):
        found = together(found, (Special.DIVIDED,))
    if _may_be_minus_zero(e):
        found = together(found, (Special.MINUS_ZERO,))
    return _of_result(e, found) if found else ()


def _may_be_minus_zero(e: Expression) -> bool:
    """True for functions that make -0.0 of other floats: of 0.0 by a sign, of -0.4 by rounding."""
    if isinstance(e, exp.Neg):
        return not _is_constant(e.this) or float(e.this.name) == 0
    if isinstance(e, (exp.Mul, exp.Div)):
        return any(map(_is_not_positive, (e.this.unnest(), e.expression.unnest())))
    return isinstance(e, _ROUNDING)


def _is_not_positive(e: Expression) -> bool:
    negated = isinstance(e, exp.Neg) and _is_constant(e.this)
    return negated or (_is_constant(e) and float(e.name) == 0)


def _is_constant(e: Expression) -> bool:
    return isinstance(e, exp.Literal) and not e.is_string


def is_never_zero(divisor: Expression) -> bool:
    """True for ``nullif(…, 0)`` and constants other than 0."""
    divisor = divisor.unnest()
    if isinstance(divisor, exp.Nullif):
        return str(divisor.expression.name) == "0"
    if isinstance(divisor, (exp.Neg, exp.Cast)):
        return is_never_zero(divisor.this)
    return isinstance(divisor, exp.Literal) and not divisor.is_string and float(divisor.name) != 0


def _of_result(e: Expression, found: Specials) -> Specials:
    """Returns the special values that a function may give if its operands may have ``found``."""
    if isinstance(e, exp.Cast) and Special.BEYOND in found:  # as floats they are large
        return together(found, (Special.LARGE,))
    if isinstance(e, exp.Neg) and e.this == _OPPOSITE_OF_LEAST:
        return together(found, (Special.LEAST,))
    if isinstance(e, _GROWING) and Special.LARGE in found:
        return together(found, (Special.INFINITE,))
    return found


def _of_operands(parts: Iterable[Expression], columns: Mapping[str, Specials]) -> Specials:
    found = [kinds for part in parts if (kinds := _of(part, columns))]
    return together(*found) if found else ()


def _of_constant(literal: Expression) -> Specials:
    if literal.is_string:
        return specials(literal.name)
    return of_number(int(literal.name) if literal.is_int else float(literal.name))
