"""Emits functions of dates and timestamps for pandas."""

from __future__ import annotations

from typing import ClassVar

from harness.engines.pandas.values import PandasValues
from harness.engines.python.kernel import ATOM, PRODUCT, SUM, Code, enclosed, quoted
from harness.plan.tree.nodes import Expression, columns_in
from harness.types import Type

_PERIODS = {"year": "Y", "quarter": "Q", "month": "M", "week": "W"}
_FREQUENCIES = {"day": "D", "hour": "h", "minute": "min", "second": "s", "millisecond": "ms"}
_PARTS = {"doy": "day_of_year"}
_STEPS = {"week": "W", "day": "D", "hour": "h", "minute": "min", "second": "s"}
_OF_DATES = ("year", "month", "day")
_MONTHS = {"year": 12, "quarter": 3, "month": 1}


class PandasDates(PandasValues):
    """Emits functions of dates and timestamps, both of which are datetime64."""

    weekday: ClassVar[str] = "day_of_week"
    """The attribute with the days since Monday."""
    midnight: ClassVar[str] = "normalize()"
    """The method that removes the time of day."""
    offsets: ClassVar[str] = "pd"
    """The module name, in a program, of what has ``DateOffset``."""

    def extract(self, e: Expression) -> Code:
        value, part = self.operand(e.expression, ATOM), e.name.lower()
        if part == "dow":
            code = Code(f"({value}.dt.{self.weekday} + 1) % 7", PRODUCT)
        elif part == "week":
            code = Code(f'{value}.dt.isocalendar().week.astype("int64")', ATOM)
        elif part == "isodow":
            code = Code(f"{value}.dt.{self.weekday} + 1", SUM)
        else:
            code = Code(f"{value}.dt.{_PARTS.get(part, part)}", ATOM)
        if self.nullable(e.expression):
            text = enclosed(code, ATOM).removesuffix('.astype("int64")')
            return Code(f"{text}.astype({quoted(self.whole(True))})", ATOM)
        return code

    def timestamp_trunc(self, e: Expression) -> Code:
        value, unit = self.operand(e.this, ATOM), e.args["unit"].name.lower()
        if unit in _FREQUENCIES:
            return Code(f"{value}.dt.floor({quoted(_FREQUENCIES[unit])})", ATOM)
        return Code(f"{value}.dt.to_period({quoted(_PERIODS[unit])}).dt.start_time", ATOM)

    def offset(self, e: Expression, count: int, unit: str) -> Code:
        sign, size = ("+", count) if count >= 0 else ("-", -count)
        step = f"pd.Timedelta({unit}s={size})"
        if unit in _MONTHS:
            step = f"{self.offsets}.DateOffset(months={size * _MONTHS[unit]})"
        return Code(f"{self.operand(e, SUM)} {sign} {step}", SUM)

    def days_later(self, e: Expression, days: int) -> Code:
        return self.offset(e, days, "day")

    def days_between(self, e: Expression) -> Code:
        text = f"({self.text(e.this)} - {self.operand(e.expression, SUM, strict=True)}).dt.days"
        masked = self.nullable(e) and self.masks
        return Code(f"{text}.astype({quoted(self.whole(True))})" if masked else text, ATOM)

    def offset_by(self, e: Expression, count: Expression, unit: str) -> Code:
        if unit in _MONTHS:
            return super().offset_by(e, count, unit)
        step = f"{self.library}.to_timedelta({self.text(count)}, unit={quoted(_STEPS[unit])})"
        return Code(f"{self.operand(e, SUM)} + {step}", SUM)

    def last_day(self, e: Expression) -> Code:
        value = self.operand(e.this, ATOM)
        day = f"{value}.dt.{self.midnight}" if self.type(e.this) is Type.TIMESTAMP else value
        return Code(f"{day} + pd.offsets.MonthEnd(0)", SUM)

    def date_from_parts(self, e: Expression) -> Code:
        parts = ", ".join(f'"{part}": {self._part(e.args[part])}' for part in _OF_DATES)
        return Code(f"{self.library}.to_datetime({{{parts}}})", ATOM)

    def _part(self, e: Expression) -> str:
        """Returns the text of a part of a date, such as its year, for use in arithmetic.

        If the date may be NULL, the part is cast to a float, NaN for NULL.
        """
        text = self.operand(e, ATOM) if self.nullable(e) else self.text(e)
        return f"{text}{self.as_floats}" if self.nullable(e) else text

    def date_diff(self, e: Expression) -> Code:
        """Emits ``date_diff``: how many starts of a unit, such as months, lie between two times."""
        unit = e.args["unit"].name.lower()
        if unit in _MONTHS:
            code = self._months_apart(e, unit)
        else:
            later, earlier = (self._floored(x, unit) for x in (e.this, e.expression))
            code = Code(f"({later} - {earlier}) // pd.Timedelta({unit}s=1)", PRODUCT)
        if unit in _MONTHS or self.nullable(e):  # pandas' years and months have 32 bits
            return Code(f"({code.text}).astype({quoted(self.whole(self.nullable(e)))})", ATOM)
        return code

    def _floored(self, e: Expression, unit: str) -> str:
        moment = self._moment(e)
        if unit == "day":
            midnight = self.type(e) is Type.DATE
            return moment.removesuffix(".dt") if midnight else f"{moment}.{self.midnight}"
        if unit == "microsecond":
            return moment.removesuffix(".dt")
        return f"{moment}.floor({quoted(_FREQUENCIES[unit])})"

    def _moment(self, e: Expression) -> str:
        """Returns the text on which date methods are called: a column's accessor, or a constant."""
        return f"{self.operand(e, ATOM)}.dt" if columns_in(e) else self.text(e)

    def _months_apart(self, e: Expression, unit: str) -> Code:
        later, earlier = self._moment(e.this), self._moment(e.expression)
        years = f"{later}.year - {earlier}.year"
        if unit == "year":
            return Code(years, SUM)
        return Code(f"({years}) * {12 // _MONTHS[unit]} + ({later}.{unit} - {earlier}.{unit})", SUM)

    def str_to_time(self, e: Expression) -> Code:
        return Code(self.parsed_time(self.code(e.this), self.time_format(e), ""), ATOM)

    def parsed_time(self, value: Code, form: str, coerce: str) -> str:
        return f"{self.library}.to_datetime({value.text}, format={form}{coerce})"
