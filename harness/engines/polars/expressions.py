"""Emits expressions over a frame's columns for Polars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from sqlglot import exp

from harness.engines.polars.dates import PolarsDates
from harness.engines.polars.text import PolarsText
from harness.engines.polars.values import DTYPES
from harness.engines.python.gaps import OTHER_DISTINCT
from harness.engines.python.kernel import ATOM, Code
from harness.plan.facts.kinds import has_no_fraction
from harness.plan.facts.nan import may_be_nan
from harness.plan.facts.printing import in_sql
from harness.plan.facts.typed import sql_type
from harness.plan.facts.typing import infer
from harness.plan.guards.widths import counted
from harness.plan.tree.nodes import Expression
from harness.types import Type

_REDUCTIONS: dict[type[Expression], str] = {
    exp.Sum: "sum()",
    exp.Avg: "mean()",
    exp.Min: "min()",
    exp.Max: "max()",
    exp.Median: "median()",
    exp.StddevSamp: "std()",
    exp.StddevPop: "std(ddof=0)",
    exp.Variance: "var()",
    exp.VariancePop: "var(ddof=0)",
}
_ROUNDED = 'round(0, mode="half_away_from_zero")'


class PolarsExpressions(PolarsText, PolarsDates):
    """Emits expressions with ``pl.col``; adds types, numbers and aggregates to its base classes."""

    spellings: ClassVar[Mapping[str, str]] = {
        **PolarsText.text_spellings,
        "Abs": "{this}.abs()",
        "Acos": "{this}.arccos()",
        "Asin": "{this}.arcsin()",
        "Atan": "{this}.arctan()",
        "Atan2": "pl.arctan2({value}, {across})",
        "Ceil": "{this}.ceil()",
        "Ceil of integers": "{this}.cast(pl.Float64)",
        "Cos": "{this}.cos()",
        "DateBin": '{this}.dt.truncate("{count}{letter}")',
        "Degrees": "{this}.degrees()",
        "Exp": "{this}.exp()",
        "Floor": "{this}.floor()",
        "Floor of integers": "{this}.cast(pl.Float64)",
        "Ln": "{this}.log()",
        "Log": "{this}.log({base})",
        "Pow": "{this}.pow({exponent})",
        "Pow of integers": "{this}.cast(pl.Float64).pow({exponent})",
        "Radians": "{this}.radians()",
        "Sign": "{this}.sign().fill_nan(0).cast(pl.Int64)",
        "Sign of integers": "{this}.sign()",
        "Sin": "{this}.sin()",
        "Sqrt": "{this}.sqrt()",
        "Tan": "{this}.tan()",
    }

    def cast(self, e: Expression) -> Code:
        return self.date_literal(e) or self._cast(e, "")

    def try_cast(self, e: Expression) -> Code:
        return self._cast(e, ", strict=False")

    def _cast(self, e: Expression, strict: str) -> Code:
        source, target = self.type(e.this), sql_type(e.args["to"])
        if isinstance(e.this, exp.Null):
            return Code(f"pl.lit(None, dtype={DTYPES[target]})", ATOM)
        if target is Type.DATE and isinstance(e.this, exp.TimestampTrunc):
            return self.truncated_date(e.this)
        value = self.operand(e.this, ATOM)
        if source is Type.STRING and target.numeric and strict:  # SQL ignores surrounding spaces
            value += '.str.strip_chars(" \\t\\n\\v\\f\\r")'
        if source is Type.STRING and target is Type.INT64 and strict:
            rounded = f"{value}.cast(pl.Float64{strict}).{_ROUNDED}.cast(pl.Int64{strict})"
            return Code(f"pl.coalesce({value}.cast(pl.Int64{strict}), {rounded})", ATOM)
        if source is Type.STRING and target is Type.DATE:
            return Code(f'{value}.str.to_date("%Y-%m-%d"{strict}{self.parsing})', ATOM)
        if source is Type.STRING and target is Type.TIMESTAMP:
            options = f'time_unit="us"{strict}{self.parsing}'
            return Code(f'{value}.str.to_datetime("%Y-%m-%d %H:%M:%S", {options})', ATOM)
        if source is Type.FLOAT64 and target is Type.INT64 and not has_no_fraction(e.this):
            value = f"{value}.round()"
        if target is Type.STRING and source in (Type.FLOAT64, Type.TIMESTAMP):
            raise self.gaps.unsupported(f"a {source} as a text", in_sql(e))
        if target is Type.BOOLEAN and source is Type.STRING:
            raise self.gaps.unsupported("a text as a boolean", in_sql(e))
        return Code(f"{value}.cast({DTYPES[target]}{strict})", ATOM)

    # ------------------------------------------------------------------ numbers

    def round(self, e: Expression) -> Code:
        places = self.places(e)
        if places < 0:
            return self.code(self.in_tens(e.this, places))
        if self.type(e.this) is Type.INT64:
            return self.code(e.this)
        call = _ROUNDED.replace("(0", f"({places}")
        return Code(f"{self.operand(e.this, ATOM)}.{call}", ATOM)

    # ------------------------------------------------------------------ aggregates

    def code(self, e: Expression) -> Code:
        if type(e) in _REDUCTIONS:
            return self._reduced(e, _REDUCTIONS[type(e)])
        return super().code(e)

    def _reduced(self, e: Expression, call: str) -> Code:
        if isinstance(e.this, exp.Distinct):
            raise self.gaps.unsupported(OTHER_DISTINCT, in_sql(e))
        if (condition := counted(e)) is not None:
            return Code(f"{self.operand(condition, ATOM)}.{call}", ATOM)
        if isinstance(e, exp.Max) and may_be_nan(e.this, self.schema):
            call = "nan_max()"
        return Code(f"{self.number(e.this, e, ATOM)}.{call}", ATOM)

    def aggregate(self, e: Expression, grouped: bool) -> str:
        """Returns the text of an aggregate of a group if ``grouped``, else of the whole frame.

        A sum of nothing is NULL, not 0; and so are texts of nothing, joined.
        """
        text, joined = self.text(e), isinstance(e, exp.GroupConcat)
        values = e.this.this if joined else e.this
        if isinstance(e, (exp.Sum, exp.GroupConcat)) and (
            self.nullable(values) or infer(e, self.schema, grouped=grouped).nullable
        ):
            some = f"{self.operand(values, ATOM)}.count()" if self.nullable(values) else "pl.len()"
            return f"pl.when({some} > 0).then({text})"
        return text

    def count(self, e: Expression) -> Code:
        if isinstance(e.this, exp.Star):
            return Code("pl.len()", ATOM)
        if isinstance(e.this, exp.Distinct):
            value = e.this.expressions[0]
            some = ".drop_nulls()" if self.nullable(value) else ""
            return Code(f"{self.operand(value, ATOM)}{some}.n_unique()", ATOM)
        return Code(f"{self.operand(e.this, ATOM)}.count()", ATOM)

    def percentile_cont(self, e: Expression) -> Code:
        return self._reduced(e, f'quantile({self.text(e.expression)}, interpolation="linear")')

    def percentile_disc(self, e: Expression) -> Code:
        kind = self.type(e.this)
        if kind not in (Type.INT64, Type.FLOAT64):
            raise self.gaps.unsupported("a discrete quantile of anything but numbers", in_sql(e))
        share = f'quantile({self.text(e.expression)}, interpolation="equiprobable")'
        return self._reduced(e, share + (".cast(pl.Int64)" if kind is Type.INT64 else ""))

    def any_value(self, e: Expression) -> Code:
        return self._reduced(e, ("drop_nulls()." if self.nullable(e.this) else "") + "first()")

    def arg_max(self, e: Expression) -> Code:
        """Emits ``arg_max`` or ``arg_min``, over the rows whose value and key are not NULL."""
        call = "max_by" if isinstance(e, exp.ArgMax) else "min_by"
        value, key = self.operand(e.this, ATOM), self.operand(e.expression, ATOM)
        if self.nullable(e.this):
            key = f"pl.when({value}.is_not_null()).then({key})"
        return Code(f"{value}.{call}({key})", ATOM)

    arg_min = arg_max

    def group_concat(self, e: Expression) -> Code:
        value, keys = self.operand(e.this.this, ATOM), e.this.expressions
        joined = f"{value}.sort_by({self.sorting(keys)}).str.join({self.text(e.args['separator'])})"
        return Code(joined, ATOM)

    def corr(self, e: Expression) -> Code:
        return Code(f"pl.corr({self.names([e.this, e.expression])})", ATOM)
