"""Emits functions of dates and timestamps with ``pyarrow.compute``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from sqlglot import exp

from harness.engines.pyarrow.values import ArrowValues, type_name
from harness.engines.python.kernel import ATOM, PRODUCT, SUM, Code
from harness.plan.tree.nodes import Expression
from harness.types import Type

_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_SECONDS = {"week": 604800, "day": 86400, "hour": 3600, "minute": 60, "second": 1}


class ArrowDates(ArrowValues):
    """Emits functions of dates and timestamps."""

    date_spellings: ClassVar[Mapping[str, str]] = {
        "DateBin": 'pc.floor_temporal({value}, {count}, unit="{unit}")',
        "Extract": "pc.{part}({value})",
        "Extract dow": "pc.day_of_week({value}, week_start=7)",
        "Extract doy": "pc.day_of_year({value})",
        "Extract hour": "pc.hour({timestamp})",
        "Extract isodow": "pc.day_of_week({value}, count_from_zero=False)",
        "Extract minute": "pc.minute({timestamp})",
        "Extract second": "pc.second({timestamp})",
        "Extract week": "pc.iso_week({value})",
        "LastDay": (
            '(pc.ceil_temporal({timestamp}, unit="month", ceil_is_strictly_greater=True)'
            ' - timedelta(days=1)).cast("date32")'
        ),
        "StrToTime": 'pc.strptime({value}, format={format}, unit="us")',
        "TimestampTrunc": "pc.floor_temporal({timestamp}, unit={unit})",
    }

    def timestamp(self, e: Expression) -> str:
        """Returns the text of a date or timestamp, a date cast to a timestamp.

        DuckDB's result is a timestamp, too, where a date is truncated or moved.
        """
        value = self.expression(e, ATOM)
        if self.type(e) is Type.TIMESTAMP:
            return value
        return f"{value}.cast({type_name(Type.TIMESTAMP)})"

    def offset(self, e: Expression, count: int, unit: str) -> Code:
        if unit in _MONTHS:
            return Code(f"months_later({self.timestamp(e)}, {count * _MONTHS[unit]})", ATOM)
        sign, step = "-" if count < 0 else "+", f"timedelta({unit}s={abs(count)})"
        if e.find(exp.Greatest, exp.Least):  # values under NULLs could overflow
            function = "subtract" if count < 0 else "add"
            return Code(f"pc.{function}({self.expression(e)}, {step})", ATOM)
        return Code(f"{self.expression(e, SUM)} {sign} {step}", SUM)

    def days_later(self, e: Expression, days: int) -> Code:
        moved = self.offset(e, days, "day").text
        return Code(f"({moved}).cast({type_name(Type.DATE)})", ATOM)

    def days_between(self, e: Expression) -> Code:
        later, earlier = self.expression(e.this), self.expression(e.expression)
        return Code(f"pc.days_between({earlier}, {later})", ATOM)

    def time_to_str(self, e: Expression) -> Code:
        form, value = self.time_format(e), self.timestamp(e.this)
        if "%S" in form or "%T" in form:
            # Arrow's %S prints as many decimals as the type holds.
            value = f'pc.floor_temporal({value}, unit="second").cast("timestamp[s]")'
        return Code(f"pc.strftime({value}, {form})", ATOM)

    def offset_by(self, e: Expression, count: Expression, unit: str) -> Code:
        if unit in _MONTHS:
            return super().offset_by(e, count, unit)
        seconds = f"({self.operand(count, PRODUCT)} * {_SECONDS[unit]})"
        return Code(f'{self.timestamp(e)} + {seconds}.cast("duration[s]")', SUM)

    def date_from_parts(self, e: Expression) -> Code:
        """Emits a date of year, month and day by parsing a text: Arrow has no other way."""
        parts = ", ".join(
            f'pc.utf8_lpad({self.expression(e.args[part], ATOM)}.cast("string"), {width}, "0")'
            for part, width in (("year", 4), ("month", 2), ("day", 2))
        )
        day = f'pc.binary_join_element_wise({parts}, "-")'
        return Code(f"{day}.cast({type_name(Type.DATE)})", ATOM)

    def date_diff(self, e: Expression) -> Code:
        """Emits ``date_diff``: how many starts of a unit, such as months, lie between two times."""
        unit = e.args["unit"].name.lower()
        earlier, later = self.timestamp(e.expression), self.timestamp(e.this)
        if unit == "month":
            months = f"(pc.month({later}) - pc.month({earlier}))"
            return Code(f"pc.years_between({earlier}, {later}) * 12 + {months}", SUM)
        return Code(f"pc.{unit}s_between({earlier}, {later})", ATOM)
