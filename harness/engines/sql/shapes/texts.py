"""Tests of functions of texts, patterns and formats for gaps."""

from __future__ import annotations

import re

from sqlglot import exp

from harness.engines.sql.rules import kind
from harness.plan.facts.kinds import is_literal
from harness.plan.facts.patterns import ascii_classes
from harness.plan.facts.printing import Expression


def time_as_text(e: Expression) -> bool:
    return isinstance(e, exp.Cast) and kind(e) == "VARCHAR" and kind(e.this) == "TIMESTAMP"


def float_as_text(e: Expression) -> bool:
    """True for ``cast(x as varchar)`` of a float, which each library spells its own way: 1e+308."""
    return isinstance(e, exp.Cast) and kind(e) == "VARCHAR" and kind(e.this) == "DOUBLE"


def condition_as_text(e: Expression) -> bool:
    """True for ``cast(x > 0 as varchar)``: a computed boolean, of which chDB makes a number."""
    computed = isinstance(e, exp.Cast) and not isinstance(
        e.this.unnest(), (exp.Column, exp.Boolean)
    )
    return computed and kind(e) == "VARCHAR" and kind(e.this) == "BOOLEAN"


def text_as_condition(e: Expression) -> bool:
    return isinstance(e, exp.Cast) and kind(e) == "BOOLEAN" and kind(e.this) == "VARCHAR"


def fraction_in_format(e: Expression) -> bool:
    """True for ``strftime`` with fractions of a second (``%f``)."""
    return isinstance(e, exp.TimeToStr) and "%f" in e.text("format")


def other_letters(e: Expression) -> bool:
    """True for ``strftime`` with letters that are no codes, or codes that other libraries lack."""
    if not isinstance(e, exp.TimeToStr):
        return False
    return bool(re.search(r"[A-Za-z%\"]", re.sub("%[YmdHIMSjyBbAa]", "", e.text("format"))))


def with_names(e: Expression) -> bool:
    """True for ``strftime`` with codes that SQLite lacks, such as names of days and months."""
    return isinstance(e, exp.TimeToStr) and bool(
        re.search(r"%[^YmdHMSj%]|%$", e.text("format").replace("%%", ""))
    )


def day_of_year_in_format(e: Expression) -> bool:
    """True for ``strftime`` with the day of the year in three digits (``%j``)."""
    return isinstance(e, exp.TimeToStr) and "%j" in e.text("format")


def length_below_zero(e: Expression) -> bool:
    """True for ``substring(s, 2, n)`` if n is computed or below zero: DuckDB counts back then."""
    length = e.args.get("length") if isinstance(e, exp.Substring) else None
    if length is None or e.args["start"] == exp.Literal.number(1):
        return False
    return not isinstance(length, exp.Literal) or length.name.startswith("-")


def start_from_the_end(e: Expression) -> bool:
    """True for ``substring(s, -2, 2)``, which starts from the end."""
    start = e.args.get("start") if isinstance(e, exp.Substring) else None
    return start is not None and (isinstance(start, exp.Neg) or start.name.startswith("-"))


def computed_length(e: Expression) -> bool:
    """True for ``substring(s, 1, n)`` where n is computed."""
    length = e.args.get("length") if isinstance(e, exp.Substring) else None
    return length is not None and not isinstance(length, exp.Literal)


def computed_right(e: Expression) -> bool:
    """True for ``right(s, n)`` where n is computed, or below zero."""
    return isinstance(e, exp.Right) and not isinstance(e.expression, exp.Literal)


def right_of_very_many(e: Expression) -> bool:
    """True for ``right(s, n)`` where n is beyond 2^30."""
    count = e.expression if isinstance(e, exp.Right) else None
    return isinstance(count, exp.Literal) and count.is_int and int(count.name) > 2**30


def computed_split(e: Expression) -> bool:
    """True for ``split_part(s, a, n)`` where a or n reads a column, and may be NULL."""
    parts = (
        [e.args[key] for key in ("delimiter", "part_index")] if isinstance(e, exp.SplitPart) else []
    )
    return any(part.find(exp.Column) is not None for part in parts)


def split_by_nothing(e: Expression) -> bool:
    """True for ``split_part(s, a, n)`` where a may be empty, or n may be 0.

    DuckDB alone cuts into characters, and has an empty part of number 0.
    """
    if not isinstance(e, exp.SplitPart):
        return False
    by, place = e.args["delimiter"], e.args["part_index"]
    number = place.this if isinstance(place, exp.Neg) else place
    numbered = isinstance(number, exp.Literal) and not is_literal(number, "0")
    return not (isinstance(by, exp.Literal) and by.name and numbered)


def computed_replacement(e: Expression) -> bool:
    """True for ``replace(s, a, b)`` where a or b is computed."""
    parts = [e.args.get(key) for key in ("expression", "replacement")]
    return isinstance(e, exp.Replace) and not all(isinstance(part, exp.Literal) for part in parts)


def group_in_replacement(e: Expression) -> bool:
    r"""True for a replacement that names a group of the match: other dialects write ``$1``."""
    return _is_replaced_by(e, r"\\")


def dollar_in_replacement(e: Expression) -> bool:
    r"""True for a replacement with ``$``, a group in other dialects, or with ``\`` and no digit."""
    return _is_replaced_by(e, r"\$|\\(?!\d)")


def _is_replaced_by(e: Expression, pattern: str) -> bool:
    new = e.args.get("replacement") if isinstance(e, exp.RegexpReplace) else None
    return new is not None and re.search(pattern, new.name) is not None


def backslash_in_like(e: Expression) -> bool:
    r"""True for ``s like 'a\%'``: a backslash is a character in DuckDB, an escape elsewhere."""
    return isinstance(e, (exp.Like, exp.ILike)) and "\\" in e.expression.name


def computed_pattern(e: Expression) -> bool:
    """True for ``s like w``: a backslash in w is a character in DuckDB, an escape elsewhere."""
    return isinstance(e, (exp.Like, exp.ILike)) and not isinstance(e.expression, exp.Literal)


_REGULAR = (exp.RegexpLike, exp.RegexpReplace, exp.RegexpExtract)
_PLAIN_PATTERN = re.compile(
    r"(\(\?(i|s|is|si)\))?"
    r"([^\\\[{*+?]|\\[^\w\s]|\[(?!\^)[^\\\[\]]+\]|\(\?:|[*+?](?![*+?])|\{\d+(,\d*)?\}(?!\?))*",
    re.DOTALL,
)
"""A pattern that means the same to Perl's family and to POSIX': no ``\\w``, ``[^a]``, ``a*?``."""


def perl_only(e: Expression) -> bool:
    r"""True for a function of a regular expression that POSIX libraries may read differently.

    They may for a computed pattern, and for ``\d`` and ``a+?``, but not for ``a|b+``.
    """
    if not isinstance(e, _REGULAR):
        return False
    pattern = e.expression
    return not (isinstance(pattern, exp.Literal) and _PLAIN_PATTERN.fullmatch(pattern.name))


def unshared_pattern(e: Expression) -> bool:
    r"""True for a function of a regular expression that Rust has no spelling for: ``[a&&b]``."""
    if not isinstance(e, _REGULAR) or not isinstance(e.expression, exp.Literal):
        return False
    try:
        ascii_classes(e.expression.name)
    except ValueError:
        return True
    return False


def longest_or_first(e: Expression) -> bool:
    """True for ``regexp_replace`` or ``regexp_extract`` whose pattern may match several lengths.

    Of several possible matches DuckDB takes the first, as ``a`` of ``a|ab``, others the longest.
    """
    if not isinstance(e, (exp.RegexpReplace, exp.RegexpExtract)):
        return False
    return "|" in e.expression.name or len(re.findall(r"(?<!\()[*+?{]", e.expression.name)) > 1


def not_java(e: Expression) -> bool:
    r"""True for a function of a regular expression that Java may read differently from RE2.

    It may for a computed pattern, and for one with ``\b``, ``&&``, a bracket within brackets, or a
    brace that says not how often.
    """
    if not isinstance(e, _REGULAR):
        return False
    pattern = e.expression
    other = r"\\[bBsSvVpPCXhHRQEkGZ]|&&|\[[^\]]*\[|\(\?[a-z]*m|(?<!\\)\{(?!\d+,?\d*\})"
    return not isinstance(pattern, exp.Literal) or bool(re.search(other, pattern.name))


def not_rust(e: Expression) -> bool:
    r"""True for a function of a regular expression that Rust's library may read otherwise than RE2.

    That is one that Java may read otherwise, or one with ``\d`` or ``\w``, which mean Unicode.
    """
    return not_java(e) or (
        isinstance(e, _REGULAR) and bool(re.search(r"\\[dDwW]", e.expression.name))
    )


def pattern_with_backslash(e: Expression) -> bool:
    r"""True for a regular expression that matches a backslash: ``a\\b``, ``\x5c``, ``\134``."""
    found = isinstance(e, exp.RegexpLike)
    return found and bool(re.search(r"\\(\\|x\{?0*5c|134)", e.expression.name, re.IGNORECASE))


def ordered_texts(e: Expression) -> bool:
    return isinstance(e, exp.GroupConcat) and e.find(exp.Order) is not None


def long_name(e: Expression) -> bool:
    """True for a name of more than 63 bytes, which PostgreSQL would shorten."""
    return isinstance(e, exp.Identifier) and len(e.name.encode()) > 63
