"""Emits expressions over one frame for cuDF: as for pandas, except for NULL and what cuDF lacks.

Every column has a mask, whatever its dtype, so that integers with NULLs stay int64 and comparisons
with NULL are NULL. ``&`` and ``|`` are NULL if a side is, unlike SQL's AND and OR.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from sqlglot import exp

from harness.engines.pandas.expressions import PandasExpressions
from harness.engines.pandas.values import operands_of
from harness.engines.python.kernel import (
    ATOM,
    PRODUCT,
    SUM,
    Code,
    is_constant,
    quoted,
)
from harness.engines.python.like import like_pattern
from harness.plan.facts.printing import in_sql
from harness.plan.facts.typed import Typed
from harness.plan.guards.truth import Logic, NullWhere, TrueOrFalse, Truth
from harness.plan.tree.nodes import Expression, columns_in
from harness.types import Type

_SECONDS = {"week": 604_800, "day": 86_400, "hour": 3_600, "minute": 60, "second": 1}
_SINCE_START = {"week": "weekday", "month": "day - 1", "year": "day_of_year - 1"}
"""Unit -> the days between a date and the first day of its week, month or year."""

_BIN = (
    '({this}.astype("datetime64[us]").astype("int64") // {seconds}_000_000 * {seconds}_000_000)'
    '.astype("datetime64[us]")'
)
"""The start of a time's bucket; cuDF's ``floor`` knows single units only (RAPIDS 26.10)."""


class CudfExpressions(PandasExpressions):
    """Emits expressions as operations on columns of a ``cudf.DataFrame``."""

    library: ClassVar[str] = "cudf"
    masks: ClassVar[bool] = False
    logic: ClassVar[Logic] = replace(
        PandasExpressions.logic,
        null_of_null=frozenset({Type.BOOLEAN, Type.INT64, Type.FLOAT64, Type.DECIMAL}),
        maybe_null=frozenset(Type),
        kleene=False,
    )
    truths: ClassVar[Mapping[type[Truth], str]] = {
        **PandasExpressions.truths,
        NullWhere: "{part}.mask({missing}{nothing})",
        TrueOrFalse: "{true}.where({true} | {false}{nothing})",
    }
    spellings: ClassVar[Mapping[str, str]] = {
        **PandasExpressions.spellings,
        **dict.fromkeys(
            ("ByteLength", "ByteLength of NULLs"), '{this}.str.byte_count().astype("int64")'
        ),
        **dict.fromkeys(("Length", "Length of NULLs"), '{this}.str.len().astype("int64")'),
        "DateBin": _BIN,
        "Sign of NULLs": PandasExpressions.spellings["Sign"],
        "StrPosition of NULLs": PandasExpressions.spellings["StrPosition"],
    }
    weekday: ClassVar[str] = "weekday"
    midnight: ClassVar[str] = 'floor("D")'
    offsets: ClassVar[str] = "cudf"

    # ------------------------------------------------------------------ values

    def cast(self, e: Expression) -> Code:
        """Emits a cast; one from date to timestamp changes the time unit, as a UNION needs."""
        code = super().cast(e)
        lengthened = self.type(e.this) is Type.DATE and self.type(e) is Type.TIMESTAMP
        if not (lengthened and columns_in(e.this)):
            return code
        return Code(f'{self.operand(e.this, ATOM)}.astype("datetime64[us]")', ATOM)

    def _value(self, e: Expression | None, typed: Typed) -> str | None:
        """Returns the text of ``e``, a value of a CASE of type ``typed``; None for NULL.

        It is an operand of ``where`` or ``mask``, which take no ``pd.Timestamp``.
        """
        text = super()._value(e, typed)
        if text is None or not text.startswith("pd.Timestamp("):
            return text
        unit = "s" if typed.type is Type.DATE else "us"
        return f'np.datetime64({text.removeprefix("pd.Timestamp(").removesuffix(")")}, "{unit}")'

    def constant(self, text: str, typed: Typed) -> str:
        """Returns the text of a column with the value ``text`` in all rows; NULLs for ``"None"``.

        ``typed`` is the column's type: without its dtype, a column of NULLs would hold NaN.
        """
        if text != "None":
            return super().constant(text, typed)
        dtype = self.dtype(typed) or f"datetime64[{'s' if typed.type is Type.DATE else 'us'}]"
        return f"cudf.Series(cudf.NA, index={self.frame}.index, dtype={quoted(dtype)})"

    def mod(self, e: Expression) -> Code:
        """Emits SQL's remainder, which has the dividend's sign; cuDF's has the divisor's."""
        return self._signed(e, "%", [e.this])

    def int_div(self, e: Expression) -> Code:
        """Emits SQL's integer division, which truncates; cuDF's floors."""
        return self._signed(e, "//", [e.this, e.expression])

    def _signed(self, e: Expression, operator: str, signs: Sequence[Expression]) -> Code:
        """Emits ``sign(x) * (|a| operator |b|)``, with ``a`` and ``b`` the operands of ``e``.

        ``signs`` are the operands ``x`` whose signs the result is multiplied by.
        """
        result = f"{self._magnitude(e.this)} {operator} {self._magnitude(e.expression)}"
        factors = [f"np.sign({self.text(x)})" for x in signs if not is_constant(x)]
        if sum(isinstance(x, exp.Neg) and is_constant(x) for x in signs) % 2:
            factors.append("-1")
        return Code(" * ".join([*factors, f"({result})"]) if factors else result, PRODUCT)

    def _magnitude(self, e: Expression) -> str:
        if is_constant(e):
            return self.text(e.this if isinstance(e, exp.Neg) else e)
        return f"{self.operand(e, ATOM)}.abs()"

    def _of_constants(
        self,
        e: Expression,
        branches: Sequence[tuple[Expression, Expression]],
        default: Expression | None,
    ) -> Code:
        """Emits a CASE of constants without NumPy's ``where``, which cuDF lacks.

        ``branches`` are pairs of a condition and a value, ``default`` is the value of ELSE.
        """
        values = [value.name for _, value in branches] + [default.name if default else ""]
        if values == ["1", "0"] and self.type(e) is Type.INT64:
            return super()._of_constants(e, branches, default)
        return self._chosen(e, branches, default)

    def atan2(self, e: Expression) -> Code:
        """Emits ``atan2``; cuDF exchanges NumPy's operands if the first is a number."""
        first = self._series_of(e.this, replace(self.typed(e), nullable=False))
        if columns_in(e.this):
            first = self.text(e.this)
        return Code(f"np.arctan2({first}, {self.text(e.expression)})", ATOM)

    def greatest(self, e: Expression) -> Code:
        """Emits ``greatest`` or ``least``, two operands at a time; NULL operands are ignored."""
        sign, typed = (">=" if isinstance(e, exp.Greatest) else "<="), self.typed(e)
        if typed.type is Type.BOOLEAN:
            raise self.gaps.unsupported("the greatest of booleans", in_sql(e))
        first, *others = sorted(operands_of(e), key=lambda x: not columns_in(x))
        text = self._series_of(first, typed)
        nullable = self.nullable(first)
        for other in others:
            value = str(self._value(other, typed))
            test = f"{text} {sign} {value}"
            if nullable or self.nullable(other):
                test = f"({test}).fillna(False)"
            if self.nullable(other):
                test = f"{test} | {value}.isna()"
            text, nullable = f"{text}.where({test}, {value})", nullable and self.nullable(other)
        return Code(text, ATOM)

    least = greatest

    def round(self, e: Expression) -> Code:
        """Emits a rounding with halves away from zero, as SQL has it."""
        places = self.places(e)
        if self.type(e.this) is Type.INT64 or places < 0:
            return super().round(e)
        digits = f"{places}, " if places else ""
        return Code(f'{self.operand(e.this, ATOM)}.round({digits}how="half_up")', ATOM)

    def _away_from_zero(self, value: str) -> str:
        return f'{value}.round(how="half_up")'

    def parsed_time(self, value: Code, form: str, coerce: str) -> str:
        text = value.text if value.precedence == ATOM else f"({value.text})"
        valid = f"{text}.where({text}.str.istimestamp({form}){self.nothing})" if coerce else text
        return f"cudf.to_datetime({valid}, format={form})"

    def parsed_number(self, text: str, coerce: str) -> str:
        known = ".nans_to_nulls()" if coerce else ""
        return f"cudf.to_numeric({text}{coerce}){known}"

    # ------------------------------------------------------------------ texts

    def like(self, e: Expression) -> Code:
        if like_pattern(e.expression.name).test == "matches":
            return self.string(e.this, f"like({quoted(e.expression.name)})")
        return super().like(e)

    def ilike(self, e: Expression) -> Code:
        return self.string(e.this, f"lower().str.like({quoted(e.expression.name.lower())})")

    def pattern(self, e: Expression) -> str:
        text = super().pattern(e)
        if "(?" in text.replace("(?:", ""):
            raise self.gaps.unsupported("options within a regular expression", in_sql(e))
        return text

    def regexp_replace(self, e: Expression) -> Code:
        new = self.replacement(e.args["replacement"], {}, "${{{}}}")
        pattern = quoted(self.pattern(e.expression))
        if "${" not in new:
            once = "" if self.replaces_all(e) else ", n=1"
            return self.string(e.this, f"replace({pattern}, {new}{once}, regex=True)")
        if not self.replaces_all(e):
            reason = "to replace the first match alone by what has a group in it"
            raise self.gaps.unsupported(reason, in_sql(e))
        return self.string(e.this, f"replace_with_backrefs({pattern}, {new})")

    def split_part(self, e: Expression) -> Code:
        """Emits ``split_part``, which is the empty text if the text has fewer parts."""
        place = self.whole_number(e.args["part_index"], 1, "a part from the end, or computed")
        part = f'{self._part_of(e.this, e.args["delimiter"], place - 1)}.fillna("")'
        known = ""
        if self.nullable(e.this):
            known = f".where({self.operand(e.this, ATOM)}.notna(){self.nothing})"
        return Code(part + known, ATOM)

    def bracket(self, e: Expression) -> Code:
        """Emits an element of ``string_split``, which is NULL if the text has fewer parts."""
        place = self.whole_number(e.expressions[0], 0, "an element from the end, or computed")
        return Code(self._part_of(e.this.this, e.this.expression, place), ATOM)

    def _part_of(self, e: Expression, delimiter: Expression, place: int) -> str:
        by = quoted(self.some_text(delimiter, "splitting by anything but a constant"))
        return self.string(e, f"split_part({by}, {place})").text

    # ------------------------------------------------------------------ dates

    def timestamp_trunc(self, e: Expression) -> Code:
        value, unit = self.operand(e.this, ATOM), e.args["unit"].name.lower()
        if unit in _SINCE_START:
            days = f'({value}.dt.{_SINCE_START[unit]}).astype("int64") * {_SECONDS["day"]}'
            days = days.replace("(" + f"{value}.dt.weekday)", f"{value}.dt.weekday")
            since = f'({days}).astype("timedelta64[s]")'
            return Code(f"{value}.dt.{self.midnight} - {since}", SUM)
        if unit == "quarter":
            month = f"{value}.dt.quarter * 3 - 2"
            parts = f'{{"year": {value}.dt.year, "month": {month}, "day": 1}}'
            return Code(f"cudf.to_datetime(cudf.DataFrame({parts}))", ATOM)
        return super().timestamp_trunc(e)

    def offset_by(self, e: Expression, count: Expression, unit: str) -> Code:
        if unit not in _SECONDS:
            return super().offset_by(e, count, unit)
        seconds = f'({self.operand(count, PRODUCT)} * {_SECONDS[unit]}).astype("timedelta64[s]")'
        return Code(f"{self.operand(e, SUM)} + {seconds}", SUM)

    def last_day(self, e: Expression) -> Code:
        value = self.operand(e.this, ATOM)
        day = f"{value}.dt.{self.midnight}" if self.type(e.this) is Type.TIMESTAMP else value
        days = f'({value}.dt.days_in_month - {value}.dt.day).astype("int64") * {_SECONDS["day"]}'
        return Code(f'{day} + ({days}).astype("timedelta64[s]")', SUM)

    def date_from_parts(self, e: Expression) -> Code:
        parts = ", ".join(
            f'"{part}": {self.text(e.args[part])}' for part in ("year", "month", "day")
        )
        return Code(f"cudf.to_datetime(cudf.DataFrame({{{parts}}}))", ATOM)
