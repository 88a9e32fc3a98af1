"""Emits expressions over the columns of a batch with ``pyarrow.compute``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from sqlglot import exp

from harness.engines.pyarrow.dates import ArrowDates
from harness.engines.pyarrow.text import ArrowText
from harness.engines.pyarrow.values import type_name
from harness.engines.python.kernel import ATOM, Code
from harness.plan.facts.kinds import has_no_fraction
from harness.plan.facts.printing import in_sql
from harness.plan.facts.typed import sql_type
from harness.plan.tree.nodes import Expression
from harness.types import Type


class ArrowExpressions(ArrowText, ArrowDates):
    """Emits expressions with ``pc.field``; adds types and functions of numbers to its bases."""

    spellings: ClassVar[Mapping[str, str]] = {
        **ArrowText.text_spellings,
        **ArrowDates.date_spellings,
        "Abs": "pc.abs({value})",
        "Acos": "pc.acos({value})",
        "Asin": "pc.asin({value})",
        "Atan": "pc.atan({value})",
        "Atan2": "pc.atan2({value}, {across})",
        "Ceil": "pc.ceil({value})",
        "Cos": "pc.cos({value})",
        "Degrees": "pc.multiply({value}, 57.29577951308232)",
        "Exp": "pc.exp({value})",
        "Floor": "pc.floor({value})",
        "Ln": "pc.ln({value})",
        "Log": "pc.logb({value}, {base})",
        "Pow": "pc.power({value}, {exponent})",
        "Radians": "pc.multiply({value}, 0.017453292519943295)",
        "Sign": "pc.if_else({this} > 0, 1, pc.if_else({this} < 0, -1, 0))",
        "Sign of integers": 'pc.sign({this}).cast("int64")',
        "Sin": "pc.sin({value})",
        "Sqrt": "pc.sqrt({value})",
        "Tan": "pc.tan({value})",
    }

    def mul(self, e: Expression) -> Code:
        return self._unfolded(e, "multiply", super().mul)

    def add(self, e: Expression) -> Code:
        return self._unfolded(e, "add", super().add)

    def _unfolded(self, e: Expression, other: str, plain: Callable[[Expression], Code]) -> Code:
        """Emits a sum or product of floats in the query's order.

        Arrow computes ``(x * a) * b`` as ``x * (a * b)`` along calls of one function. So
        every second call of a chain is one of ``other``, a function that does the same to
        floats; ``plain`` emits the calls between them.
        """
        constants = [part for part in e.flatten() if isinstance(part.unnest(), _CONSTANTS)]
        if len(constants) < 2 or self.type(e) is not Type.FLOAT64 or _levels(e) % 2:
            return plain(e)
        return self._pair(other, e)

    def cast(self, e: Expression) -> Code:
        if literal := self.date_literal(e):
            return literal
        source, target = self.type(e.this), sql_type(e.args["to"])
        value = self.expression(e.this, ATOM)
        if source is Type.FLOAT64 and target is Type.INT64 and not has_no_fraction(e.this):
            value = f'pc.round({value}, round_mode="half_to_even")'
        if target is Type.STRING and source in (Type.FLOAT64, Type.TIMESTAMP):
            raise self.gaps.unsupported(f"a {source} as a text", in_sql(e))
        if source is target:
            return Code(value, ATOM)
        rounds = ", safe=False" if (source, target) == (Type.INT64, Type.FLOAT64) else ""
        return Code(f"{value}.cast({type_name(target)}{rounds})", ATOM)


_CONSTANTS = (exp.Literal, exp.Neg)


def _levels(e: Expression) -> int:
    """Returns how deep operations of one kind are nested: 2 for ``(a * b) * c``."""
    sides = [side.unnest() for side in e.iter_expressions()]
    return 1 + max((_levels(side) for side in sides if type(side) is type(e)), default=0)
