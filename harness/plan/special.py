"""Expressions -> the special values that theirs may be, or be made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlglot import exp

from harness.characters import specials
from harness.plan.typed import Expression
from harness.special import Special, Specials, of_number, together
from harness.types import Schema

CONDITIONS = (
    *(exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE),
    *(exp.And, exp.Or, exp.Not, exp.Is, exp.In, exp.Between, exp.Like, exp.ILike),
)
"""What is true, false or NULL."""
_NEVER = (exp.Count, exp.Length, exp.StrPosition, exp.Extract, exp.DateDiff, exp.Sign)
"""What has no special value, whatever it is made of."""
_INFINITE = ("inf", "infinity")


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
    return _of_all((x for x in e.iter_expressions() if isinstance(x, Expression)), columns)


def _of_all(parts: Iterable[Expression], columns: Mapping[str, Specials]) -> Specials:
    found = [kinds for part in parts if (kinds := _of(part, columns))]
    return together(*found) if found else ()


def _of_constant(literal: Expression) -> Specials:
    if not literal.is_string:
        return of_number(int(literal.name) if literal.is_int else float(literal.name))
    infinite = literal.name.strip(" +-").lower() in _INFINITE
    return (Special.INFINITE,) if infinite else specials(literal.name)
