"""Emits functions of dates and timestamps for Daft."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from sqlglot import exp

from harness.engines.daft.values import DaftValues
from harness.engines.python.kernel import ATOM, PRODUCT, SUM, Code, quoted
from harness.plan.facts.printing import in_sql
from harness.plan.tree.nodes import Expression
from harness.types import Type

_OF_DAY = ("hour", "minute", "second")
"""The units within a day."""
_TIMES_OF_DAY = ("%H", "%M", "%S", "%I", "%p")
_IN_A_YEAR = {"quarter": 4, "month": 12}
_STEPS = {"week": ("days", 7), "quarter": ("months", 3)}
"""Unit of an interval -> the unit of Daft's, and how many of it."""


class DaftDates(DaftValues):
    """Emits functions of dates and timestamps."""

    date_spellings: ClassVar[Mapping[str, str]] = {
        "DateBin": '{this}.date_trunc("{count} {unit}s")',
        "Extract": "{this}.{part}()",
        "Extract dow": '({this}.day_of_week().cast("int64") + 1) % 7',
        "Extract doy": "{this}.day_of_year()",
        "Extract hour": "{timestamp}.hour()",
        "Extract isodow": "{this}.day_of_week() + 1",
        "Extract minute": "{timestamp}.minute()",
        "Extract second": "{timestamp}.second()",
        "Extract week": "{this}.week_of_year()",
        "LastDay": "last_day({value})",
    }

    def timestamp(self, e: Expression) -> str:
        """Returns the text of a date or timestamp, a date cast to a timestamp.

        DuckDB's result is a timestamp, too, where a date is truncated or moved.
        """
        value = self.operand(e, ATOM)
        return f'{value}.cast("timestamp")' if self.type(e) is Type.DATE else value

    def _day(self, e: Expression) -> str:
        """Returns the text of a date, or of a timestamp's date."""
        value = self.operand(e, ATOM)
        return value if self.type(e) is Type.DATE else f"{value}.date()"

    def timestamp_trunc(self, e: Expression) -> Code:
        """Emits a truncated date or timestamp, as a timestamp.

        Daft's own truncation knows no unit beyond a week, and begins weeks on Thursdays.
        """
        unit = e.args["unit"].name.lower()
        if unit in (*_OF_DAY, "day", "millisecond"):
            return Code(f"{self.timestamp(e.this)}.date_trunc({quoted(f'1 {unit}')})", ATOM)
        return Code(f'{self.truncated_date(e).text}.cast("timestamp")', ATOM)

    def truncated_date(self, e: Expression) -> Code:
        """Emits a truncated date or timestamp as a date: so many days or months before it."""
        unit, day = e.args["unit"].name.lower(), self._day(e.this)
        before = {
            "week": f"{day}.day_of_week()",
            "month": f"{day}.day() - 1",
            "quarter": f"{day}.day() - 1",
            "year": f"{day}.day_of_year() - 1",
        }
        if unit not in before:
            return Code(day, ATOM)
        first = f"date_sub({day}, {before[unit]})"
        if unit == "quarter":
            first = f"add_months({first}, (1 - {day}.month()) % 3)"
        return Code(first, ATOM)

    def offset(self, e: Expression, count: int, unit: str) -> Code:
        unit, each = _STEPS.get(unit, (f"{unit}s", 1))
        sign, by = "-" if count < 0 else "+", f"interval({unit}={abs(count) * each})"
        return Code(f"{self.timestamp(e)} {sign} {by}", SUM)

    def offset_by(self, e: Expression, count: Expression, unit: str) -> Code:
        if self.type(e) is not Type.DATE or unit not in ("day", "month"):
            return super().offset_by(e, count, unit)
        call = "date_add" if unit == "day" else "add_months"
        return Code(f'{call}({self.operand(e, ATOM)}, {self.text(count)}).cast("timestamp")', ATOM)

    def days_later(self, e: Expression, days: int) -> Code:
        call = "date_sub" if days < 0 else "date_add"
        return Code(f"{call}({self.argument(e)}, lit({abs(days)}))", ATOM)

    def days_between(self, e: Expression) -> Code:
        return self._days_apart(e.this, e.expression)

    def _days_apart(self, later: Expression, earlier: Expression) -> Code:
        return Code(f'date_diff({self._day(later)}, {self._day(earlier)}).cast("int64")', ATOM)

    def date_from_parts(self, e: Expression) -> Code:
        """Emits a date of numbers; of a constant among them, Daft would make one for all rows."""
        parts = [e.args[part] for part in ("year", "month", "day")]
        if not any(map(self._is_literal, parts)):
            return Code(f"make_date({', '.join(map(self.argument, parts))})", ATOM)
        texts = [f'{self.operand(part, ATOM)}.cast("string")' for part in parts]
        texts[0] += '.lpad(4, "0")'
        text = ' + "-" + '.join(texts)
        return Code(f'({text}).cast("date")', ATOM)

    def date_diff(self, e: Expression) -> Code:
        """Emits ``date_diff``: how many starts of a unit, such as months, lie between two times."""
        unit = e.args["unit"].name.lower()
        if unit == "day":
            return self._days_apart(e.this, e.expression)
        if unit == "year" or unit in _IN_A_YEAR:
            return self._months_apart(e, unit)
        later, earlier = (self._floored(x, e.args["unit"]) for x in (e.this, e.expression))
        if unit == "week":
            return Code(f"({later} - {earlier}).total_days() // 7", PRODUCT)
        return Code(f"({later} - {earlier}).total_{unit}s()", ATOM)

    def _floored(self, e: Expression, unit: Expression) -> str:
        if unit.name.lower() == "microsecond":
            return self.timestamp(e)
        return self.timestamp_trunc(exp.TimestampTrunc(this=e.copy(), unit=unit)).text

    def _months_apart(self, e: Expression, unit: str) -> Code:
        def numbered(moment: Expression) -> list[str]:
            value = self.operand(moment, ATOM)
            return [f'{value}.{part}().cast("int64")' for part in ("year", unit)]

        (year, part), (before, other) = numbered(e.this), numbered(e.expression)
        if unit == "year":
            return Code(f"{year} - {before}", SUM)
        return Code(f"({year} - {before}) * {_IN_A_YEAR[unit]} + ({part} - {other})", SUM)

    def time_to_str(self, e: Expression) -> Code:
        form = self.time_format(e)
        timed = any(part in form for part in _TIMES_OF_DAY)
        value = self.timestamp(e.this) if timed else self.operand(e.this, ATOM)
        return Code(f"{value}.strftime({form})", ATOM)

    def str_to_time(self, e: Expression) -> Code:
        """Emits ``strptime``, which is a timestamp also where the format has no time of day."""
        form, value = self.time_format(e), self.operand(e.this, ATOM)
        if ("%H" in form) != ("%M" in form):
            raise self.gaps.unsupported("hours without minutes", in_sql(e))
        if "%H" in form:
            return Code(f"{value}.to_datetime({form})", ATOM)
        return Code(f'{value}.to_date({form}).cast("timestamp")', ATOM)
