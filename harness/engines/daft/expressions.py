"""Emits expressions over a DataFrame's columns for Daft."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from sqlglot import exp

from harness.engines.daft.dates import DaftDates
from harness.engines.daft.gaps import OTHER_ORDER
from harness.engines.daft.text import DaftText
from harness.engines.daft.values import TYPES
from harness.engines.python.gaps import OTHER_DISTINCT
from harness.engines.python.kernel import ATOM, SUM, Code, is_constant, quoted
from harness.plan.facts.kinds import has_no_fraction
from harness.plan.facts.printing import in_sql
from harness.plan.facts.typed import sql_type
from harness.plan.tree.nodes import Expression
from harness.types import Type

_AGGREGATES: dict[type[Expression], str] = {
    exp.Sum: "sum()",
    exp.Avg: "mean()",
    exp.Min: "min()",
    exp.Max: "max()",
    exp.Median: "median()",
    exp.StddevSamp: "stddev()",
    exp.StddevPop: "stddev(ddof=0)",
    exp.Variance: "var()",
    exp.VariancePop: "var(ddof=0)",
}
_OF_DISTINCT: dict[type[Expression], str] = {exp.Sum: "list_sum()", exp.Avg: "list_mean()"}


class DaftExpressions(DaftText, DaftDates):
    """Emits expressions with ``col``; adds types, numbers and aggregates to its base classes."""

    spellings: ClassVar[Mapping[str, str]] = {
        **DaftText.text_spellings,
        **DaftDates.date_spellings,
        "Abs": "{this}.abs()",
        "Acos": "{this}.arccos()",
        "Asin": "{this}.arcsin()",
        "Atan": "{this}.arctan()",
        "Atan2": "{this}.arctan2({across})",
        "Ceil": "{this}.ceil()",
        "Ceil of integers": '{this}.cast("float64")',
        "Cos": "{this}.cos()",
        "Degrees": "{this}.degrees()",
        "Exp": "{this}.exp()",
        "Floor": "{this}.floor()",
        "Floor of integers": '{this}.cast("float64")',
        "Ln": "{this}.ln()",
        "Log": "{this}.log({base})",
        "Radians": "{this}.radians()",
        "Sign of integers": "{this}.sign()",
        "Sin": "{this}.sin()",
        "Sqrt": "{this}.sqrt()",
        "Tan": "{this}.tan()",
    }
    over = ""
    """The call that makes an aggregate one of a window: ``.over(window)``."""

    def cast(self, e: Expression) -> Code:
        return self.date_literal(e) or self._cast(e, "cast")

    def try_cast(self, e: Expression) -> Code:
        return self._cast(e, "try_cast")

    def _cast(self, e: Expression, method: str) -> Code:
        source, target = self.type(e.this), sql_type(e.args["to"])
        if target is Type.DATE and isinstance(e.this, exp.TimestampTrunc):
            return self.truncated_date(e.this)
        if target is Type.STRING and source in (Type.FLOAT64, Type.TIMESTAMP):
            raise self.gaps.unsupported(f"a {source} as a text", in_sql(e))
        if target is Type.BOOLEAN and source is Type.STRING:
            raise self.gaps.unsupported("a text as a boolean", in_sql(e))
        value = self.operand(e.this, ATOM)
        if target is Type.STRING and source is Type.DATE:
            return Code(f'{value}.strftime("%Y-%m-%d")', ATOM)
        if target is Type.DATE and source is Type.TIMESTAMP:
            return Code(f"{value}.date()", ATOM)
        if source is Type.FLOAT64 and target is Type.INT64 and not has_no_fraction(e.this):
            value = self._half_to_even(value)
        return Code(f"{value}.{method}({quoted(TYPES[target])})", ATOM)

    def _half_to_even(self, value: str) -> str:
        """Returns the text of a float rounded as casts round in SQL; ``round`` rounds halves up."""
        half = f"({value} % 1).abs() == 0.5"
        return f"when({half}, ({value} / 2).round() * 2).otherwise({value}.round())"

    # ------------------------------------------------------------------ numbers

    def round(self, e: Expression) -> Code:
        places = self.places(e)
        if places < 0:
            return self.code(self.in_tens(e.this, places))
        if self.type(e.this) is Type.INT64:
            return self.code(e.this)
        return Code(f"{self.operand(e.this, ATOM)}.round({places or ''})", ATOM)

    def sign(self, e: Expression) -> Code:
        """Emits ``sign``, which Daft gives 0.0 as 1 and -0.0 as -1."""
        if self.type(e.this) is Type.INT64:
            return self.by_spelling(e)
        value = self.one_zero(e.this)
        return Code(f'({value} > 0.0).cast("int64") - ({value} < 0.0).cast("int64")', SUM)

    def pow(self, e: Expression) -> Code:
        if not is_constant(e.expression):
            raise self.gaps.unsupported("a power by a computed exponent", in_sql(e))
        return Code(f"{self.operand(e.this, ATOM)}.pow({self.text(e.expression)})", ATOM)

    # ------------------------------------------------------------------ aggregates

    def code(self, e: Expression) -> Code:
        if type(e) not in _AGGREGATES:
            return super().code(e)
        if isinstance(e.this, exp.Distinct):
            return self._of_distinct(e)
        number = self.number if isinstance(e, exp.Sum) else self._unchanged
        return self._aggregate(f"{number(e.this, e, ATOM)}.{_AGGREGATES[type(e)]}")

    def _unchanged(self, x: Expression, e: Expression, precedence: int) -> str:
        return self.operand(x, precedence)

    def _of_distinct(self, e: Expression) -> Code:
        if type(e) in (exp.Min, exp.Max):
            plain = e.copy()
            plain.set("this", e.this.expressions[0].copy())
            return self.code(plain)
        if self.over or type(e) not in _OF_DISTINCT:
            raise self.gaps.unsupported(OTHER_DISTINCT, in_sql(e))
        value = self.one_zero(e.this.expressions[0], ATOM)
        return Code(f"{value}.list_agg_distinct().{_OF_DISTINCT[type(e)]}", ATOM)

    def _aggregate(self, call: str) -> Code:
        return Code(f"{call}{self.over}", ATOM)

    def count(self, e: Expression) -> Code:
        if isinstance(e.this, exp.Star):
            return self._aggregate(self._count_of_rows())
        if not isinstance(e.this, exp.Distinct):
            return self._aggregate(f"{self.operand(e.this, ATOM)}.count()")
        return self._aggregate(f"{self.one_zero(e.this.expressions[0], ATOM)}.count_distinct()")

    def _count_of_rows(self) -> str:
        """Returns the text of a count of all rows: those of a column, NULL or not."""
        return (
            f'col({quoted(self.schema[0].name)}).count("all")' if self.schema else "lit(1).count()"
        )

    def percentile_cont(self, e: Expression) -> Code:
        value = self.operand(e.this, ATOM)
        return self._aggregate(f"{value}.percentile({self.text(e.expression)})")

    def any_value(self, e: Expression) -> Code:
        skips = "ignore_nulls=True" if self.nullable(e.this) else ""
        return self._aggregate(f"{self.operand(e.this, ATOM)}.any_value({skips})")

    def corr(self, e: Expression) -> Code:
        """Emits a correlation, for which there is no function: var(x + y) - var(x - y) = 4 cov."""
        x, y = e.this, e.expression
        total, difference = exp.Add(this=x, expression=y), exp.Sub(this=x, expression=y)
        spreads = [self._beside(x, y), self._beside(y, x)]
        spreads += [self.operand(both.copy(), ATOM) for both in (total, difference)]
        of_x, of_y, of_total, of_difference = (f"{text}.var(){self.over}" for text in spreads)
        ratio = f"({of_total} - {of_difference}) / (4 * ({of_x} * {of_y}).sqrt())"
        return Code(f'when({of_x} * {of_y} > 0.0, {ratio}).otherwise(float("nan"))', ATOM)

    def _beside(self, e: Expression, partner: Expression) -> str:
        """Returns the text of a value that is made NULL in rows in which ``partner`` is NULL."""
        if not self.nullable(partner):
            return self.operand(e, ATOM)
        return f"when({self.operand(partner, ATOM)}.not_null(), {self.text(e)})"

    def group_concat(self, e: Expression) -> Code:
        """Emits ``string_agg`` in the order of its own texts, as a sorted list that is joined."""
        text, (key, *more) = e.this.this, e.this.expressions
        if more or key.this != text or self.over:
            raise self.gaps.unsupported(OTHER_ORDER, in_sql(e))
        value, separator = self.operand(text, ATOM), self.text(e.args["separator"])
        ordered = "list_sort(desc=True)" if key.args.get("desc") else "list_sort()"
        known = f"{value}.list_agg()"
        if self.nullable(text):
            known += ".list_filter(element().not_null())"
        some = f"{value}.count() > 0"  # joined texts of nothing are NULL
        return Code(f"when({some}, {known}.{ordered}.list_join({separator}))", ATOM)
