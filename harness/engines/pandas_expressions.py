"""Expressions over one frame, spelt for pandas."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from harness.answer import SortKey
from harness.engines.python import (
    AND,
    ATOM,
    COMPARISON,
    PRODUCT,
    SIGN,
    SUM,
    Code,
    Expressions,
    Gaps,
    like_pattern,
    quoted,
)
from harness.plan.nodes import Expression, columns_in
from harness.plan.typing import infer, sql_type
from harness.types import Schema, Type

_PERIODS = {"year": "Y", "quarter": "Q", "month": "M", "week": "W"}
_FREQUENCIES = {"day": "D", "hour": "h", "minute": "min", "second": "s"}
_PARTS = {"isodow": "dayofweek + 1", "doy": "dayofyear"}
_DTYPES = {
    Type.BOOLEAN: ("bool", "boolean"),
    Type.INT64: ("int64", "Int64"),
    Type.FLOAT64: ("float64", "float64"),
    Type.STRING: ("str", "str"),
}


class PandasExpressions(Expressions):
    """Spells expressions as operations on columns of ``frame``.

    A condition is printed as the rows for which it is true: where pandas would say True of a
    missing value (``!=``, or ``~`` of a test), a ``notna`` is added, and only for nullable columns.
    """

    def __init__(self, gaps: Gaps, schema: Schema, frame: str) -> None:
        super().__init__(gaps, schema)
        self.frame = frame

    def column(self, e: Expression) -> Code:
        return Code(f"{self.frame}[{quoted(e.name)}]", ATOM)

    def series(self, e: Expression) -> str:
        """The text of a new column; a condition in its three values, a constant as it is."""
        if isinstance(e, exp.Null):
            raise self.gaps.unsupported("a column of NULLs", e.sql("duckdb"))
        if self.type(e) is Type.BOOLEAN and self.nullable(e) and not isinstance(e, exp.Column):
            raise self.gaps.unsupported("a condition that may be NULL as a column", e.sql("duckdb"))
        return self.text(e)

    def date_literal(self, e: Expression) -> Code | None:
        if isinstance(e.this, exp.Literal) and e.this.is_string:
            return Code(f"pd.Timestamp({quoted(e.this.name)})", ATOM)
        return None

    # ------------------------------------------------------------------ conditions

    def neq(self, e: Expression) -> Code:
        compared = self.binary(e, "!=", COMPARISON)
        return self._known(compared, e.this, e.expression)

    def _known(self, code: Code, *operands: Expression) -> Code:
        """The condition, and that the operands are there."""
        tests = [f"{self.operand(x, ATOM)}.notna()" for x in operands if self.nullable(x)]
        if not tests:
            return code
        text = f"({code.text})" if code.precedence < SIGN else code.text
        return Code(" & ".join([text, *tests]), AND)

    def not_(self, e: Expression) -> Code:
        inner = e.this
        if isinstance(inner, exp.Is):
            return Code(f"{self.operand(inner.this, ATOM)}.notna()", ATOM)
        code = Code(f"~{self.operand(inner, SIGN)}", SIGN)
        if isinstance(inner, (exp.In, exp.Like, exp.ILike, exp.RegexpLike, exp.StartsWith)):
            return self._known(code, inner.this)
        if self.nullable(inner) and not isinstance(inner, exp.Column):
            raise self.gaps.unsupported("NOT of this", e.sql("duckdb"))
        return code

    def is_(self, e: Expression) -> Code:
        if not isinstance(e.expression, exp.Null):
            raise self.gaps.unsupported("IS TRUE and IS FALSE", e.sql("duckdb"))
        return Code(f"{self.operand(e.this, ATOM)}.isna()", ATOM)

    def in_(self, e: Expression) -> Code:
        return Code(f"{self.operand(e.this, ATOM)}.isin({self.listed(e.expressions)})", ATOM)

    def between(self, e: Expression) -> Code:
        low, high = self.text(e.args["low"]), self.text(e.args["high"])
        return Code(f"{self.operand(e.this, ATOM)}.between({low}, {high})", ATOM)

    def like(self, e: Expression) -> Code:
        subject, pattern = self.operand(e.this, ATOM), like_pattern(e.expression.name)
        if pattern.test == "equals":
            return Code(f"{subject} == {quoted(pattern.text)}", COMPARISON)
        calls = {
            "starts": "startswith({})",
            "ends": "endswith({})",
            "contains": "contains({}, regex=False)",
            "matches": "contains({})",
        }
        return Code(f"{subject}.str.{calls[pattern.test].format(quoted(pattern.text))}", ATOM)

    def regexp_like(self, e: Expression) -> Code:
        return self._string(e.this, f"contains({self.text(e.expression)})")

    def starts_with(self, e: Expression) -> Code:
        return self._string(e.this, f"startswith({self.text(e.expression)})")

    def mask(self, e: Expression) -> str:
        """A condition without missing values, which ``where`` and ``mask`` would take for true."""
        masked = {c.name for c in self.schema if c.nullable}
        if columns_in(e) & masked and self.nullable(e):
            return f"({self.text(e)}).fillna(False)"
        return self.text(e)

    # ------------------------------------------------------------------ values

    def mod(self, e: Expression) -> Code:
        """SQL's remainder has the sign of the dividend, as C's fmod; pandas' has the divisor's."""
        return Code(f"np.fmod({self.text(e.this)}, {self.text(e.expression)})", ATOM)

    def int_div(self, e: Expression) -> Code:
        """SQL's division of integers truncates; pandas' floors."""
        left, right = self.operand(e.this, SUM), self.operand(e.expression, PRODUCT, strict=True)
        return Code(
            f"({left} - np.fmod({self.text(e.this)}, {self.text(e.expression)})) // {right}",
            PRODUCT,
        )

    def case(self, e: Expression) -> Code:
        branches = [(b.this, b.args["true"]) for b in e.args["ifs"]]
        default = e.args.get("default")
        default = None if isinstance(default, exp.Null) else default
        if len(branches) == 1:
            return self._choice(e, *branches[0], default)
        if default is None or any(self.nullable(v) for _, v in branches) or self.nullable(default):
            raise self.gaps.unsupported("CASE with several branches and NULLs", e.sql("duckdb"))
        conditions = ", ".join(self.mask(c) for c, _ in branches)
        values = ", ".join(self.text(v) for _, v in branches)
        return Code(f"np.select([{conditions}], [{values}], default={self.text(default)})", ATOM)

    def _choice(
        self,
        e: Expression,
        condition: Expression,
        value: Expression,
        default: Expression | None,
    ) -> Code:
        test = self.mask(condition)
        if columns_in(value):
            other = "" if default is None else f", {self.text(default)}"
            return Code(f"{self._keeps_integers(value, default)}.where({test}{other})", ATOM)
        if default is not None and columns_in(default):
            if isinstance(value, exp.Null):
                return Code(f"{self._keeps_integers(default, None)}.mask({test})", ATOM)
            return Code(f"{self.operand(default, ATOM)}.mask({test}, {self.text(value)})", ATOM)
        if default is None or isinstance(value, exp.Null):
            raise self.gaps.unsupported("CASE of a constant and NULL", e.sql("duckdb"))
        if (value.name, default.name) == ("1", "0") and self.type(e) is Type.INT64:
            return Code(f'({test}).astype("int64")', ATOM)
        return Code(f"np.where({test}, {self.text(value)}, {self.text(default)})", ATOM)

    def _keeps_integers(self, value: Expression, default: Expression | None) -> str:
        text = self.operand(value, ATOM)
        if default is None and self.type(value) is Type.INT64:
            return f'{text}.astype("Int64")'
        return text

    def coalesce(self, e: Expression) -> Code:
        text = self.operand(e.this, ATOM)
        for other in e.expressions:
            text = f"{text}.fillna({self.text(other)})"
        return Code(text, ATOM)

    def cast(self, e: Expression) -> Code:
        return self.date_literal(e) or self._cast(e, coerce="")

    def try_cast(self, e: Expression) -> Code:
        return self._cast(e, coerce=', errors="coerce"')

    def _cast(self, e: Expression, coerce: str) -> Code:
        source, target = self.type(e.this), sql_type(e.args["to"])
        if isinstance(e.this, exp.Null):
            dtype = _DTYPES.get(target, ("", "datetime64[us]"))[True]
            return Code(f"pd.Series(None, index={self.frame}.index, dtype={quoted(dtype)})", ATOM)
        value = self.operand(e.this, ATOM)
        if source is Type.FLOAT64 and target is Type.STRING:
            raise self.gaps.unsupported("a float as text, which each library spells its own way")
        if source is Type.STRING and target.temporal:
            form = "%Y-%m-%d" if target is Type.DATE else "%Y-%m-%d %H:%M:%S"
            return Code(f"pd.to_datetime({self.text(e.this)}, format={quoted(form)}{coerce})", ATOM)
        if source is Type.TIMESTAMP and target is Type.DATE:
            return Code(f"{value}.dt.normalize()", ATOM)
        if target.temporal:
            return Code(value, ATOM)
        if source is Type.STRING and target.numeric:
            return self._number(e, target, coerce)
        if source is Type.FLOAT64 and target is Type.INT64:
            value = f"{value}.round()"
        return Code(f"{value}.astype({quoted(_DTYPES[target][self.nullable(e)])})", ATOM)

    def _number(self, e: Expression, target: Type, coerce: str) -> Code:
        text = f"pd.to_numeric({self.text(e.this)}{coerce})"
        dtype = _DTYPES[target][self.nullable(e)]
        return Code(f"{text}.astype({quoted(dtype)})", ATOM)

    # ------------------------------------------------------------------ dates

    def extract(self, e: Expression) -> Code:
        value, part = self.operand(e.expression, ATOM), e.name.lower()
        if part == "dow":
            code = Code(f"({value}.dt.dayofweek + 1) % 7", PRODUCT)
        elif part == "week":
            code = Code(f"{value}.dt.isocalendar().week", ATOM)
        elif part == "isodow":
            code = Code(f"{value}.dt.dayofweek + 1", SUM)
        else:
            code = Code(f"{value}.dt.{_PARTS.get(part, part)}", ATOM)
        if self.nullable(e.expression):
            text = code.text if code.precedence == ATOM else f"({code.text})"
            return Code(f'{text}.astype("Int64")', ATOM)
        return code

    def timestamp_trunc(self, e: Expression) -> Code:
        value, unit = self.operand(e.this, ATOM), e.args["unit"].name.lower()
        if unit in _FREQUENCIES:
            return Code(f"{value}.dt.floor({quoted(_FREQUENCIES[unit])})", ATOM)
        return Code(f"{value}.dt.to_period({quoted(_PERIODS[unit])}).dt.start_time", ATOM)

    def offset(self, e: Expression, count: int, unit: str) -> Code:
        months = {"year": 12, "quarter": 3, "month": 1}
        sign, size = ("+", count) if count >= 0 else ("-", -count)
        step = f"pd.Timedelta({unit}s={size})"
        if unit in months:
            step = f"pd.DateOffset(months={size * months[unit]})"
        return Code(f"{self.operand(e, SUM)} {sign} {step}", SUM)

    def days_later(self, e: Expression, days: int) -> Code:
        return self.offset(e, days, "day")

    def days_between(self, e: Expression) -> Code:
        text = f"({self.text(e.this)} - {self.operand(e.expression, SUM, strict=True)}).dt.days"
        return Code(f'{text}.astype("Int64")' if self.nullable(e) else text, ATOM)

    # ------------------------------------------------------------------ strings

    def _string(self, e: Expression, call: str) -> Code:
        return Code(f"{self.operand(e, ATOM)}.str.{call}", ATOM)

    def upper(self, e: Expression) -> Code:
        return self._string(e.this, "upper()")

    def lower(self, e: Expression) -> Code:
        return self._string(e.this, "lower()")

    def trim(self, e: Expression) -> Code:
        side = {"LEADING": "l", "TRAILING": "r"}.get(str(e.args.get("position")), "")
        characters = self.text(e.expression) if e.args.get("expression") else '" "'
        return self._string(e.this, f"{side}strip({characters})")

    def length(self, e: Expression) -> Code:
        code = self._string(e.this, "len()")
        return Code(f'{code.text}.astype("Int64")', ATOM) if self.nullable(e.this) else code

    def substring(self, e: Expression) -> Code:
        start, length = e.args["start"], e.args.get("length")
        numbers = [n for n in (start, length) if n is not None]
        if not all(isinstance(n, exp.Literal) for n in numbers) or int(start.name) < 1:
            raise self.gaps.unsupported(
                "a substring from a computed or negative place", e.sql("duckdb")
            )
        first = int(start.name) - 1
        last = "" if length is None else f", {first + int(length.name)}"
        return self._string(e.this, f"slice({first}{last})")

    def replace(self, e: Expression) -> Code:
        old, new = self.text(e.expression), self.text(e.args["replacement"])
        return self._string(e.this, f"replace({old}, {new}, regex=False)")

    def dpipe(self, e: Expression) -> Code:
        parts = [self.operand(p, SUM) for p in (e.this, e.expression)]
        if any(self.type(p) is not Type.STRING for p in (e.this, e.expression)):
            raise self.gaps.unsupported("|| of anything but strings", e.sql("duckdb"))
        return Code(" + ".join(parts), SUM)

    # ------------------------------------------------------------------ numbers

    def round(self, e: Expression) -> Code:
        """SQL rounds halves away from zero; NumPy rounds them to even."""
        decimals = e.args.get("decimals")
        places = 0 if decimals is None else int(self.text(decimals))
        if self.type(e.this) is Type.INT64 and places >= 0:
            return self.code(e.this)
        value, scale = self.operand(e.this, PRODUCT), repr(10.0**places)
        scaled = value if places == 0 else f"{value} * {scale}"
        moved = f"np.trunc({scaled} + np.copysign(0.5, {self.text(e.this)}))"
        return Code(
            moved if places == 0 else f"{moved} / {scale}", ATOM if places == 0 else PRODUCT
        )

    def floor(self, e: Expression) -> Code:
        return Code(f"np.floor({self.text(e.this)})", ATOM)

    def ceil(self, e: Expression) -> Code:
        return Code(f"np.ceil({self.text(e.this)})", ATOM)

    def abs(self, e: Expression) -> Code:
        return Code(f"{self.operand(e.this, ATOM)}.abs()", ATOM)

    def ln(self, e: Expression) -> Code:
        return Code(f"np.log({self.text(e.this)})", ATOM)

    def sqrt(self, e: Expression) -> Code:
        return Code(f"np.sqrt({self.text(e.this)})", ATOM)

    def exp(self, e: Expression) -> Code:
        return Code(f"np.exp({self.text(e.this)})", ATOM)

    def pow(self, e: Expression) -> Code:
        value = self.operand(e.this, ATOM)
        if self.type(e.this) is Type.INT64:
            value = f'{value}.astype("float64")'
        return Code(f"{value} ** {self.operand(e.expression, ATOM)}", PRODUCT)

    # ------------------------------------------------------------------ aggregates

    def reduction(self, e: Expression) -> str:
        """The method that reduces a column, or one column of a grouped frame."""
        if isinstance(e, exp.Count) and isinstance(e.this, exp.Star):
            return "size()"
        if isinstance(e, exp.Count):
            return "nunique()" if isinstance(e.this, exp.Distinct) else "count()"
        if isinstance(e.this, exp.Distinct):
            raise self.gaps.unsupported("DISTINCT in this aggregate", e.sql("duckdb"))
        calls: dict[type[Expression], str] = {
            exp.Sum: "sum(min_count=1)",
            exp.Avg: "mean()",
            exp.Min: "min()",
            exp.Max: "max()",
            exp.Median: "median()",
            exp.StddevSamp: "std()",
            exp.StddevPop: "std(ddof=0)",
            exp.Variance: "var()",
        }
        if isinstance(e, exp.PercentileCont):
            return f"quantile({self.text(e.expression)})"
        if type(e) not in calls:
            raise self.gaps.unsupported(type(e).__name__, e.sql("duckdb"))
        return calls[type(e)]

    def total(self, e: Expression) -> str:
        """An aggregate of the whole frame."""
        if isinstance(e, exp.Count) and isinstance(e.this, exp.Star):
            return f"len({self.frame})"
        if isinstance(e, exp.Corr):
            return f"{self.operand(e.this, ATOM)}.corr({self.text(e.expression)})"
        argument = e.this.expressions[0] if isinstance(e.this, exp.Distinct) else e.this
        return f"{self.operand(argument, ATOM)}.{self.reduction(e)}"

    def windowed(
        self,
        function: Expression,
        frame: str,
        grouped: str,
        ordering: str,
        order: Sequence[SortKey],
    ) -> str:
        """A window function as a series that pandas aligns with the frame by its index."""
        if isinstance(function, exp.RowNumber):
            if not grouped:
                return f"pd.Series(range(1, len({frame}) + 1), index={frame}{ordering}.index)"
            return f"{frame}{ordering}{grouped}.cumcount() + 1"
        if isinstance(function, (exp.Rank, exp.DenseRank)):
            return self._ranked(function, frame, grouped, order)
        if isinstance(function, (exp.Lag, exp.Lead)):
            return self._shifted(function, frame, grouped, ordering)
        if order:
            raise self.gaps.unsupported("a running aggregate", function.sql("duckdb"))
        if not isinstance(function.this, exp.Column) or not grouped:
            raise self.gaps.unsupported("this window", function.sql("duckdb"))
        call = self.reduction(function).split("(")[0]
        minimum = (
            ", min_count=1"
            if isinstance(function, exp.Sum) and self.nullable(function.this)
            else ""
        )
        return f'{frame}{grouped}[{quoted(function.this.name)}].transform("{call}"{minimum})'

    def _ranked(self, e: Expression, frame: str, grouped: str, order: Sequence[SortKey]) -> str:
        if len(order) != 1 or order[0].nulls_first:
            raise self.gaps.unsupported("a rank over several keys or NULLs first", e.sql("duckdb"))
        column = next(c for c in self.schema if c.name == order[0].column)
        options = [f'method="{"dense" if isinstance(e, exp.DenseRank) else "min"}"']
        options += ["ascending=False"] if order[0].descending else []
        options += ['na_option="bottom"'] if column.nullable else []
        ranks = f"{frame}{grouped}[{quoted(column.name)}].rank({', '.join(options)})"
        return f'{ranks}.astype("int64")'

    def _shifted(self, e: Expression, frame: str, grouped: str, ordering: str) -> str:
        if e.args.get("default") or not isinstance(e.this, exp.Column):
            raise self.gaps.unsupported("lag and lead with a default", e.sql("duckdb"))
        rows = int(e.args["offset"].name) if e.args.get("offset") else 1
        shift = rows if isinstance(e, exp.Lag) else -rows
        series = f"{frame}{ordering}{grouped}[{quoted(e.this.name)}]"
        if infer(e.this, self.schema).type is Type.INT64:
            return f'{series}.shift({shift}).astype("Int64")'
        return f"{series}.shift({shift})"
