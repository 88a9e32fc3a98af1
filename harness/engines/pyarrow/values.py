"""Emits values, arithmetic and conditions over a batch with ``pyarrow.compute``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from sqlglot import exp

from harness.engines.gaps import Gaps
from harness.engines.python.functions import Functions
from harness.engines.python.kernel import (
    ATOM,
    COMPARISON,
    PRODUCT,
    Code,
    quoted,
)
from harness.plan.facts.printing import in_sql
from harness.plan.facts.typed import sql_type
from harness.plan.guards.truth import Logic, NullWhere, Plain, Truth
from harness.plan.guards.widths import Widths
from harness.plan.tree.nodes import Expression
from harness.types import Schema, Type

ARROW_TYPES = {
    Type.BOOLEAN: "bool",
    Type.INT64: "int64",
    Type.FLOAT64: "float64",
    Type.STRING: "string",
    Type.DATE: "date32",
    Type.TIMESTAMP: "timestamp[us]",
}


class ArrowValues(Functions):
    """Emits expressions with ``pc.field`` and functions of ``pc``.

    ``values`` maps a column to the variable that holds it, if a scalar subquery gives it.
    """

    truths: ClassVar[Mapping[type[Truth], str]] = {NullWhere: "pc.if_else({present}, {part}, None)"}
    widths: ClassVar[Widths] = Widths(mixes=False)
    missing: ClassVar[str] = "is_null()"
    present: ClassVar[str] = "is_valid()"
    logic: ClassVar[Logic] = Logic(false_of_null=(exp.In,), nan_is_greatest=False)

    def __init__(
        self, gaps: Gaps, schema: Schema = (), values: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(gaps, schema)
        self.values = values or {}

    def column(self, e: Expression) -> Code:
        return Code(self.values.get(e.name) or f"pc.field({quoted(e.name)})", ATOM)

    def expression(self, e: Expression, precedence: int = 0, strict: bool = False) -> str:
        """Returns an operand's text as an Arrow expression: a constant as ``pc.scalar(1)``.

        It is in parentheses if it binds less than ``precedence``; if ``strict``, also if it binds
        the same.
        """
        return wrapped(e, self.operand(e, precedence, strict))

    def argument(self, e: Expression) -> str:
        whole = self.type(e) is Type.INT64
        if whole and e.parent is not None and self.type(e.parent) is Type.FLOAT64:
            return wrapped(e, self.float64(e))
        return self.expression(e)

    def parameter(self, e: Expression) -> str:
        """Returns the text of a function's parameter; raises Unsupported if it is no constant.

        Arrow takes no column there.
        """
        if is_python_value(e):
            return self.text(e)
        raise self.gaps.unsupported("a parameter that is not a constant", in_sql(e))

    # ------------------------------------------------------------------ numbers

    def widened(self, e: Expression, kind: Type) -> str:
        """Returns the text of an integer as a float, for any ``kind``.

        Arrow would narrow constants: an int64 column and a float constant would become 32-bit
        floats. Its own cast of a column to float64 fails for integers that no float holds exactly.
        """
        return self.float64(e)

    def float64(self, e: Expression, precedence: int = ATOM) -> str:
        """Returns the text of an operand as a float.

        It is in parentheses if it binds less than ``precedence``.
        """
        if _is_integer(e):
            return f"{self.text(e)}.0"
        if self.type(e) is Type.FLOAT64:
            return self.operand(e, precedence)
        if self.type(e) is Type.INT64:  # a float may not hold it exactly
            return f'{self.operand(e, ATOM)}.cast("float64", safe=False)'
        return f'{self.operand(e, ATOM)}.cast("float64")'

    def number(self, x: Expression, e: Expression, precedence: int, strict: bool = False) -> str:
        """Returns the text of ``x``, an operand of ``e``, widened if its type would be too narrow.

        The first operand is an Arrow expression even if it is a constant: ``pc.scalar(1)``. It is
        in parentheses if it binds less than ``precedence``; if ``strict``, also if it binds the
        same.
        """
        text = super().number(x, e, precedence, strict)
        return wrapped(x, text) if x is e.this and not isinstance(e, exp.In) else text

    def neg(self, e: Expression) -> Code:
        return super().neg(e) if is_python_value(e) else self.pc("negate", e.this)

    def div(self, e: Expression) -> Code:
        """Emits a division of floats, as SQL's; ``/`` raises for a divisor of 0."""
        if isinstance(e.expression, exp.Literal) and float(e.expression.name):
            left = wrapped(e.this, self.float64(e.this, PRODUCT))
            return Code(f"{left} / {self.text(e.expression)}", PRODUCT)
        left = wrapped(e.this, self.float64(e.this, COMPARISON))
        right = self.float64(e.expression)
        return Code(f"pc.divide({left}, {right})", ATOM)

    def int_div(self, e: Expression) -> Code:
        return self._pair("divide", e)

    def mod(self, e: Expression) -> Code:
        return self._pair("remainder", e)

    def _pair(self, function: str, e: Expression) -> Code:
        left, right = (self.number(x, e, 0) for x in (e.this, e.expression))
        return Code(f"pc.{function}({left}, {right})", ATOM)

    def round(self, e: Expression) -> Code:
        places = "" if e.args.get("decimals") is None else f", {self.places(e)}"
        if self.type(e.this) is Type.INT64:
            tens = self.places(e) < 0
            return self.code(self.in_tens(e.this, self.places(e)) if tens else e.this)
        mode = 'round_mode="half_towards_infinity"'
        return Code(f"pc.round({self.expression(e.this)}{places}, {mode})", ATOM)

    def pc(self, function: str, e: Expression, *more: str) -> Code:
        return Code(f"pc.{function}({', '.join([self.expression(e), *more])})", ATOM)

    # ------------------------------------------------------------------ conditions

    def subject(self, e: Expression) -> str:
        return self.expression(e, ATOM)

    def truth(self, truth: Truth) -> Code:
        text, precedence = super().truth(truth)
        return Code(wrapped(truth.e, text) if isinstance(truth, Plain) else text, precedence)

    def in_(self, e: Expression) -> Code:
        subject = self.number(e.this, e, ATOM)
        return Code(f"{subject}.isin({self.listed(e.expressions)})", ATOM)

    def between(self, e: Expression) -> Code:
        low = exp.GTE(this=e.this.copy(), expression=e.args["low"].copy())
        high = exp.LTE(this=e.this.copy(), expression=e.args["high"].copy())
        return self.code(exp.And(this=low, expression=high))

    def case(self, e: Expression) -> Code:
        """Emits a CASE: ``if_else`` for one condition that is never NULL, else ``case_when``.

        ``case_when`` treats a NULL condition as false, ``if_else`` does not.
        """
        branches, default = e.args["ifs"], e.args.get("default")
        results = [branch.args["true"] for branch in branches]
        first = branches[0].this
        if len(branches) == 1 and not self.nullable(first):
            choice = ", ".join([self.expression(first), *self._either(results[0], default, e)])
            return Code(f"pc.if_else({choice})", ATOM)
        values = [self._result(x, e) for x in results]
        otherwise = [] if default is None else [self._result(default, e)]
        conditions = ", ".join(self.kept(branch.this) for branch in branches)
        choice = ", ".join([f"pc.make_struct({conditions})", *values, *otherwise])
        return Code(f"pc.case_when({choice})", ATOM)

    def _either(self, value: Expression, default: Expression | None, case: Expression) -> list[str]:
        """Returns the texts of both results of ``if_else``: ``value``, and ``default`` or NULL.

        If both are constants, the first is cast to the type of ``case``, their CASE: ``if_else``
        would give them a narrower one.
        """
        kind, other = self.type(case), default or exp.Null()
        narrowed = kind in (Type.INT64, Type.FLOAT64) and all(map(is_python_value, (value, other)))
        if default is None and not narrowed:
            return [self._result(value, case), "None"]
        texts = [self._result(value, case), self._result(other, case)]
        if kind is not None and narrowed and not {exp.Null} & {type(value), type(other)}:
            texts[0] = f"pc.scalar({texts[0]}).cast({type_name(kind)})"
        return texts

    def _result(self, e: Expression, case: Expression) -> str:
        """Returns the text of a CASE branch's result.

        A NULL is cast to the CASE's type, which ``case_when`` has to know.
        """
        kind = self.type(case)
        if isinstance(e, exp.Null) and kind is not None:
            return f"pc.scalar(None).cast({type_name(kind)})"
        return self.number(e, case, 0)

    def coalesce(self, e: Expression) -> Code:
        return self._of_all("coalesce", e)

    def greatest(self, e: Expression) -> Code:
        if self.type(e) is Type.BOOLEAN:
            raise self.gaps.unsupported("the greatest of booleans", in_sql(e))
        end = "max" if isinstance(e, exp.Greatest) else "min"
        return self._of_all(f"{end}_element_wise", e)

    least = greatest

    def _of_all(self, function: str, e: Expression) -> Code:
        """Emits a call of an Arrow function on all operands of ``e``, which have one type."""
        texts = ", ".join(self.number(x, e, 0) for x in [e.this, *e.expressions])
        return Code(f"pc.{function}({texts})", ATOM)


def type_name(kind: Type) -> str:
    return quoted(ARROW_TYPES[kind])


def _is_integer(e: Expression) -> bool:
    """True if an expression is emitted as an integer literal."""
    bare = e.this if isinstance(e, exp.Neg) else e
    return isinstance(bare, exp.Literal) and bare.is_int


def is_python_value(e: Expression) -> bool:
    """True if an expression is emitted as a Python value, not as an Arrow expression."""
    if isinstance(e, exp.Neg):
        return isinstance(e.this, exp.Literal)
    if isinstance(e, exp.Cast):
        temporal = sql_type(e.args["to"]).temporal
        return temporal and isinstance(e.this, exp.Literal) and e.this.is_string
    return isinstance(e, (exp.Literal, exp.Boolean, exp.Null))


def wrapped(e: Expression, text: str) -> str:
    """Returns ``text``, the text of ``e``, as an Arrow expression: of a constant ``pc.scalar(1)``.

    The first operand of a call must be one.
    """
    return f"pc.scalar({text})" if is_python_value(e) else text
