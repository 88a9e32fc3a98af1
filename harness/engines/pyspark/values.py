"""Emits values, arithmetic and conditions over a DataFrame's columns for PySpark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from sqlglot import exp

from harness.engines.pyspark.tables import quoted as in_backquotes
from harness.engines.python.columns import ColumnFunctions
from harness.engines.python.kernel import ATOM, PRODUCT, Code, is_constant, quoted
from harness.plan.guards.widths import Widths, is_narrow
from harness.plan.tree.nodes import Expression
from harness.types import Type

TYPES = {
    Type.BOOLEAN: "boolean",
    Type.INT64: "long",
    Type.FLOAT64: "double",
    Type.STRING: "string",
    Type.DATE: "date",
    Type.TIMESTAMP: "timestamp_ntz",
}


def column_name(name: str) -> str:
    """Returns the text of a column's name as Spark reads it: a dot would name part of a struct."""
    plain = name != "*" and not {".", "`"} & set(name)
    return quoted(name if plain else in_backquotes(name))


class SparkValues(ColumnFunctions):
    """Emits expressions with ``F.col``."""

    widths: ClassVar[Widths] = Widths(
        narrow=(
            *(exp.Literal, exp.Extract, exp.ByteLength, exp.Length, exp.StrPosition),
            *(exp.DateDiff, exp.RowNumber, exp.Rank, exp.DenseRank),
        )
    )
    widening: ClassVar[str] = '{}.cast("long")'
    missing: ClassVar[str] = "isNull()"
    present: ClassVar[str] = "isNotNull()"

    def column(self, e: Expression) -> Code:
        return Code(f"F.col({column_name(e.name)})", ATOM)

    def argument(self, e: Expression) -> str:
        """Returns the text of an argument that Spark reads as a column's name if it is a string."""
        return column_name(e.name) if isinstance(e, exp.Column) else self.value(e)

    parameter = argument

    def arguments(self, expressions: Sequence[Expression]) -> str:
        return ", ".join(map(self.argument, expressions))

    def value(self, e: Expression) -> str:
        """Returns the text of a value as a Column: a constant is ``F.lit("a")``."""
        return f"F.lit({self.text(e)})" if self._is_literal(e) else self.text(e)

    def _is_literal(self, e: Expression) -> bool:
        """True if the text of an expression is a value of Python's."""
        if isinstance(e, exp.Cast):
            return self.date_literal(e) is not None
        return is_constant(e)

    def operand(self, e: Expression, precedence: int, strict: bool = False) -> str:
        """Returns an operand's text, as :class:`Expressions` does.

        Where a method is to be called on it (``precedence`` is ATOM), a constant is ``F.lit(1)``.
        """
        if precedence == ATOM and self._is_literal(e):
            return self.value(e)
        return super().operand(e, precedence, strict)

    def number(self, x: Expression, e: Expression, precedence: int, strict: bool = False) -> str:
        """Returns the text of ``x``, an operand of ``e``, in 64 bits where Spark has it in 32.

        Literals stay: they are computed in the type of the other operand.
        """
        widens = isinstance(e, exp.Binary) and self.type(e) is Type.INT64
        if widens and not is_constant(x) and self._has_32_bits(x):
            return self.widened(x, Type.INT64)
        return self.operand(x, precedence, strict)

    def _has_32_bits(self, e: Expression) -> bool:
        days = isinstance(e, exp.Sub) and self.type(e.this) is Type.DATE
        return days or is_narrow(e, self.widths.narrow, self.narrow)

    def kept(self, e: Expression) -> str:
        text = super().kept(e)
        return f"F.lit({text})" if text in ("True", "False") else text

    def mod(self, e: Expression) -> Code:
        return self.binary(e, "%", PRODUCT)

    def int_div(self, e: Expression) -> Code:
        return Code(f'F.call_function("div", {self.arguments([e.this, e.expression])})', ATOM)

    def in_(self, e: Expression) -> Code:
        members = ", ".join(map(self.text, e.expressions))
        return Code(f"{self.operand(e.this, ATOM)}.isin({members})", ATOM)

    def between(self, e: Expression) -> Code:
        bounds = f"{self.text(e.args['low'])}, {self.text(e.args['high'])}"
        return Code(f"{self.operand(e.this, ATOM)}.between({bounds})", ATOM)

    def case(self, e: Expression) -> Code:
        text, default = "F", e.args.get("default")
        for branch in e.args["ifs"]:
            condition = self.value(branch.this)
            text += f".when({condition}, {self.text(branch.args['true'])})"
        return Code(text if default is None else f"{text}.otherwise({self.text(default)})", ATOM)

    def of_several(self, e: Expression) -> Code:
        """Emits ``coalesce``, ``greatest`` or ``least``."""
        values = self.arguments([e.this, *e.expressions])
        return Code(f"F.{type(e).__name__.lower()}({values})", ATOM)

    coalesce = greatest = least = of_several

    def sorting(self, order: Sequence[Expression], of: str = "{}") -> str:
        """Returns the text of ``orderBy``'s arguments for ORDER BY keys: ``"a", F.desc("b")``.

        ``of`` is a call of a key, to sort by its result.
        """
        return ", ".join(self._sort_key(key, of) for key in order)

    def _sort_key(self, key: Expression, of: str) -> str:
        """Returns the text of a key; Spark has NULLs first if it sorts upwards, else last."""
        value, first = of.format(self.argument(key.this)), bool(key.args.get("nulls_first"))
        nullable = self.nullable(key.this)
        if key.args.get("desc"):
            return f"F.desc{'_nulls_first' if nullable and first else ''}({value})"
        return f"F.asc_nulls_last({value})" if nullable and not first else value
