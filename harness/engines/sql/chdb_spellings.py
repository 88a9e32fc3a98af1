"""How chDB's dialect of ClickHouse prints what sqlglot's prints otherwise."""

from __future__ import annotations

import re
from typing import Any

from sqlglot import exp

from harness.engines.sql.rules import kind
from harness.engines.sql.spellings import (
    Spelling,
    Spellings,
    half_away,
    logarithm,
    spelt,
)
from harness.plan.facts.printing import Expression
from harness.plan.guards.special_uses import FULL_CASE, ROUNDED, Differing
from harness.special import Special


def cast(printer: Any, e: Expression) -> str:
    """Prints casts; from floats to integers halves are rounded to even."""
    if kind(e) == "BIGINT" and kind(e.this) == "DOUBLE":
        return f"CAST(roundBankers({printer.sql(e, 'this')}) AS Nullable(Int64))"
    plain: str = printer.cast_sql(e)
    return plain


def formatted(printer: Any, e: Expression) -> str:
    """Prints ``strftime`` as formatDateTime, which has ``%i`` for minutes instead of ``%M``."""
    form = exp.Literal.string(e.text("format").replace("%M", "%i"))
    return f"formatDateTime({printer.sql(e, 'this')}, {printer.sql(form)})"


def concat(printer: Any, e: Expression) -> str:
    """Prints CONCAT with ``''`` for NULL, which DuckDB's skips; chDB's is NULL if an operand is."""
    texts = (f"ifNull(toString({printer.sql(x)}), '')" for x in e.expressions)
    return f"concat({', '.join(texts)})"


def replaced(printer: Any, e: Expression) -> str:
    """Prints ``regexp_replace``, of the first match or of all."""
    flags = e.text("modifiers")
    if flags.strip("g"):
        printer.unsupported("these flags of a regular expression")
    given = (printer.sql(e, key) for key in ("this", "expression", "replacement"))
    return f"replaceRegexp{'All' if flags else 'One'}({', '.join(given)})"


def padded(printer: Any, e: Expression) -> str:
    side = "left" if e.args.get("is_left") else "right"
    given = (printer.sql(e, key) for key in ("this", "expression", "fill_pattern"))
    return f"{side}PadUTF8({', '.join(given)})"


def int_div(printer: Any, e: Expression) -> str:
    """Prints ``a // b``; by 0 it is NULL."""
    above, below = printer.sql(e, "this"), printer.sql(e, "expression")
    if kind(e.this) == kind(e.expression) == "BIGINT":
        return f"intDivOrNull({above}, {below})"
    return f"trunc({above} / {below})"


def remainder(printer: Any, e: Expression) -> str:
    """Prints ``a % b``; by 0 it is NULL."""
    return f"moduloOrNull({printer.sql(e, 'this')}, {printer.sql(e, 'expression')})"


def of_two(name: str) -> Spelling:
    """Returns a function that prints a deviation or variance by chDB's ``name``.

    Where there is one row, it is NULL, rather than chDB's NaN.
    """
    return spelt(f"if(count({{this}}) > 1, {name}({{this}}), NULL)")


def over(name: str) -> Spelling:
    """Returns a function that prints a window function that reads another row, by chDB's ``name``.

    Without that row the value is NULL, rather than the type's 0.
    """

    def text(printer: Any, e: Expression) -> str:
        more = [printer.sql(e, key) for key in ("offset", "default") if e.args.get(key) is not None]
        value = f"toNullable({printer.sql(e, 'this')})"
        return f"{name}({', '.join([value, *more])})"

    return text


def part_of_text(printer: Any, e: Expression) -> str:
    """Prints ``substring`` by substringUTF8: chDB's ``substring`` counts bytes, not characters."""
    given = [e.this, e.args.get("start"), e.args.get("length")]
    return f"substringUTF8({', '.join(printer.sql(x) for x in given if x is not None)})"


ADDED = re.compile(
    r"(?i:second|minute|hour|day|week|month|quarter|year)|(%[YmdHiSjy]|[-/:. ])*|(NaN)?"
)
"""The texts in these spellings."""
TYPES = {
    exp.DType.DATE: "Date32",
    exp.DType.TIMESTAMP: "DateTime64(6)",
    exp.DType.DATETIME: "DateTime64(6)",
    exp.DType.TIMESTAMPNTZ: "DateTime64(6)",
}
CHDB: Spellings = {
    **dict.fromkeys((exp.Cast, exp.TryCast), cast),
    exp.Concat: concat,
    exp.DateFromParts: spelt("makeDate32({year}, {month}, {day})"),
    exp.IntDiv: int_div,
    exp.FirstValue: over("first_value_respect_nulls"),
    exp.Lag: over("lag"),
    exp.LastValue: over("last_value_respect_nulls"),
    exp.Lead: over("lead"),
    exp.Left: spelt("leftUTF8({this}, {expression})"),
    exp.ByteLength: spelt("length({this})"),
    exp.Length: spelt("lengthUTF8({this})"),
    exp.Log: logarithm,
    exp.LogicalAnd: spelt("min({this})"),
    exp.LogicalOr: spelt("max({this})"),
    exp.Lower: spelt("lowerUTF8({this})"),
    exp.Median: spelt("quantileExactInclusive(0.5)({this})"),
    exp.Mod: remainder,
    exp.NthValue: over("nth_value"),
    exp.Pad: padded,
    exp.PercentileCont: spelt("quantileExactInclusive({expression})({this})"),
    exp.RegexpReplace: replaced,
    exp.Reverse: spelt("reverseUTF8({this})"),
    exp.Right: spelt("rightUTF8({this}, {expression})"),
    exp.Round: half_away,
    exp.Stddev: of_two("stddevSampStable"),
    exp.StddevPop: spelt("stddevPopStable({this})"),
    exp.StddevSamp: of_two("stddevSampStable"),
    exp.StrPosition: spelt("positionUTF8({this}, {substr})"),
    exp.Substring: part_of_text,
    exp.TimeToStr: formatted,
    exp.Upper: spelt("upperUTF8({this})"),
    exp.Variance: of_two("varSampStable"),
    exp.VariancePop: spelt("varPopStable({this})"),
}
DIFFERING: Differing = {
    **FULL_CASE,
    exp.ILike: FULL_CASE[exp.ILike] | FULL_CASE[exp.Upper],
    exp.Mod: frozenset({Special.LARGE, Special.INFINITE}),
    exp.Round: ROUNDED,
}
"""Where it computes otherwise with special values."""
