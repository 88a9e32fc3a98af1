"""How dialects print nodes of a SQL tree: kind of node -> function that returns its text.

A dialect is sqlglot's nearest one with a table of such functions in its ``TRANSFORMS``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect

from harness.engines.sql.rules import kind
from harness.plan.facts.kinds import has_no_fraction
from harness.plan.facts.printing import Expression

Spelling = Callable[[Any, Any], str]
Spellings = Mapping[type[Expression], Spelling]


def dialect(
    nearest: type[Dialect], spellings: Spellings, types: Mapping[exp.DType, str] | None = None
) -> type[Dialect]:
    """A subclass of sqlglot's nearest dialect that prints some expressions in its own way.

    ``spellings`` maps an expression's class to the function that prints it; ``types`` has
    names of types that differ from the nearest dialect's.
    """
    printer: Any = nearest.generator_class
    own = {
        "TRY_SUPPORTED": True,
        "TRANSFORMS": {**printer.TRANSFORMS, **spellings},
        "TYPE_MAPPING": {**printer.TYPE_MAPPING, **(types or {})},
    }
    made: Any = type(nearest)
    named: type[Dialect] = made(
        f"{nearest.__name__}Spelt", (nearest,), {"Generator": type("Generator", (printer,), own)}
    )
    return named


def spelt(pattern: str) -> Spelling:
    """Returns a function that prints an expression by a pattern, such as ``LOG2({this})``.

    ``{name}`` stands for the text of the expression's argument of this name.
    """

    def text(printer: Any, e: Expression) -> str:
        return pattern.format_map(_Arguments(printer, e))

    return text


class _Arguments(dict[str, str]):
    """An expression's arguments by name; each is printed on first use."""

    def __init__(self, printer: Any, e: Expression) -> None:
        super().__init__()
        self.printer, self.e = printer, e

    def __missing__(self, name: str) -> str:
        if self.e.args.get(name) is None:
            self.printer.unsupported(f"{type(self.e).__name__} without {name}")
        text: str = self.printer.sql(self.e, name)
        return text


def int_div(printer: Any, e: Expression) -> str:
    """Prints ``a // b`` of integers as ``a / b``, and of floats as the truncated quotient."""
    quotient = f"{printer.sql(e, 'this')} / {printer.sql(e, 'expression')}"
    if kind(e.this) == kind(e.expression) == "BIGINT":
        return f"({quotient})"
    return f"TRUNC({quotient})"


def rounding_cast(to_even: str) -> Spelling:
    """Returns a function that prints CAST and TRY_CAST, also from floats to integers.

    DuckDB rounds halves to even, other libraries truncate. ``to_even`` is a pattern that rounds
    ``{0}`` half to even.
    """

    def text(printer: Any, e: Expression) -> str:
        value = e.this.unnest()
        whole = has_no_fraction(value) or (
            isinstance(value, exp.Round) and kind(value.this) == "BIGINT"
        )
        if kind(e) == "BIGINT" and kind(value) == "DOUBLE" and not whole:
            rounded = to_even.format(printer.sql(e, "this"))
            return f"{'TRY_' * isinstance(e, exp.TryCast)}CAST({rounded} AS BIGINT)"
        if isinstance(e, exp.TryCast):
            return f"TRY_CAST({printer.sql(e, 'this')} AS {printer.sql(e, 'to')})"
        plain: str = printer.cast_sql(e)
        return plain

    return text


HALF_TO_EVEN = (
    "(ROUND({0}) - CASE WHEN ABS({0} - TRUNC({0})) = 0.5 AND TRUNC({0}) % 2 = 0 "
    "THEN SIGNUM({0}) ELSE 0 END)"
)
"""Rounds half to even, for libraries whose ROUND rounds halves away from zero."""

CORRELATION_OR_NAN = (
    "COALESCE(CORR({this}, {expression}), CASE WHEN REGR_COUNT({this}, {expression}) > 0 "
    "THEN CAST('NaN' AS DOUBLE PRECISION) END)"
)
"""A correlation that is NaN over constant values, for libraries whose CORR is then NULL."""

DAYS_OF_NUMBERS = "(CAST(CAST({1} AS INT) AS BIGINT) - CAST(CAST({0} AS INT) AS BIGINT))"
"""The days between two dates, for libraries that cast a date to a 32-bit number of days."""


def whole_quotient(printer: Any, e: Expression) -> str:
    """Prints ``a // b`` of integers for a library whose ``/`` gives floats; by 0 it is NULL."""
    if kind(e.this) == kind(e.expression) == "BIGINT":
        return f"TRY_CAST({int_div(printer, e)} AS BIGINT)"
    return int_div(printer, e)


def quotient(printer: Any, e: Expression) -> str:
    """Prints ``a / b``; one that stands for a decimal, as ``whole / 100``, is rounded.

    Polars multiplies by 1 / b instead.
    """
    text = f"{printer.sql(e, 'this')} / {printer.sql(e, 'expression')}"
    whole = isinstance(e.this, exp.Cast) and kind(e.this.this) == "BIGINT"
    digits = e.expression.name
    if whole and e.expression.is_int and digits == "1" + "0" * (len(digits) - 1):
        return f"ROUND({text}, {len(digits) - 1})"
    return text


def logarithm(printer: Any, e: Expression) -> str:
    """Prints ``log(2, x)`` as ``LOG2(x)``, for libraries with one function per base."""
    if e.this.name not in ("2", "10"):
        printer.unsupported("this base of a logarithm")
    return f"LOG{e.this.name}({printer.sql(e, 'expression')})"


_AWAY = "(CASE WHEN {0} < 0 THEN -FLOOR(ABS({0}) + 0.5) ELSE FLOOR({0} + 0.5) END)"


def half_away(printer: Any, e: Expression) -> str:
    """Prints ROUND as a CASE that rounds halves away from zero, where ROUND rounds them to even.

    The ROUND around the CASE corrects the last bit: these libraries multiply by the reciprocal.
    """
    value: str = printer.sql(e, "this")
    places = e.args.get("decimals")
    if kind(e.this) == "BIGINT" and (places is None or isinstance(places, exp.Literal)):
        return value
    if places is None:
        return _AWAY.format(f"({value})")
    power = f"POWER(CAST(10 AS DOUBLE PRECISION), {printer.sql(places)})"
    rounded = f"({_AWAY.format(f'(({value}) * {power})')} / {power})"
    return rounded if isinstance(places, exp.Neg) else f"ROUND({rounded}, {printer.sql(places)})"


def first_by(order: str, function: str = "FIRST_VALUE") -> Spelling:
    """Returns a function that prints ``arg_max`` and ``arg_min`` as FIRST_VALUE, without NULLs.

    ``order`` is the key's direction (ASC or DESC), ``function`` the library's FIRST_VALUE.
    """

    def text(printer: Any, e: Expression) -> str:
        value, by = printer.sql(e, "this"), printer.sql(e, "expression")
        there = f"FILTER (WHERE ({value}) IS NOT NULL AND ({by}) IS NOT NULL)"
        return f"{function}({value} ORDER BY {by} {order}) {there}"

    return text


def unchanged(printer: Any, e: Expression) -> str:
    """Prints a SELECT unchanged; sqlglot's Postgres would rewrite QUALIFY."""
    text: str = printer.select_sql(e)
    return text


def concat(printer: Any, e: Expression) -> str:
    """Prints ``CONCAT(a, b)``, which skips NULLs; sqlglot would print ``||``, which does not."""
    text: str = printer.func("CONCAT", *e.expressions)
    return text


def rounded(printer: Any, e: Expression) -> str:
    """Prints ``ROUND(x, places)``, for libraries that round halves away from zero."""
    text: str = printer.func("ROUND", e.this, e.args.get("decimals"))
    return text


def negation(printer: Any, e: Expression) -> str:
    """Prints ``a NOT LIKE b`` and ``a NOT IN (b)``: not all parsers accept ``NOT a LIKE b``."""
    test = e.this
    text: str = printer.sql(test)
    sign = next((word for kind, word in _INFIX.items() if type(test) is kind), None)
    left = "" if sign is None else f"{printer.sql(test, 'this')} "
    if sign is None or not text.startswith(f"{left}{sign} "):
        return f"NOT {text}"
    return f"{left}NOT {text.removeprefix(left)}"


_INFIX = {exp.Like: "LIKE", exp.ILike: "ILIKE", exp.In: "IN", exp.Between: "BETWEEN"}


def by_unit(days: str, moments: str = "") -> Spelling:
    """Returns a function that prints ``date_diff`` as DuckDB counts: starts of the unit.

    ``days`` is a pattern for the number of days from the date ``{0}`` to the date ``{1}``,
    ``moments`` one for the number of units of a length from the time ``{0}`` to the time ``{1}``:
    of ``{unit}``, which is ``{size}`` microseconds long.
    """

    def text(printer: Any, e: Expression) -> str:
        begin, end = printer.sql(e, "expression"), printer.sql(e, "this")
        unit = (e.text("unit") or "DAY").upper().removesuffix("S")
        if unit == "DAY":
            return days.format(f"CAST({begin} AS DATE)", f"CAST({end} AS DATE)")
        parts = {"YEAR": (1, None), "QUARTER": (4, "QUARTER"), "MONTH": (12, "MONTH")}
        if unit in parts:
            count, part = parts[unit]
            years = f"(EXTRACT(YEAR FROM {end}) - EXTRACT(YEAR FROM {begin}))"
            if part is None:
                return years
            within = f"EXTRACT({part} FROM {end}) - EXTRACT({part} FROM {begin})"
            return f"({years} * {count} + {within})"
        if moments and unit in _MICROSECONDS:
            whole = unit == "MICROSECOND"
            ends = (x if whole else f"DATE_TRUNC('{unit.lower()}', {x})" for x in (begin, end))
            return moments.format(*ends, unit=unit, size=_MICROSECONDS[unit])
        printer.unsupported(f"a difference in units of {unit.lower()}")
        return ""

    return text


_MICROSECONDS = {"HOUR": 3_600_000_000, "MINUTE": 60_000_000, "SECOND": 1_000_000, "MICROSECOND": 1}
_ARROW_TIME = "ARROW_CAST({0}, 'Timestamp(Microsecond, None)')"
ARROW_APART = (
    f"(CAST({_ARROW_TIME.format('{1}')} - {_ARROW_TIME.format('{0}')} AS BIGINT) / {{size}})"
)
"""The units of a length between two moments, of DataFusion; their difference has microseconds."""

RIGHT_OF_SHORT = (
    "CASE WHEN CHAR_LENGTH({this}) > {expression} THEN RIGHT({this}, {expression}) "
    "WHEN CHAR_LENGTH({this}) <= {expression} THEN {this} END"
)
"""RIGHT for Polars 2.1, whose own loses characters of texts that are shorter than the length."""

SHARED: dict[type[Expression], Spelling] = {
    exp.ByteLength: spelt("OCTET_LENGTH({this})"),
    exp.Concat: concat,
    exp.DateFromParts: spelt("MAKE_DATE({year}, {month}, {day})"),
    exp.IntDiv: int_div,
    exp.Median: spelt("MEDIAN({this})"),
    exp.Not: negation,
    exp.Select: unchanged,
    exp.TryCast: spelt("TRY_CAST({this} AS {to})"),
}
"""Shared by dialects that are close to PostgreSQL's."""

IGNORING_NULLS: Spellings = {exp.IgnoreNulls: spelt("{this} IGNORE NULLS")}
DATAFUSION: Spellings = {
    **SHARED,
    **IGNORING_NULLS,
    exp.ArgMax: first_by("DESC"),
    exp.ArgMin: first_by("ASC"),
    **dict.fromkeys((exp.Cast, exp.TryCast), rounding_cast(HALF_TO_EVEN)),
    exp.Corr: spelt(CORRELATION_OR_NAN),
    exp.DateBin: spelt("DATE_BIN({this}, {expression})"),
    exp.DateDiff: by_unit("(CAST({1} AS INT) - CAST({0} AS INT))", ARROW_APART),
    exp.Round: rounded,
    exp.Sign: spelt("SIGNUM({this})"),
    exp.TimeToStr: spelt("TO_CHAR({this}, {format})"),
}
POLARS_SQL: Spellings = {
    **SHARED,
    **dict.fromkeys((exp.Cast, exp.TryCast), rounding_cast("ROUND({0})")),
    exp.DateDiff: by_unit(DAYS_OF_NUMBERS),
    exp.Extract: spelt("CAST(EXTRACT({this} FROM {expression}) AS BIGINT)"),
    exp.Div: quotient,
    exp.IntDiv: whole_quotient,
    exp.ByteLength: spelt("CAST(OCTET_LENGTH({this}) AS BIGINT)"),
    exp.Length: spelt("CAST(CHAR_LENGTH({this}) AS BIGINT)"),
    exp.Log: logarithm,
    exp.PercentileCont: spelt("QUANTILE_CONT({this}, {expression})"),
    exp.PercentileDisc: spelt("QUANTILE_DISC({this}, {expression})"),
    exp.Pow: spelt("POWER(CAST({this} AS DOUBLE PRECISION), {expression})"),
    exp.Right: spelt(RIGHT_OF_SHORT),
    exp.Round: half_away,
    exp.TimeToStr: spelt("STRFTIME(CAST({this} AS TIMESTAMP), {format})"),
}


def as_int(name: str, *keys: str) -> Spelling:
    """Returns a function that prints the function ``name``, which takes 32-bit numbers.

    ``keys`` name the arguments, of which computed numbers are cast to INT.
    """

    def text(printer: Any, e: Expression) -> str:
        operands = ((key, e.args[key]) for key in keys if e.args.get(key) is not None)
        return f"{name}({', '.join(operand(printer, key, x) for key, x in operands)})"

    def operand(printer: Any, key: str, x: Expression) -> str:
        plain: str = printer.sql(x)
        as_it_is = key in ("this", "delimiter") or isinstance(x, exp.Literal)
        return plain if as_it_is else f"CAST({plain} AS INT)"

    return text


def first_of_array(order: str) -> Spelling:
    """Returns a function that prints ``arg_max`` and ``arg_min`` as a sorted array's first element.

    The array has no NULLs; ``order`` is the key's direction (ASC or DESC).
    """

    def text(printer: Any, e: Expression) -> str:
        value, by = printer.sql(e, "this"), printer.sql(e, "expression")
        there = f"FILTER (WHERE ({value}) IS NOT NULL AND ({by}) IS NOT NULL)"
        return f"(ARRAY_AGG({value} ORDER BY {by} {order}) {there})[1]"

    return text


def of_booleans(name: str, of_boolean: str) -> Spelling:
    """Returns a function that prints an aggregate by ``name``, or ``of_boolean`` for booleans."""

    def text(printer: Any, e: Expression) -> str:
        called = of_boolean if kind(e.this) == "BOOLEAN" else name
        made: str = printer.func(called, e.this)
        return made

    return text


def cast_of_booleans(printer: Any, e: Expression) -> str:
    """Prints casts between booleans and numbers, for a library with casts to 32 bits only."""
    value, of, to = printer.sql(e, "this"), kind(e.this), kind(e)
    if of == "BOOLEAN" and to in ("BIGINT", "DOUBLE"):
        return f"CAST(CAST({value} AS INT) AS {printer.sql(e, 'to')})"
    if to == "BOOLEAN" and of in ("BIGINT", "DOUBLE"):
        return f"(({value}) <> 0)"
    plain: str = printer.cast_sql(e)
    return plain


def rounded_decimal(printer: Any, e: Expression) -> str:
    """Prints ROUND to places by a cast to decimal: some libraries round only decimals to places."""
    value, places = printer.sql(e, "this"), e.args.get("decimals")
    to = "BIGINT" if kind(e.this) == "BIGINT" else "DOUBLE PRECISION"
    if places is None:
        return value if to == "BIGINT" else _AWAY.format(f"({value})")
    return f"CAST(ROUND(CAST({value} AS DECIMAL), {printer.sql(places)}) AS {to})"


def quantile(name: str, fraction: str = "{expression}") -> Spelling:
    """Returns a function that prints a quantile: ``name(fraction) WITHIN GROUP (ORDER BY x)``."""
    return spelt(f"{name}({fraction}) WITHIN GROUP (ORDER BY {{this}})")


def first_match(printer: Any, e: Expression) -> str:
    """Prints ``regexp_extract`` of a whole match as SUBSTRING, with ``''`` if nothing matches."""
    if e.text("group") not in ("", "0") or re.search(r"\((?!\?)", e.expression.name):
        printer.unsupported("a group of a regular expression")
    value = printer.sql(e, "this")
    found = f"SUBSTRING({value} FROM {printer.sql(e, 'expression')})"
    return f"COALESCE({found}, CASE WHEN NOT {value} IS NULL THEN '' END)"


POSTGRES: Spellings = {
    **{key: value for key, value in SHARED.items() if key is not exp.TryCast},
    exp.AnyValue: of_booleans("MIN", "BOOL_AND"),
    exp.ArgMax: first_of_array("DESC"),
    exp.ArgMin: first_of_array("ASC"),
    exp.Cast: cast_of_booleans,
    exp.Contains: spelt("(STRPOS({this}, {expression}) > 0)"),
    exp.Corr: spelt(CORRELATION_OR_NAN),
    exp.DateBin: spelt("DATE_BIN({this}, {expression}, MAKE_TIMESTAMP(2000, 1, 3, 0, 0, 0))"),
    exp.DateDiff: by_unit(
        "({1} - {0})",
        "CAST(EXTRACT(EPOCH FROM CAST({1} AS TIMESTAMP) - CAST({0} AS TIMESTAMP))"
        " * 1000000 / {size} AS BIGINT)",
    ),
    exp.DateFromParts: as_int("MAKE_DATE", "year", "month", "day"),
    exp.EndsWith: spelt("(RIGHT({this}, LENGTH({expression})) = {expression})"),
    exp.Left: as_int("LEFT", "this", "expression"),
    exp.Max: of_booleans("MAX", "BOOL_OR"),
    exp.Median: quantile("PERCENTILE_CONT", "0.5"),
    exp.Min: of_booleans("MIN", "BOOL_AND"),
    exp.PercentileCont: quantile("PERCENTILE_CONT"),
    exp.PercentileDisc: quantile("PERCENTILE_DISC"),
    exp.RegexpExtract: first_match,
    exp.Repeat: as_int("REPEAT", "this", "times"),
    exp.Right: as_int("RIGHT", "this", "expression"),
    exp.Round: rounded_decimal,
    exp.SplitPart: as_int("SPLIT_PART", "this", "delimiter", "part_index"),
    exp.Substring: as_int("SUBSTRING", "this", "start", "length"),
}
_BOTH = "COUNT({this} + {expression})"


def of_floats(name: str) -> Spelling:
    """Returns a function that prints the aggregate ``name`` with integers cast to floats.

    Of integers the library would compute decimals.
    """

    def text(printer: Any, e: Expression) -> str:
        value = printer.sql(e, "this")
        if kind(e.this) == "BIGINT":
            value = f"CAST({value} AS DOUBLE PRECISION)"
        return f"{name}({value})"

    return text


HYPER: Spellings = {
    **POSTGRES,
    **IGNORING_NULLS,
    exp.AnyValue: spelt("MIN({this})"),
    exp.Avg: of_floats("AVG"),
    exp.Corr: spelt(CORRELATION_OR_NAN.replace("REGR_COUNT({this}, {expression})", _BOTH)),
    exp.Max: spelt("MAX({this})"),
    exp.Min: spelt("MIN({this})"),
    exp.PercentileCont: quantile("PERCENTILE_CONT"),
    exp.PercentileDisc: quantile("PERCENTILE_DISC"),
    exp.Round: half_away,
    exp.Stddev: of_floats("STDDEV_SAMP"),
    exp.StddevPop: of_floats("STDDEV_POP"),
    exp.StddevSamp: of_floats("STDDEV_SAMP"),
    exp.TryCast: spelt("TRY_CAST({this} AS {to})"),
    exp.Variance: of_floats("VAR_SAMP"),
    exp.VariancePop: of_floats("VAR_POP"),
}


def div(printer: Any, e: Expression) -> str:
    """Prints ``a // b`` of integers as ``a DIV b``, which rounds to a whole number itself."""
    if not kind(e.this) == kind(e.expression) == "BIGINT":
        printer.unsupported("a whole quotient of floats")
    return f"({printer.sql(e, 'this')} DIV {printer.sql(e, 'expression')})"


def all_matches(printer: Any, e: Expression) -> str:
    """Prints ``regexp_replace``, for a library that always replaces all matches."""
    if "g" not in e.text("modifiers"):
        printer.unsupported("a replacement of the first match alone")
    text: str = printer.func("REGEXP_REPLACE", e.this, e.expression, e.args["replacement"])
    return text


def joined(printer: Any, e: Expression) -> str:
    """Prints ``CONCAT(a, b)`` as CONCAT_WS, which skips NULLs as DuckDB's CONCAT does."""
    text: str = printer.func("CONCAT_WS", exp.Literal.string(""), *e.expressions)
    return text


def part_from_sunday(printer: Any, e: Expression) -> str:
    """Prints EXTRACT for a library in which Sunday is day 1 of a week; in DuckDB it is day 0."""
    text: str = printer.extract_sql(e)
    return f"({text} - 1)" if e.name.upper() in ("DOW", "DAYOFWEEK", "WEEKDAY") else text


def with_infinity(printer: Any, e: Expression) -> str:
    """Prints a logarithm; that of 0 is made minus infinity, for which the library has NULL."""
    value = printer.sql(e, "expression" if isinstance(e, exp.Log) else "this")
    return f"CASE WHEN {value} = 0 THEN -EXP(1000) ELSE {printer.function_fallback_sql(e)} END"


_THERE = "FILTER (WHERE NOT {this} IS NULL AND NOT {expression} IS NULL)"
PYSPARK: Spellings = {
    exp.ByteLength: spelt("OCTET_LENGTH({this})"),
    exp.AnyValue: spelt("ANY_VALUE({this}, TRUE)"),
    exp.ArgMax: spelt(f"MAX_BY({{this}}, {{expression}}) {_THERE}"),
    exp.ArgMin: spelt(f"MIN_BY({{this}}, {{expression}}) {_THERE}"),
    **dict.fromkeys((exp.Cast, exp.TryCast), rounding_cast("RINT({0})")),
    exp.Concat: joined,
    exp.Corr: spelt(CORRELATION_OR_NAN.replace("DOUBLE PRECISION", "DOUBLE")),
    exp.DateDiff: by_unit("DATEDIFF({1}, {0})", "TIMESTAMPDIFF({unit}, {0}, {1})"),
    exp.Extract: part_from_sunday,
    exp.IntDiv: div,
    exp.Ln: with_infinity,
    exp.Log: with_infinity,
    exp.Median: spelt("MEDIAN({this})"),
    exp.PercentileCont: spelt("PERCENTILE({this}, {expression})"),
    exp.PercentileDisc: quantile("PERCENTILE_DISC"),
    exp.RegexpReplace: all_matches,
    exp.Select: unchanged,
}


def sets_in_parentheses(printer: Any, e: Expression) -> str:
    """Prints GROUPING SETS with each set in parentheses, also one of a single key."""
    bracketed = (exp.Tuple, exp.Paren, exp.Rollup, exp.Cube)
    sets = (
        printer.sql(part) if isinstance(part, bracketed) else f"({printer.sql(part)})"
        for part in e.expressions
    )
    return f"GROUPING SETS ({', '.join(sets)})"


SAIL: Spellings = {
    **{kind: spelling for kind, spelling in PYSPARK.items() if kind is not exp.Extract},
    **dict.fromkeys((exp.Cast, exp.TryCast), rounding_cast("BROUND({0})")),
    exp.GroupingSets: sets_in_parentheses,
}
