"""Rows of constants, as VALUES and a SELECT without FROM have them, and their plan."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from sqlglot import exp

from harness.errors import Unsupported
from harness.plan.facts.printing import in_sql
from harness.plan.facts.special import specials_of
from harness.plan.facts.typed import Expression
from harness.plan.facts.typing import Inference
from harness.plan.tree.nodes import Value, Values
from harness.special import together
from harness.types import Column, Type

ONE_ROW = Values((Column("one", Type.INT64, False, nonzero=True),), ((1,),))
"""The rows of a SELECT without FROM."""


def values_of(rows: Sequence[Sequence[Expression]], names: Sequence[str]) -> Values:
    """Returns the plan of these rows of constants, whose columns are called ``names``.

    Raises Unsupported for a value that is computed, and for types that differ in a column.
    """
    infer = Inference(())
    columns, found = [], []
    for name, cells in zip(names, zip(*rows, strict=True), strict=True):
        kind = infer.common(cells)
        if kind is None:
            raise Unsupported("a column of NULLs has no type; cast it", name)
        values = [_value(cell, kind) for cell in cells]
        null, special = None in values, together(*(specials_of(cell, ()) for cell in cells))
        nonzero = kind.numeric and not any(value is None or value == 0 for value in values)
        columns.append(Column(name, kind, null, nonzero=nonzero, special=special))
        found.append(values)
    return Values(tuple(columns), tuple(zip(*found, strict=True)))


def is_value(e: Expression) -> bool:
    """True if `values_of` takes an expression: a literal, perhaps negative, or cast to a date."""
    try:
        _value(e, Inference(()).of(e).type or Type.INT64)
    except Unsupported:
        return False
    return True


def _value(e: Expression, kind: Type) -> Value:
    if isinstance(e, exp.Null):
        return None
    if isinstance(e, exp.Boolean):
        return bool(e.this)
    if isinstance(e, exp.Neg) and isinstance(e.this, exp.Literal):
        number = _value(e.this, kind)
        assert isinstance(number, (int, float)), "a literal whose type has a negative"
        return -number
    if isinstance(e, exp.Cast) and isinstance(e.this, exp.Literal) and e.this.is_string:
        if kind is Type.DATE:
            return datetime.date.fromisoformat(e.this.name)
        if kind is Type.TIMESTAMP:
            return datetime.datetime.fromisoformat(e.this.name)
    if isinstance(e, exp.Literal):
        if kind is Type.FLOAT64:
            return float(e.name)
        if kind is Type.INT64 and e.is_int:
            return int(e.name)
        if kind is Type.STRING and e.is_string:
            return str(e.name)
    raise Unsupported("a value that is computed, in VALUES", in_sql(e))
