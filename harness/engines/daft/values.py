"""Emits values, arithmetic and conditions over a DataFrame's columns for Daft."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from sqlglot import exp

from harness.engines.daft.gaps import OTHER_GREATEST
from harness.engines.python.columns import ColumnFunctions
from harness.engines.python.kernel import (
    ATOM,
    COMPARISON,
    COMPARISON_SIGNS,
    PRODUCT,
    SUM,
    Code,
    enclosed,
    flags,
    is_constant,
    quoted,
)
from harness.plan.facts.nan import never_zero
from harness.plan.facts.printing import in_sql
from harness.plan.facts.special import specials_of
from harness.plan.guards.truth import NullAsFalse, Place, Truth
from harness.plan.guards.widths import Widths, is_narrow
from harness.plan.tree.nodes import Expression
from harness.special import Special
from harness.types import Type

TYPES = {
    Type.BOOLEAN: "bool",
    Type.INT64: "int64",
    Type.FLOAT64: "float64",
    Type.STRING: "string",
    Type.DATE: "date",
    Type.TIMESTAMP: "timestamp",
}


class DaftValues(ColumnFunctions):
    """Emits expressions with ``col``.

    Daft compares floats by all of their bits, so that -0.0 is less than 0.0.
    """

    widths: ClassVar[Widths] = Widths(
        narrow=(
            *(exp.Count, exp.CountIf, exp.Extract, exp.ByteLength, exp.Length),
            *(exp.RowNumber, exp.Rank, exp.DenseRank),
        )
    )
    widening: ClassVar[str] = '{}.cast("int64")'
    missing: ClassVar[str] = "is_null()"
    present: ClassVar[str] = "not_null()"
    truths: ClassVar[Mapping[type[Truth], str]] = {NullAsFalse: "{part}.fill_null(False)"}

    def column(self, e: Expression) -> Code:
        return Code(f"col({quoted(e.name)})", ATOM)

    def value(self, e: Expression) -> str:
        """Returns the text of a value as an Expression: a constant is ``lit("a")``."""
        return f"lit({self.text(e)})" if self._is_literal(e) else self.text(e)

    def argument(self, e: Expression) -> str:
        return self.value(e)

    def _is_literal(self, e: Expression) -> bool:
        """True if the text of an expression is a value of Python's."""
        if isinstance(e, exp.Cast):
            return self.date_literal(e) is not None
        return is_constant(e)

    def operand(self, e: Expression, precedence: int, strict: bool = False) -> str:
        """Returns an operand's text, as :class:`Expressions` does.

        Where a method is to be called on it (``precedence`` is ATOM), a constant is ``lit(1)``.
        """
        if precedence == ATOM and self._is_literal(e):
            return self.value(e)
        return super().operand(e, precedence, strict)

    def neg(self, e: Expression) -> Code:
        if is_constant(e):
            return super().neg(e)
        return Code(f"{self.number(e.this, e, ATOM)}.negate()", ATOM)

    def mod(self, e: Expression) -> Code:
        return self._by_divisor(e, "%")

    def int_div(self, e: Expression) -> Code:
        return self._by_divisor(e, "//")

    def _by_divisor(self, e: Expression, operator: str) -> Code:
        """Emits a remainder or quotient of integers, which is NULL where the divisor is 0.

        Daft panics there.
        """
        divisor = e.expression
        if self.type(e) is not Type.INT64 or never_zero(divisor, self.schema):
            return self.binary(e, operator, PRODUCT)
        value, by = self.number(e.this, e, PRODUCT), self.number(divisor, e, ATOM)
        return Code(f"{value} {operator} when({by} != 0, {by})", PRODUCT)

    # ------------------------------------------------------------------ -0.0

    def one_zero(self, e: Expression, precedence: int = COMPARISON) -> str:
        """Returns an operand's text, in which -0.0, if it may be a float, has become 0.0.

        It is in parentheses if it binds less than ``precedence``. ``x + 0.0`` would do, but Daft's
        optimizer takes the addition away.
        """
        if not self.may_be_two_zeros(e):
            return self.operand(e, precedence, strict=precedence == COMPARISON)
        if _is_zero(e):
            return "0.0"
        text = f"0.0 - (0.0 - {self.operand(e, SUM, True)})"
        return enclosed(Code(text, SUM), precedence)

    def may_be_two_zeros(self, e: Expression) -> bool:
        """True if an expression is a float that may be 0.0 in one row and -0.0 in another."""
        if self.type(e) is not Type.FLOAT64 or never_zero(e, self.schema):
            return False
        return Special.MINUS_ZERO in specials_of(e, self.schema)

    def compared(self, e: Expression) -> Code:
        """Emits a comparison; beside a float that may be -0.0 both sides have one zero."""
        if not any(map(self.may_be_two_zeros, (e.this, e.expression))):
            return super().compared(e)
        left, right = map(self.one_zero, (e.this, e.expression))
        return Code(f"{left} {COMPARISON_SIGNS[type(e)]} {right}", COMPARISON)

    eq = neq = lt = lte = gt = gte = compared

    def in_(self, e: Expression) -> Code:
        """Emits IN with members of one type."""
        kinds = [self.type(x) for x in (e.this, *e.expressions)]
        members, value = [self.text(x) for x in e.expressions], self.one_zero(e.this, ATOM)
        if Type.FLOAT64 in kinds:
            members = [
                f"{m}.0" if k is Type.INT64 else m for m, k in zip(members, kinds[1:], strict=True)
            ]
            value = value if kinds[0] is Type.FLOAT64 else f'{value}.cast("float64")'
        if {Type.DATE, Type.TIMESTAMP} <= set(kinds):
            value += '.cast("timestamp")' if kinds[0] is Type.DATE else ""
            members = [self.text(exp.cast(x.this.copy(), "TIMESTAMP")) for x in e.expressions]
        return Code(f"{value}.is_in([{', '.join(members)}])", ATOM)

    def between(self, e: Expression) -> Code:
        low, high = (self.one_zero(e.args[end]) for end in ("low", "high"))
        return Code(f"{self.one_zero(e.this, ATOM)}.between({low}, {high})", ATOM)

    # ------------------------------------------------------------------ choices

    def kept(self, e: Expression) -> str:
        return self._condition(e, Place.FILTER)

    def _condition(self, e: Expression, place: Place) -> str:
        text = self.condition(e, place).text
        return f"lit({text})" if text in ("True", "False") else text

    def case(self, e: Expression) -> Code:
        """Emits CASE; its conditions are true or false: of NULL ``when`` makes NULL."""
        branches, default = e.args["ifs"], e.args.get("default")
        values = [branch.args["true"] for branch in branches]
        values += [] if default is None else [default]
        texts = self._alike(values, self.text)
        conditions = (self._condition(branch.this, Place.CHOICE) for branch in branches)
        pairs = zip(conditions, texts, strict=False)  # the default has no condition
        text = ".".join(f"when({condition}, {value})" for condition, value in pairs)
        return Code(text if default is None else f"{text}.otherwise({texts[-1]})", ATOM)

    def _alike(self, values: Sequence[Expression], spell: Callable[[Expression], str]) -> list[str]:
        """Returns the texts by ``spell`` of values that become one column.

        Unsigned integers beside others are cast: together Daft makes floats of them.
        """
        narrow = [is_narrow(v, self.widths.narrow, self.narrow) for v in values]
        mixed = any(
            not small and not isinstance(v, exp.Null)
            for v, small in zip(values, narrow, strict=True)
        )
        return [
            self.widened(v, Type.INT64) if small and mixed else spell(v)
            for v, small in zip(values, narrow, strict=True)
        ]

    def coalesce(self, e: Expression) -> Code:
        values = [e.this, *e.expressions]
        if len(values) == 2 and is_constant(values[1]) and not is_constant(values[0]):
            first, _ = self._alike(values, lambda value: self.operand(value, ATOM))
            return Code(f"{first}.fill_null({self.text(values[1])})", ATOM)
        return Code(f"coalesce({', '.join(self._alike(values, self.value))})", ATOM)

    def greatest(self, e: Expression) -> Code:
        """Emits ``greatest`` or ``least``."""
        values = [e.this, *e.expressions]
        if self.type(e) not in (Type.INT64, Type.FLOAT64, Type.BOOLEAN):
            raise self.gaps.unsupported(OTHER_GREATEST, in_sql(e))
        call = "columns_max" if isinstance(e, exp.Greatest) else "columns_min"
        return Code(f"{call}({', '.join(self._alike(values, self.value))})", ATOM)

    least = greatest

    # ------------------------------------------------------------------ order

    def sorting(self, order: Sequence[Expression]) -> tuple[list[str], str]:
        """Returns the texts of sort keys, and that of further arguments: ``, desc=True``.

        Daft has NULLs last, and first where it sorts downwards.
        """
        descending = [bool(key.args.get("desc")) for key in order]
        first = [bool(key.args.get("nulls_first")) for key in order]
        options = f", desc={flags(descending)}" if any(descending) else ""
        nullable = [self.nullable(key.this) for key in order]
        if any(n and f != d for n, f, d in zip(nullable, first, descending, strict=True)):
            options += f", nulls_first={flags(first)}"
        return [self.name_or_text(key.this) for key in order], options

    def name_or_text(self, e: Expression) -> str:
        """Returns the text of a key: a column's name, or an expression; a float has one zero."""
        if self.may_be_two_zeros(e):
            return self.one_zero(e)
        return quoted(e.name) if isinstance(e, exp.Column) else self.value(e)


def _is_zero(e: Expression) -> bool:
    """True for a constant that is 0."""
    e = e.this if isinstance(e, (exp.Neg, exp.Cast)) else e
    return isinstance(e, exp.Literal) and not e.is_string and float(e.name) == 0
