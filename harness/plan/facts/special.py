"""Expressions -> the special values that theirs may be, or be made of.

They come from what tables and constants hold. Ordinary numbers are taken to stay ordinary in
arithmetic; large floats may become infinite in products, powers and sums.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlglot import exp

from harness.characters import specials
from harness.plan.facts.kinds import CONDITIONS
from harness.plan.facts.typed import Expression
from harness.special import Special, Specials, of_number, together
from harness.types import Schema

_NEVER = (exp.Count, exp.Length, exp.StrPosition, exp.Extract, exp.DateDiff, exp.Sign)
"""What has no special value, whatever it is made of."""
_OPPOSITE_OF_LEAST = exp.Literal.number(2**63)
_GROWING = (exp.Mul, exp.Pow, exp.Exp, exp.Sum, exp.Avg, exp.Div)
"""What can make infinity of large floats."""


def specials_of(e: Expression, schema: Schema) -> Specials:
    """The special values of the columns and constants that an expression takes its value from."""
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
        return _of_all((value for value in values if value is not None), columns)
    if isinstance(e, exp.Window):
        return _of(e.this, columns)
    found = _of_all((x for x in e.iter_expressions() if isinstance(x, Expression)), columns)
    return _made(e, found) if found else ()


def _made(e: Expression, found: Specials) -> Specials:
    """What becomes of special values in a step that takes them all."""
    if isinstance(e, exp.Cast) and Special.BEYOND in found:  # as floats they are large
        return together(found, (Special.LARGE,))
    if isinstance(e, exp.Neg) and e.this == _OPPOSITE_OF_LEAST:
        return together(found, (Special.LEAST,))
    if isinstance(e, _GROWING) and Special.LARGE in found:
        return together(found, (Special.INFINITE,))
    return found


def _of_all(parts: Iterable[Expression], columns: Mapping[str, Specials]) -> Specials:
    found = [kinds for part in parts if (kinds := _of(part, columns))]
    return together(*found) if found else ()


def _of_constant(literal: Expression) -> Specials:
    if literal.is_string:
        return specials(literal.name)
    return of_number(int(literal.name) if literal.is_int else float(literal.name))
