"""Emits functions of dates and timestamps for PySpark."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from harness.engines.pyspark.values import SparkValues
from harness.engines.python.kernel import ATOM, SUM, Code, quoted
from harness.plan.facts.printing import in_sql
from harness.plan.tree.nodes import Expression
from harness.types import Type

_LETTERS = {
    "%Y": "yyyy", "%y": "yy", "%m": "MM", "%b": "MMM", "%B": "MMMM", "%d": "dd", "%j": "DDD",
    "%a": "EEE", "%A": "EEEE", "%H": "HH", "%I": "hh", "%p": "a", "%M": "mm", "%S": "ss",
    "%%": "%",
}  # fmt: skip
_READ = {"%Y", "%m", "%d", "%H", "%M", "%S"}
"""The codes of formats by which Spark reads times as DuckDB does."""
_OF_DATES = ("year", "quarter", "month", "week")
"""The units to which ``F.trunc`` cuts a date."""
_IN_A_YEAR = {"quarter": 4, "month": 12}


class SparkDates(SparkValues):
    """Emits functions of dates and timestamps."""

    date_spellings: ClassVar[Mapping[str, str]] = {
        "Extract dow": "F.dayofweek({value}) - 1",
        "Extract doy": "F.dayofyear({value})",
        "Extract isodow": "F.weekday({value}) + 1",
        "Extract week": "F.weekofyear({value})",
        "Extract": "F.{part}({value})",
        "LastDay": "F.last_day({value})",
        "StrToTime": "F.to_timestamp_ntz({value}, F.lit({format}))",
        "TimestampTrunc": 'F.date_trunc({unit}, {value}).cast("timestamp_ntz")',
        "TimeToStr": "F.date_format({value}, {format})",
    }
    """``date_trunc`` gives a timestamp with a time zone."""

    def truncated_date(self, e: Expression) -> Code:
        """Emits a truncated date or timestamp as a date."""
        unit, value = e.args["unit"].name.lower(), self.argument(e.this)
        if self.type(e.this) is Type.DATE and unit in _OF_DATES:
            return Code(f"F.trunc({value}, {quoted(unit)})", ATOM)
        return Code(f'F.date_trunc({quoted(unit)}, {value}).cast("date")', ATOM)

    def _timestamp(self, e: Expression) -> str:
        """Returns the text of a date or timestamp, a date cast to a timestamp.

        DuckDB's result is a timestamp, too, where a date is moved.
        """
        value = self.operand(e, ATOM)
        return f'{value}.cast("timestamp_ntz")' if self.type(e) is Type.DATE else value

    def offset(self, e: Expression, count: int, unit: str) -> Code:
        many, unit = (abs(count) * 3, "month") if unit == "quarter" else (abs(count), unit)
        by = f'F.expr("INTERVAL {many} {unit.upper()}")'
        return Code(f"{self._timestamp(e)} {'-' if count < 0 else '+'} {by}", SUM)

    def offset_by(self, e: Expression, count: Expression, unit: str) -> Code:
        arguments = f"{self.argument(count)}, {self._timestamp(e)}"
        return Code(f"F.timestamp_add({quoted(unit.upper())}, {arguments})", ATOM)

    def days_later(self, e: Expression, days: int) -> Code:
        return Code(f"F.date_add({self.argument(e)}, {days})", ATOM)

    def days_between(self, e: Expression) -> Code:
        return Code(f"F.datediff({self.arguments([e.this, e.expression])})", ATOM)

    def date_from_parts(self, e: Expression) -> Code:
        parts = self.arguments([e.args[part] for part in ("year", "month", "day")])
        return Code(f"F.make_date({parts})", ATOM)

    def date_diff(self, e: Expression) -> Code:
        """Emits ``date_diff``: how many starts of a unit, such as months, lie between two times."""
        unit = e.args["unit"].name.lower()
        if unit == "day":
            return self.days_between(e)
        if unit == "year" or unit in _IN_A_YEAR:
            return self._months_apart(e, unit)
        earlier, later = (f"F.date_trunc({quoted(unit)}, {self.argument(x)})"
                          for x in (e.expression, e.this))  # fmt: skip
        return Code(f"F.timestamp_diff({quoted(unit.upper())}, {earlier}, {later})", ATOM)

    def _months_apart(self, e: Expression, unit: str) -> Code:
        later, earlier = self.argument(e.this), self.argument(e.expression)
        years = f"F.year({later}) - F.year({earlier})"
        if unit == "year":
            return Code(years, SUM)
        rest = f"F.{unit}({later}) - F.{unit}({earlier})"
        return Code(f"({years}) * {_IN_A_YEAR[unit]} + {rest}", SUM)

    def str_to_time(self, e: Expression) -> Code:
        if set(re.findall("%.?", e.args["format"].name)) - _READ:
            raise self.gaps.unsupported(
                "a format of times with parts that libraries spell differently", in_sql(e)
            )
        return self.by_spelling(e)

    def time_format(self, e: Expression) -> str:
        """Returns the text of a format in Java's letters: ``%Y at %H`` -> ``yyyy' at 'HH``."""
        super().time_format(e)  # refuses codes that libraries read differently
        parts = re.findall("%.|[^%]+", e.args["format"].name)
        return quoted("".join(_LETTERS.get(part) or _as_it_is(part) for part in parts))


def _as_it_is(text: str) -> str:
    """Returns a text within a format, in quotation marks where Java would read it as letters."""
    plain = re.fullmatch(r"[\s:/.,-]*", text) is not None
    return text if plain else "'" + text.replace("'", "''") + "'"
