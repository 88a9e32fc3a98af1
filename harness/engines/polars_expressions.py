"""Expressions over a frame's columns, spelt for Polars."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from harness.engines.python import (
    ATOM,
    PRODUCT,
    SIGN,
    SUM,
    Code,
    Expressions,
    Gaps,
    ilike_regex,
    is_constant,
    like_pattern,
    quoted,
)
from harness.engines.widths import is_narrow
from harness.plan.nodes import Expression
from harness.plan.typing import infer, sql_type
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
_UNITS = {
    "year": "y", "quarter": "q", "month": "mo", "week": "w",
    "day": "d", "hour": "h", "minute": "m", "second": "s",
}  # fmt: skip
NARROW = (exp.Count, exp.Extract, exp.Length, exp.RowNumber, exp.Rank, exp.DenseRank)
_OF_DAY = ("hour", "minute", "second")
_PARTS = {"week": "week", "isodow": "weekday", "doy": "ordinal_day"}


class PolarsExpressions(Expressions):
    """Spells expressions with ``pl.col``."""

    def __init__(
        self, gaps: Gaps, schema: Schema = (), narrow: frozenset[str] = frozenset()
    ) -> None:
        super().__init__(gaps, schema)
        self.narrow = narrow

    def column(self, e: Expression) -> Code:
        return Code(f"pl.col({quoted(e.name)})", ATOM)

    def value(self, e: Expression) -> str:
        """A value where a bare string would be taken for a column's name."""
        text = self.text(e)
        plain = e.this if isinstance(e, exp.Neg) else e
        if isinstance(plain, exp.Literal) and plain.is_int:
            return f"pl.lit({text}, dtype=pl.Int64)"
        constant = isinstance(plain, (exp.Literal, exp.Null, exp.Boolean))
        return f"pl.lit({text})" if constant else text

    def operand(self, e: Expression, precedence: int, strict: bool = False) -> str:
        """An operand; what a method is called on must be an expression, not Python's own value."""
        if precedence == ATOM and is_constant(e):
            dated = isinstance(e, exp.Cast) and self.date_literal(e)
            return f"pl.lit({self.text(e)})" if dated else self.value(e)
        return super().operand(e, precedence, strict)

    def number(self, e: Expression, precedence: int, strict: bool = False) -> str:
        """An operand of arithmetic, widened where Polars would overflow."""
        if is_narrow(e, NARROW, self.narrow):
            return f"{self.operand(e, ATOM)}.cast(pl.Int64)"
        return self.operand(e, precedence, strict)

    def binary(self, e: Expression, operator: str, precedence: int) -> Code:
        if operator in "+-*":
            left, right = (
                self.number(e.this, precedence),
                self.number(e.expression, precedence, True),
            )
            return Code(f"{left} {operator} {right}", precedence)
        return super().binary(e, operator, precedence)

    def neg(self, e: Expression) -> Code:
        return Code(f"-{self.number(e.this, SIGN)}", SIGN)

    def mod(self, e: Expression) -> Code:
        """SQL's remainder has the sign of the dividend; Polars' has the divisor's."""
        value = self.number(e.this, ATOM)
        divisor, _ = self._divisor(e.expression)
        return Code(f"{value}.sign() * ({value}.abs() % {divisor})", PRODUCT)

    def int_div(self, e: Expression) -> Code:
        """SQL's division of integers truncates; Polars' floors."""
        value = self.number(e.this, ATOM)
        divisor, sign = self._divisor(e.expression)
        return Code(f"{sign}{value}.sign() * ({value}.abs() // {divisor})", PRODUCT)

    def _divisor(self, e: Expression) -> tuple[str, str]:
        """The magnitude of a divisor, and its sign as a factor; nothing for a plain number."""
        if isinstance(e, exp.Literal):
            return self.text(e), ""
        if isinstance(e, exp.Neg) and isinstance(e.this, exp.Literal):
            return self.text(e.this), "-"
        text = self.number(e, ATOM)
        return f"{text}.abs()", f"{text}.sign() * "

    def not_(self, e: Expression) -> Code:
        if isinstance(e.this, exp.Is):
            return Code(f"{self.operand(e.this.this, ATOM)}.is_not_null()", ATOM)
        return Code(f"~{self.operand(e.this, SIGN)}", SIGN)

    def is_(self, e: Expression) -> Code:
        return Code(f"{self.operand(e.this, ATOM)}.is_null()", ATOM)

    def in_(self, e: Expression) -> Code:
        return Code(f"{self.operand(e.this, ATOM)}.is_in({self.listed(e.expressions)})", ATOM)

    def between(self, e: Expression) -> Code:
        low, high = self._bound(e.args["low"]), self._bound(e.args["high"])
        return Code(f"{self.operand(e.this, ATOM)}.is_between({low}, {high})", ATOM)

    def _bound(self, e: Expression) -> str:
        """A bare string would be taken for a column's name; a number is taken for what it is."""
        return self.value(e) if isinstance(e, exp.Literal) and e.is_string else self.text(e)

    def like(self, e: Expression) -> Code:
        subject, pattern = self.operand(e.this, ATOM), like_pattern(e.expression.name)
        if pattern.test == "equals":
            return Code(f"{subject} == {quoted(pattern.text)}", 0)
        calls = {
            "starts": "starts_with({})",
            "ends": "ends_with({})",
            "contains": "contains({}, literal=True)",
            "matches": "contains({})",
        }
        return Code(f"{subject}.str.{calls[pattern.test].format(quoted(pattern.text))}", ATOM)

    def regexp_like(self, e: Expression) -> Code:
        return Code(f"{self.operand(e.this, ATOM)}.str.contains({self.text(e.expression)})", ATOM)

    def starts_with(self, e: Expression) -> Code:
        return Code(
            f"{self.operand(e.this, ATOM)}.str.starts_with({self.text(e.expression)})", ATOM
        )

    def case(self, e: Expression) -> Code:
        text = "pl"
        for branch in e.args["ifs"]:
            text += f".when({self.text(branch.this)}).then({self.value(branch.args['true'])})"
        default = e.args.get("default")
        return Code(text if default is None else f"{text}.otherwise({self.value(default)})", ATOM)

    def coalesce(self, e: Expression) -> Code:
        values = ", ".join(self.value(x) for x in [e.this, *e.expressions])
        return Code(f"pl.coalesce({values})", ATOM)

    def greatest(self, e: Expression) -> Code:
        end = "max" if isinstance(e, exp.Greatest) else "min"
        values = ", ".join(self.value(x) for x in [e.this, *e.expressions])
        return Code(f"pl.{end}_horizontal({values})", ATOM)

    least = greatest

    def cast(self, e: Expression) -> Code:
        return self.date_literal(e) or self._cast(e, "")

    def try_cast(self, e: Expression) -> Code:
        return self._cast(e, ", strict=False")

    def _cast(self, e: Expression, strict: str) -> Code:
        source, target = self.type(e.this), sql_type(e.args["to"])
        if isinstance(e.this, exp.Null):
            return Code(f"pl.lit(None, dtype={DTYPES[target]})", ATOM)
        if target is Type.DATE and isinstance(e.this, exp.TimestampTrunc):
            return self._truncated_date(e.this)
        value = self.operand(e.this, ATOM)
        if source is Type.STRING and target is Type.DATE:
            return Code(f'{value}.str.to_date("%Y-%m-%d"{strict})', ATOM)
        if source is Type.STRING and target is Type.TIMESTAMP:
            return Code(
                f'{value}.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us"{strict})', ATOM
            )
        if source is Type.FLOAT64 and target is Type.INT64:
            value = f"{value}.round()"
        if target is Type.STRING and source in (Type.FLOAT64, Type.TIMESTAMP):
            reason = f"a {source} as text, which each library spells its own way"
            raise self.gaps.unsupported(reason, e.sql("duckdb"))
        if target is Type.BOOLEAN and source is Type.STRING:
            raise self.gaps.unsupported("text as a boolean", e.sql("duckdb"))
        return Code(f"{value}.cast({DTYPES[target]}{strict})", ATOM)

    def _truncated_date(self, e: Expression) -> Code:
        """A truncated date as a date, which is what Polars makes of it by itself."""
        if self.type(e.this) is not Type.DATE or e.args["unit"].name.lower() in _OF_DAY:
            return Code(f"{self.text(e)}.cast(pl.Date)", ATOM)
        every = f"1{_UNITS[e.args['unit'].name.lower()]}"
        return Code(f"{self.operand(e.this, ATOM)}.dt.truncate({quoted(every)})", ATOM)

    def extract(self, e: Expression) -> Code:
        value, part = self.operand(e.expression, ATOM), e.name.lower()
        if part == "dow":
            return Code(f"{value}.dt.weekday() % 7", PRODUCT)
        return Code(f"{value}.dt.{_PARTS.get(part, part)}()", ATOM)

    def timestamp_trunc(self, e: Expression) -> Code:
        every = f"1{_UNITS[e.args['unit'].name.lower()]}"
        return Code(f"{self._timestamp(e.this)}.dt.truncate({quoted(every)})", ATOM)

    def offset(self, e: Expression, count: int, unit: str) -> Code:
        by = quoted(f"{count}{_UNITS[unit]}")
        return Code(f"{self._timestamp(e)}.dt.offset_by({by})", ATOM)

    def _timestamp(self, e: Expression) -> str:
        """DuckDB truncates and moves dates to timestamps."""
        value = self.operand(e, ATOM)
        return f"{value}.cast({DTYPES[Type.TIMESTAMP]})" if self.type(e) is Type.DATE else value

    def days_later(self, e: Expression, days: int) -> Code:
        return Code(f"{self.operand(e, ATOM)}.dt.offset_by({quoted(f'{days}d')})", ATOM)

    def days_between(self, e: Expression) -> Code:
        return Code(
            f"({self.text(e.this)} - {self.operand(e.expression, SUM, True)}).dt.total_days()", ATOM
        )

    def _string(self, e: Expression, call: str) -> Code:
        return Code(f"{self.operand(e, ATOM)}.str.{call}", ATOM)

    def upper(self, e: Expression) -> Code:
        return self._string(e.this, "to_uppercase()")

    def lower(self, e: Expression) -> Code:
        return self._string(e.this, "to_lowercase()")

    def trim(self, e: Expression) -> Code:
        side = {"LEADING": "_start", "TRAILING": "_end"}.get(str(e.args.get("position")), "")
        characters = self.text(e.expression) if e.args.get("expression") else '" "'
        return self._string(e.this, f"strip_chars{side}({characters})")

    def contains(self, e: Expression) -> Code:
        return self._string(e.this, f"contains({self.text(e.expression)}, literal=True)")

    def ilike(self, e: Expression) -> Code:
        return self._string(e.this, f"contains({quoted(ilike_regex(e.expression.name))})")

    def time_to_str(self, e: Expression) -> Code:
        form = self.time_format(e)
        return Code(f"{self.operand(e.this, ATOM)}.dt.strftime({form})", ATOM)

    def length(self, e: Expression) -> Code:
        return self._string(e.this, "len_chars()")

    def substring(self, e: Expression) -> Code:
        start, length = e.args["start"], e.args.get("length")
        if not (isinstance(start, exp.Literal) and int(start.name) >= 1):
            raise self.gaps.unsupported(
                "a substring from a computed or negative place", e.sql("duckdb")
            )
        more = "" if length is None else f", {self.text(length)}"
        return self._string(e.this, f"slice({int(start.name) - 1}{more})")

    def replace(self, e: Expression) -> Code:
        old, new = self.text(e.expression), self.text(e.args["replacement"])
        return self._string(e.this, f"replace_all({old}, {new}, literal=True)")

    def dpipe(self, e: Expression) -> Code:
        parts = [e.this, e.expression]
        texts = [
            self.value(p) if isinstance(p, exp.Literal) else self.operand(p, SUM) for p in parts
        ]
        return Code(" + ".join(texts), SUM)

    def concat(self, e: Expression) -> Code:
        values = ", ".join(self.value(x) for x in e.expressions)
        return Code(f"pl.concat_str({values}, ignore_nulls=True)", ATOM)

    def round(self, e: Expression) -> Code:
        places = self.places(e)
        if self.type(e.this) is Type.INT64:
            return self.code(e.this)
        call = f'round({places}, mode="half_away_from_zero")'
        return Code(f"{self.operand(e.this, ATOM)}.{call}", ATOM)

    def floor(self, e: Expression) -> Code:
        """A float, of an integer too."""
        value = self.operand(e.this, ATOM)
        if self.type(e.this) is Type.INT64:
            return Code(f"{value}.cast(pl.Float64)", ATOM)
        return Code(f"{value}.{type(e).__name__.lower()}()", ATOM)

    ceil = floor

    def log(self, e: Expression) -> Code:
        return Code(f"{self.operand(e.expression, ATOM)}.log({self.text(e.this)})", ATOM)

    def _call(self, e: Expression) -> Code:
        name = type(e).__name__.lower()
        return Code(f"{self.operand(e.this, ATOM)}.{'log' if name == 'ln' else name}()", ATOM)

    abs = ln = sqrt = exp = _call

    def pow(self, e: Expression) -> Code:
        value = f"{self.operand(e.this, ATOM)}"
        if self.type(e.this) is Type.INT64:
            value = f"{value}.cast(pl.Float64)"
        return Code(f"{value}.pow({self.text(e.expression)})", ATOM)

    # ------------------------------------------------------------------ aggregates

    def aggregate(self, e: Expression, grouped: bool) -> str:
        """An aggregate of a whole group; NULL, not 0, where there is nothing to sum."""
        text = self.text(e)
        if isinstance(e, exp.Sum) and infer(e, self.schema, grouped=grouped).nullable:
            some = (
                f"{self.operand(e.this, ATOM)}.count() > 0"
                if self.nullable(e.this)
                else "pl.len() > 0"
            )
            return f"pl.when({some}).then({text})"
        return text

    def count(self, e: Expression) -> Code:
        if isinstance(e.this, exp.Star):
            return Code("pl.len()", ATOM)
        if isinstance(e.this, exp.Distinct):
            value = e.this.expressions[0]
            some = ".drop_nulls()" if self.nullable(value) else ""
            return Code(f"{self.operand(value, ATOM)}{some}.n_unique()", ATOM)
        return Code(f"{self.operand(e.this, ATOM)}.count()", ATOM)

    def _reduced(self, e: Expression, call: str) -> Code:
        if isinstance(e.this, exp.Distinct):
            raise self.gaps.unsupported("DISTINCT in this aggregate", e.sql("duckdb"))
        return Code(f"{self.number(e.this, ATOM)}.{call}", ATOM)

    def sum(self, e: Expression) -> Code:
        return self._reduced(e, "sum()")

    def avg(self, e: Expression) -> Code:
        return self._reduced(e, "mean()")

    def min(self, e: Expression) -> Code:
        return self._reduced(e, "min()")

    def max(self, e: Expression) -> Code:
        return self._reduced(e, "max()")

    def median(self, e: Expression) -> Code:
        return self._reduced(e, "median()")

    def percentile_cont(self, e: Expression) -> Code:
        return self._reduced(e, f'quantile({self.text(e.expression)}, interpolation="linear")')

    def stddev_samp(self, e: Expression) -> Code:
        return self._reduced(e, "std()")

    def stddev_pop(self, e: Expression) -> Code:
        return self._reduced(e, "std(ddof=0)")

    def variance(self, e: Expression) -> Code:
        return self._reduced(e, "var()")

    def corr(self, e: Expression) -> Code:
        columns = (
            quoted(x.name) if isinstance(x, exp.Column) else self.text(x)
            for x in (e.this, e.expression)
        )
        return Code(f"pl.corr({', '.join(columns)})", ATOM)

    # ------------------------------------------------------------------ names

    def name_or_text(self, e: Expression) -> str:
        """A column's name, where Polars takes one for an expression."""
        return quoted(e.name) if isinstance(e, exp.Column) else self.text(e)

    def names(self, expressions: Sequence[Expression]) -> str:
        return ", ".join(map(self.name_or_text, expressions))
