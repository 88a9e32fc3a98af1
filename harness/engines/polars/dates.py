"""Emits functions of dates and timestamps for Polars."""

from __future__ import annotations

from typing import ClassVar

from harness.engines.polars.values import DTYPES, PolarsValues
from harness.engines.python.kernel import ATOM, PRODUCT, SUM, Code, quoted
from harness.plan.facts.printing import in_sql
from harness.plan.tree.nodes import Expression
from harness.types import Type

_UNITS = {
    "year": "y", "quarter": "q", "month": "mo", "week": "w",
    "day": "d", "hour": "h", "minute": "m", "second": "s", "millisecond": "ms",
}  # fmt: skip
OF_DAY = ("hour", "minute", "second")
_PARTS = {"week": "week", "isodow": "weekday", "doy": "ordinal_day"}
_MONTHS = {"year": 12, "quarter": 3, "month": 1}
_TIMES_OF_DAY = ("%H", "%M", "%S", "%I", "%p")


class PolarsDates(PolarsValues):
    """Emits functions of dates and timestamps."""

    parsing: ClassVar[str] = ""
    """Further options of calls that parse dates."""

    def truncated_date(self, e: Expression) -> Code:
        """Emits a truncated date or timestamp, cast to a date if Polars does not return one."""
        if self.type(e.this) is not Type.DATE or e.args["unit"].name.lower() in OF_DAY:
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
        """Returns the text of a date or timestamp, a date cast to a timestamp.

        DuckDB's result is a timestamp, too, where a date is truncated or moved.
        """
        value = self.operand(e, ATOM)
        return f"{value}.cast({DTYPES[Type.TIMESTAMP]})" if self.type(e) is Type.DATE else value

    def days_later(self, e: Expression, days: int) -> Code:
        return Code(f"{self.operand(e, ATOM)}.dt.offset_by({quoted(f'{days}d')})", ATOM)

    def days_between(self, e: Expression) -> Code:
        return Code(
            f"({self.text(e.this)} - {self.operand(e.expression, SUM, True)}).dt.total_days()", ATOM
        )

    def time_to_str(self, e: Expression) -> Code:
        form, value = self.time_format(e), self.operand(e.this, ATOM)
        if any(part in form for part in _TIMES_OF_DAY):
            value = self._timestamp(e.this)
        return Code(f"{value}.dt.strftime({form})", ATOM)

    def offset_by(self, e: Expression, count: Expression, unit: str) -> Code:
        by = f'pl.format("{{}}{_UNITS[unit]}", {self.value(count)})'
        return Code(f"{self._timestamp(e)}.dt.offset_by({by})", ATOM)

    def last_day(self, e: Expression) -> Code:
        value = self.operand(e.this, ATOM)
        day = f"{value}.cast(pl.Date)" if self.type(e.this) is Type.TIMESTAMP else value
        return Code(f"{day}.dt.month_end()", ATOM)

    def date_from_parts(self, e: Expression) -> Code:
        parts = ", ".join(self.text(e.args[part]) for part in ("year", "month", "day"))
        return Code(f"pl.date({parts})", ATOM)

    def date_diff(self, e: Expression) -> Code:
        """Emits ``date_diff``: how many starts of a unit, such as months, lie between two times."""
        unit = e.args["unit"].name.lower()
        if unit in _MONTHS:
            return self._months_apart(e, unit)
        later, earlier = (self._floored(x, unit) for x in (e.this, e.expression))
        return Code(f"({later} - {earlier}).dt.total_{unit}s()", ATOM)

    def _floored(self, e: Expression, unit: str) -> str:
        if unit == "day":
            value = self.operand(e, ATOM)
            return value if self.type(e) is Type.DATE else f"{value}.dt.date()"
        if unit == "microsecond":
            return self._timestamp(e)
        return f"{self._timestamp(e)}.dt.truncate({quoted('1' + _UNITS[unit])})"

    def _months_apart(self, e: Expression, unit: str) -> Code:
        def numbered(moment: Expression) -> list[str]:
            value = self.operand(moment, ATOM)
            return [f"{value}.dt.{part}().cast(pl.Int64)" for part in ("year", unit)]

        (year, part), (before, other) = numbered(e.this), numbered(e.expression)
        if unit == "year":
            return Code(f"{year} - {before}", SUM)
        a_year = 12 // _MONTHS[unit]
        return Code(f"({year} - {before}) * {a_year} + ({part} - {other})", SUM)

    def str_to_time(self, e: Expression) -> Code:
        form = self.time_format(e)
        if ("%H" in form) != ("%M" in form):
            raise self.gaps.unsupported("hours without minutes", in_sql(e))
        value = self.operand(e.this, ATOM)
        return Code(f'{value}.str.to_datetime({form}, time_unit="us"{self.parsing})', ATOM)
