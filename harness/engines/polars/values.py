"""Emits values, arithmetic and conditions over a frame's columns for Polars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from sqlglot import exp

from harness.engines.gaps import Gaps
from harness.engines.python.functions import Functions
from harness.engines.python.kernel import (
    ATOM,
    PRODUCT,
    SIGN,
    Code,
    flags,
    is_constant,
    quoted,
)
from harness.plan.facts.nan import divides_counts
from harness.plan.guards.widths import Widths, is_narrow
from harness.plan.sql.decimals import places_of
from harness.plan.tree.nodes import Expression
from harness.types import Schema, Type

DTYPES = {
    Type.BOOLEAN: "pl.Boolean",
    Type.INT64: "pl.Int64",
    Type.FLOAT64: "pl.Float64",
    Type.DECIMAL: "pl.Decimal(15, 2)",
    Type.STRING: "pl.String",
    Type.DATE: "pl.Date",
    Type.TIMESTAMP: 'pl.Datetime("us")',
}


class PolarsValues(Functions):
    """Emits expressions with ``pl.col``."""

    widths: ClassVar[Widths] = Widths(
        narrow=(
            *(exp.Count, exp.CountIf, exp.Extract, exp.ByteLength, exp.Length),
            *(exp.RowNumber, exp.Rank, exp.DenseRank),
        )
    )
    widening: ClassVar[str] = "{}.cast(pl.Int64)"
    missing: ClassVar[str] = "is_null()"
    present: ClassVar[str] = "is_not_null()"

    def __init__(
        self, gaps: Gaps, schema: Schema = (), narrow: frozenset[str] = frozenset()
    ) -> None:
        super().__init__(gaps, schema, narrow)
        self.spelt: Mapping[str, str] = {}
        """Column that the frame does not have yet -> the text that computes it."""

    def column(self, e: Expression) -> Code:
        return Code(self.spelt.get(e.name, f"pl.col({quoted(e.name)})"), ATOM)

    def value(self, e: Expression) -> str:
        """Returns the text of a value where Polars takes a bare string for a column's name.

        A constant is ``pl.lit("a")`` there.
        """
        text = self.text(e)
        plain = e.this if isinstance(e, exp.Neg) else e
        if isinstance(plain, exp.Literal) and plain.is_int:
            return f"pl.lit({text}, dtype=pl.Int64)"
        constant = isinstance(plain, (exp.Literal, exp.Null, exp.Boolean))
        return f"pl.lit({text})" if constant else text

    def argument(self, e: Expression) -> str:
        return self.value(e)

    def operand(self, e: Expression, precedence: int, strict: bool = False) -> str:
        """Returns the text of an operand, in parentheses if it binds less than ``precedence``.

        If ``strict``, also if it binds the same. With ``precedence`` ATOM methods are called on it:
        then a constant is ``pl.lit(1)``.
        """
        if precedence == ATOM and is_constant(e):
            dated = isinstance(e, exp.Cast) and self.date_literal(e)
            return f"pl.lit({self.text(e)})" if dated else self.value(e)
        return super().operand(e, precedence, strict)

    def div(self, e: Expression) -> Code:
        """Emits a division; one that stands for a decimal, as ``whole / 100``, is rounded.

        Polars multiplies by the reciprocal instead.
        """
        quotient, places = super().div(e), places_of(e)
        if places is None:
            return quotient
        return Code(f"({quotient.text}).round({places})", ATOM)

    def neg(self, e: Expression) -> Code:
        return Code(f"-{self.number(e.this, e, SIGN)}", SIGN)

    def mod(self, e: Expression) -> Code:
        """Emits SQL's remainder, which has the dividend's sign; Polars' has the divisor's."""
        value = self.number(e.this, e, ATOM)
        divisor, _ = self._divisor(e)
        return Code(f"{value}.sign() * ({value}.abs() % {divisor})", PRODUCT)

    def int_div(self, e: Expression) -> Code:
        """Emits SQL's integer division, which truncates; Polars' floors."""
        if divides_counts(e):
            return Code(f"{self.number(e.this, e, PRODUCT)} // {self.text(e.expression)}", PRODUCT)
        value = self.number(e.this, e, ATOM)
        divisor, sign = self._divisor(e)
        return Code(f"{sign}{value}.sign() * ({value}.abs() // {divisor})", PRODUCT)

    def _divisor(self, e: Expression) -> tuple[str, str]:
        """Returns the texts of a divisor's absolute value, and of its sign as a factor before it.

        The factor of ``-2`` is ``-``, that of ``2`` empty, that of a column ``….sign() * ``.
        """
        divisor = e.expression
        if isinstance(divisor, exp.Literal):
            return self.text(divisor), ""
        if isinstance(divisor, exp.Neg) and isinstance(divisor.this, exp.Literal):
            return self.text(divisor.this), "-"
        text = self.number(divisor, e, ATOM)
        return f"{text}.abs()", f"{text}.sign() * "

    def in_(self, e: Expression) -> Code:
        """Emits IN with members of one type: Polars looks up no integers among floats."""
        kinds = [self.type(x) for x in (e.this, *e.expressions)]
        value, members = self.operand(e.this, ATOM), [self.text(x) for x in e.expressions]
        if Type.FLOAT64 in kinds:
            value += "" if kinds[0] is Type.FLOAT64 else ".cast(pl.Float64)"
            whole = [kind is Type.INT64 for kind in kinds[1:]]
            members = [f"{m}.0" if w else m for m, w in zip(members, whole, strict=True)]
        if {Type.DATE, Type.TIMESTAMP} <= set(kinds):
            value += ".cast(pl.Datetime)" if kinds[0] is Type.DATE else ""
            members = [self.text(exp.cast(x.this.copy(), "TIMESTAMP")) for x in e.expressions]
        return Code(f"{value}.is_in([{', '.join(members)}])", ATOM)

    def between(self, e: Expression) -> Code:
        low, high = self._bound(e.args["low"]), self._bound(e.args["high"])
        return Code(f"{self.operand(e.this, ATOM)}.is_between({low}, {high})", ATOM)

    def _bound(self, e: Expression) -> str:
        """Returns the text of a bound of BETWEEN: a text is ``pl.lit("a")``, no column's name."""
        return self.value(e) if isinstance(e, exp.Literal) and e.is_string else self.text(e)

    def case(self, e: Expression) -> Code:
        text = "pl"
        for branch in e.args["ifs"]:
            text += f".when({self.text(branch.this)}).then({self.value(branch.args['true'])})"
        default = e.args.get("default")
        return Code(text if default is None else f"{text}.otherwise({self.value(default)})", ATOM)

    def coalesce(self, e: Expression) -> Code:
        if len(e.expressions) == 1 and self._fills(e.this, e.expressions[0]):
            return Code(
                f"{self.operand(e.this, ATOM)}.fill_null({self.text(e.expressions[0])})", ATOM
            )
        values = ", ".join(self.value(x) for x in [e.this, *e.expressions])
        return Code(f"pl.coalesce({values})", ATOM)

    def _fills(self, value: Expression, constant: Expression) -> bool:
        """True if ``fill_null`` can put the constant in the place of a column's NULLs.

        It can if both have one type, also in Polars, where a narrow column would stay narrow.
        """
        return (
            isinstance(constant, (exp.Literal, exp.Boolean))
            and not is_constant(value)
            and not is_narrow(value, self.widths.narrow, self.narrow)
            and self.type(value) is self.type(constant)
        )

    def greatest(self, e: Expression) -> Code:
        end = "max" if isinstance(e, exp.Greatest) else "min"
        values = ", ".join(self.value(x) for x in [e.this, *e.expressions])
        return Code(f"pl.{end}_horizontal({values})", ATOM)

    least = greatest

    # ------------------------------------------------------------------ names

    def name_or_text(self, e: Expression) -> str:
        """Returns the text of an argument that Polars reads as a column's name if it is a string.

        A column is ``"a"``, a text constant ``pl.lit("a")``.
        """
        plain = isinstance(e, exp.Column) and e.name not in self.spelt
        return quoted(e.name) if plain else self.value(e)

    def names(self, expressions: Sequence[Expression]) -> str:
        return ", ".join(map(self.name_or_text, expressions))

    def sorting(self, order: Sequence[Expression]) -> str:
        """Returns the text of ``sort``'s arguments for ORDER BY keys: ``"a", descending=True``."""
        keys = self.names([o.this for o in order])
        descending = [bool(o.args.get("desc")) for o in order]
        last = [not o.args.get("nulls_first") for o in order]
        options = f", descending={flags(descending)}" if any(descending) else ""
        if any(self.nullable(o.this) for o in order) and any(last):
            options += f", nulls_last={flags(last)}"
        return keys + options
