"""Prints for SQLite what it has only as formulas: dates, casts, quotients, texts.

Dates and times are texts, ``2020-01-31`` and ``2020-01-31 00:00:00``, which sort in time order.
"""

from __future__ import annotations

import re
from typing import Any

from sqlglot import exp

from harness.engines.sql.rules import kind
from harness.engines.sql.spellings import Spelling, Spellings, int_div, negation, spelt
from harness.plan.facts.kinds import SECONDS
from harness.plan.facts.printing import Expression

_UNITS = {"WEEK": ("DAY", 7), "QUARTER": ("MONTH", 3), "YEAR": ("MONTH", 12)}
"""Unit of an interval -> a smaller unit, and their number."""
_PARTS = {"YEAR": "%Y", "MONTH": "%m", "DAY": "%d", "HOUR": "%H", "MINUTE": "%M", "SECOND": "%S"}
_PARTS |= {"DOY": "%j", "DAYOFYEAR": "%j", "DOW": "%w", "DAYOFWEEK": "%w", "EPOCH": "%s"}
_STARTS = {
    "YEAR": "'start of year'",
    "QUARTER": "'start of month', '-' || ((strftime('%m', {0}) - 1) % 3) || ' months'",
    "MONTH": "'start of month'",
    "WEEK": "'weekday 0', '-6 days'",
    "DAY": "'start of day'",
}
_TIMES = {"HOUR": "%Y-%m-%d %H:00:00", "MINUTE": "%Y-%m-%d %H:%M:00", "SECOND": "%Y-%m-%d %H:%M:%S"}
ADDED = re.compile(
    r"%[A-Za-z]|%Y-%m-%d %H:(00:00|%M:00|%M:%S)|start of (year|month|day)|weekday 0|unixepoch"
    r"|true|false|-|([+-]?\d+)? ?(day|month|hour|minute|second)s?|%04d-%02d-%02d|NaN"
    r"|(\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?)?"
)
"""The texts in these spellings."""
_WRITTEN = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?")


def _unit(e: Expression) -> str:
    return (e.text("unit") or "DAY").upper().removesuffix("S")


def truncated(printer: Any, e: Expression) -> str:
    """Prints ``date_trunc('month', d)`` as ``date(d, 'start of month')``.

    Parts of a day are cut off by a format of strftime.
    """
    value, unit = printer.sql(e, "this"), _unit(e)
    if unit in _TIMES:
        return f"strftime('{_TIMES[unit]}', {value})"
    if unit not in _STARTS:
        printer.unsupported(f"date_trunc to a {unit.lower()}")
        return ""
    function = "date" if kind(e) == "DATE" else "datetime"
    start = f"date({value}, {_STARTS[unit].format(value)})"
    return start if function == "date" else f"datetime({start})"


def bucket(printer: Any, e: Expression) -> str:
    """Prints ``time_bucket`` by seconds since 1970; a remainder has the sign of what is divided."""
    count, unit = e.this.name, _unit(e.this)
    seconds = f"CAST(strftime('%s', {printer.sql(e, 'expression')}) AS INTEGER)"
    width = int(count) * SECONDS[unit]
    return f"datetime({seconds} - ({seconds} % {width} + {width}) % {width}, 'unixepoch')"


def part(printer: Any, e: Expression) -> str:
    """Prints ``extract(year from d)`` as ``CAST(strftime('%Y', d) AS INTEGER)``."""
    value, unit = printer.sql(e, "expression"), e.name.upper()
    if unit == "QUARTER":
        return f"((strftime('%m', {value}) + 2) / 3)"
    if unit not in _PARTS:
        printer.unsupported(f"the {unit.lower()} of a date")
        return ""
    return f"CAST(strftime('{_PARTS[unit]}', {value}) AS INTEGER)"


def moved(sign: str) -> Spelling:
    """Returns a function that prints ``d + interval n month``, or ``d - …`` if ``sign`` is ``-``.

    A day that the month lacks becomes the month's last one. Other units are printed, too.
    """

    def text(printer: Any, e: Expression) -> str:
        step = e.expression.unnest()
        if not isinstance(step, exp.Interval):
            return _of_days(printer, e, sign)
        value, (unit, times) = printer.sql(e, "this"), _UNITS.get(_unit(step), (_unit(step), 1))
        if unit not in ("DAY", "MONTH", "HOUR", "MINUTE", "SECOND"):
            printer.unsupported(f"an interval in units of {unit.lower()}")
        by = f"'{_signed(sign, int(step.name) * times)} {unit.lower()}s'"
        if unit != "MONTH":
            return f"datetime({value}, {by})"
        end = f"date({value}, 'start of month', {by}, '+1 month', '-1 day')"
        return f"(min(date({value}, {by}), {end}) || substr(datetime({value}), 11))"

    return text


def _of_days(printer: Any, e: Expression, sign: str) -> str:
    """Prints ``d + 3`` for a date and a number of days, or ``d - 3`` if the ``sign`` is ``-``.

    Other sums are printed as usual.
    """
    dates, days = (e.this, e.expression) if kind(e.this) == "DATE" else (e.expression, e.this)
    if kind(dates) != "DATE" or kind(days) != "BIGINT":
        plain: str = printer.binary(e, sign)
        return plain
    return f"date({printer.sql(dates)}, ({sign}({printer.sql(days)})) || ' days')"


def _signed(sign: str, number: int) -> str:
    return f"{number if sign == '+' else -number:+d}"


def apart(printer: Any, e: Expression) -> str:
    """Prints ``date_diff``: how many starts of a unit, such as months, lie between two dates."""
    begin, end, unit = printer.sql(e, "expression"), printer.sql(e, "this"), _unit(e)
    if unit == "DAY":
        days = f"julianday(date({end})) - julianday(date({begin}))"
        return f"CAST({days} AS INTEGER)"
    per = {"YEAR": 12, "QUARTER": 3, "MONTH": 1}.get(unit)
    if per is None:
        printer.unsupported(f"a difference in units of {unit.lower()}")
        return ""
    month = "(strftime('%Y', {0}) * 12 + strftime('%m', {0}) - 1) / {1}"
    return f"({month.format(end, per)} - {month.format(begin, per)})"


def cast(printer: Any, e: Expression) -> str:
    """Prints casts by type; to a date by SQLite's ``date``, since its CAST gives the year."""
    of, to = kind(e.this), kind(e)
    value = f"({printer.sql(e, 'this')})" if _is_joined(e.this) else printer.sql(e, "this")
    if to in ("DATE", "TIMESTAMP"):
        return _as_date(printer, e, to)
    if to == "VARCHAR":
        if of == "BOOLEAN":
            return f"CASE {value} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END"
        return f"CAST({value} AS TEXT)"
    if to == "BOOLEAN":
        return f"({value} <> 0)"
    if to == "BIGINT" and of == "DOUBLE":
        even = f"iif(abs({value} - CAST({value} AS INTEGER)) = 0.5, 2 * round({value} / 2), "
        return f"CAST({even}round({value})) AS INTEGER)"
    if of == "VARCHAR":
        printer.unsupported("a text as a number, which is 0 where it is none")
    return f"CAST({value} AS {'INTEGER' if to == 'BIGINT' else 'REAL'})"


def _is_joined(e: Expression) -> bool:
    """True if an expression needs parentheses as an operand: it is an operator with operands."""
    return isinstance(e, (exp.Binary, exp.Unary)) and not isinstance(e, (exp.Paren, exp.Func))


def _as_date(printer: Any, e: Expression, to: str) -> str:
    value: str = printer.sql(e, "this")
    if isinstance(e.this, exp.Literal):
        whole, _, fraction = e.this.name.partition(".")
        if fraction.strip("0"):
            printer.unsupported("a fraction of a second")
        written = whole if to == "DATE" else f"{whole} 00:00:00"[:19]
        if _WRITTEN.fullmatch(written):
            return f"'{written}'"
    if kind(e.this) not in ("DATE", "TIMESTAMP"):
        printer.unsupported("a text as a date, which is NULL where it is none")
    return f"{'date' if to == 'DATE' else 'datetime'}({value})"


def quotient(printer: Any, e: Expression) -> str:
    """Prints ``a / b``, which is infinite if b is 0; SQLite's is NULL."""
    above, below = printer.sql(e, "this"), printer.sql(e, "expression")
    if not isinstance(e.this, (exp.Cast, exp.Column)):  # decimals are computed as whole numbers
        above = f"CAST({above} AS REAL)"
    if isinstance(e.expression, exp.Literal) and float(e.expression.name) != 0:
        return f"{above} / {below}"
    infinite = f"CASE WHEN {above} > 0 THEN 9e999 WHEN {above} < 0 THEN -9e999 END"
    return f"(CASE {below} WHEN 0 THEN {infinite} ELSE {above} / {below} END)"


def of_literal(pattern: str) -> Spelling:
    """Returns a function that prints a function of a text and a number by a pattern.

    ``substr({0}, -{1})`` is one for ``right``: ``{0}`` is the text, ``{1}`` the number, which
    must be a literal above 0.
    """

    def text(printer: Any, e: Expression) -> str:
        number = e.expression
        if not (isinstance(number, exp.Literal) and number.is_int and int(number.name) > 0):
            printer.unsupported("a part of a text of a computed length")
        return pattern.format(printer.sql(e, "this"), printer.sql(number))

    return text


def concat(printer: Any, e: Expression) -> str:
    """Prints CONCAT, which skips NULLs, by ``||``, which makes texts of numbers."""
    return "('' || " + " || ".join(f"coalesce({printer.sql(x)}, '')" for x in e.expressions) + ")"


def logarithm(printer: Any, e: Expression) -> str:
    """Prints logarithms; that of 0 is minus infinity, where SQLite's is NULL."""
    value = printer.sql(e, "expression" if e.args.get("expression") else "this")
    base = e.this.name if e.args.get("expression") else ""
    if base not in ("", "2", "10"):
        printer.unsupported("this base of a logarithm")
    name = "ln" if isinstance(e, exp.Ln) else f"log{base or 10}"
    return f"(CASE {value} WHEN 0 THEN -9e999 ELSE {name}({value}) END)"


def rounded(printer: Any, e: Expression) -> str:
    """Prints ROUND; negative places are unsupported, since SQLite takes them for 0."""
    value, places = printer.sql(e, "this"), e.args.get("decimals")
    if kind(e.this) == "BIGINT" and not isinstance(places, exp.Neg):
        return str(value)
    if isinstance(places, exp.Neg):
        printer.unsupported("rounding to tens")
    return f"round({value})" if places is None else f"round({value}, {printer.sql(places)})"


def rows_of_constants(printer: Any, e: Expression) -> str:
    """Prints VALUES, whose columns SQLite cannot name, as a union of SELECTs."""
    names = [column.copy() for column in e.args["alias"].columns]
    sides = [
        exp.select(*map(exp.alias_, row.expressions, names), copy=False) for row in e.expressions
    ]
    union = exp.union(*sides, distinct=False) if len(sides) > 1 else sides[0]
    alias = exp.TableAlias(this=e.args["alias"].this)
    text: str = printer.sql(exp.Subquery(this=union, alias=alias))
    return text


SQLITE: Spellings = {
    exp.Add: moved("+"),
    exp.Cast: cast,
    exp.Concat: concat,
    exp.ByteLength: spelt("length(CAST({this} AS BLOB))"),
    exp.Contains: spelt("(instr({this}, {expression}) > 0)"),
    exp.DateDiff: apart,
    exp.DateFromParts: spelt(
        "CASE WHEN NOT {year} IS NULL"  # which printf writes as 0000, a year that there is
        " THEN date(printf('%04d-%02d-%02d', {year}, {month}, {day})) END"
    ),
    exp.DateTrunc: truncated,
    exp.Div: quotient,
    exp.EndsWith: spelt("(substr({this}, -length({expression})) = {expression})"),
    exp.Extract: part,
    exp.IntDiv: int_div,
    exp.LastDay: spelt("date({this}, 'start of month', '+1 month', '-1 day')"),
    exp.Left: of_literal("substr({0}, 1, {1})"),
    exp.Ln: logarithm,
    exp.Log: logarithm,
    exp.Not: negation,
    exp.Right: of_literal("substr({0}, -{1})"),
    exp.Round: rounded,
    exp.StartsWith: spelt("(substr({this}, 1, length({expression})) = {expression})"),
    exp.StrPosition: spelt("instr({this}, {substr})"),
    exp.Sub: moved("-"),
    exp.TimeToStr: spelt("strftime({format}, {this})"),
    exp.DateBin: bucket,
    exp.TimestampTrunc: truncated,
    exp.Values: rows_of_constants,
}
