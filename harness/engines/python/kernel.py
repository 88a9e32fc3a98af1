"""The base of emitters of expressions in a Python API, and the names in programs."""

from __future__ import annotations

import keyword
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, NamedTuple

from sqlglot import exp

from harness.engines.gaps import Gaps
from harness.engines.python.gaps import UNREAD_PATTERN, WIDE_COUNT, WIDE_PLACE
from harness.plan.facts.columns import reads_columns
from harness.plan.facts.patterns import ascii_classes, capturing_only
from harness.plan.facts.printing import in_sql
from harness.plan.facts.typed import Typed
from harness.plan.facts.typing import Inference
from harness.plan.guards.truth import (
    CONDITIONS,
    All,
    Conditions,
    Logic,
    Missing,
    NullAsFalse,
    NullWhere,
    Opposite,
    Place,
    Plain,
    Present,
    Some,
    TrueOrFalse,
    Truth,
)
from harness.plan.guards.widths import Widths, wider
from harness.plan.tree.nodes import Expression
from harness.types import Schema, Type


class Code(NamedTuple):
    """Python source of an expression, and the precedence of its outermost operator."""

    text: str
    precedence: int


COMPARISON, OR, AND, SUM, PRODUCT, SIGN, POWER, ATOM = range(8)
COMPARISON_SIGNS: dict[type[Expression], str] = {
    exp.EQ: "==",
    exp.NEQ: "!=",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}


MOST_COUNTED = 2**31 - 1
"""The most rows or characters that every library counts."""
MOST_PLACES = 290
"""The most decimal places to which a float below 2^53 can be scaled and stay finite."""

_LEAST_PLACE = -18
"""Minus the exponent of the greatest power of ten in 64 bits."""


def method_name(kind: type[object]) -> str:
    """Returns the name of the method for a class: ``TimestampTrunc`` -> ``timestamp_trunc``.

    A keyword of Python gets an underscore: ``In`` -> ``in_``.
    """
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()
    return f"{name}_" if keyword.iskeyword(name) else name


class Expressions(ABC):
    """Emits expressions in one library's API: one method per sqlglot class, named after it.

    ``schema`` types the columns that the expressions read; ``narrow`` names those that the library
    holds in fewer bits than SQL.
    """

    logic: ClassVar[Logic] = Logic()
    """What the library's conditions give for NULL."""
    missing: ClassVar[str]
    """The method that gives True for NULL."""
    present: ClassVar[str]
    """The method that gives True for values that are not NULL."""
    truths: ClassVar[Mapping[type[Truth], str]] = {}
    """The spellings of conditions that the library does not make so by itself."""
    widths: ClassVar[Widths] = Widths()
    """Which numbers the library computes in a narrower type than SQL."""
    widening: ClassVar[str] = ""
    """The spelling of a cast to an integer of 64 bits."""
    time_formats: ClassVar[frozenset[str]] = frozenset(
        {"%Y", "%m", "%d", "%H", "%M", "%S", "%y", "%j", "%a", "%A", "%b", "%B", "%I", "%p", "%%"}
    )

    def __init__(
        self, gaps: Gaps, schema: Schema = (), narrow: frozenset[str] = frozenset()
    ) -> None:
        self.gaps, self.schema, self._types = gaps, schema, Inference(schema)
        self.narrow = narrow
        self.conditions = Conditions(self.logic, schema, self._types)

    def text(self, e: Expression) -> str:
        return self.code(e).text

    def code(self, e: Expression) -> Code:
        """Emits an expression; a condition is true, false or NULL."""
        if isinstance(e, CONDITIONS):
            return self.condition(e, Place.VALUE)
        return self.plain(e)

    def plain(self, e: Expression) -> Code:
        """Emits an expression; a condition as the library computes it, without tests for NULL."""
        if not (is_constant(e) or reads_columns(e) or isinstance(e, (exp.AggFunc, exp.Window))):
            raise self.gaps.unsupported("a constant that has to be computed", in_sql(e))
        method: Callable[[Expression], Code] | None = getattr(self, method_name(type(e)), None)
        self.gaps.refuse(type(e), e)
        return self.by_spelling(e) if method is None else method(e)

    def by_spelling(self, e: Expression) -> Code:
        """Emits an expression for whose class the emitter has no method.

        This base class raises Unsupported; derived emitters look in a table of functions.
        """
        raise self.gaps.missing(type(e), in_sql(e))

    def argument(self, e: Expression) -> str:
        """Returns the text of an argument of a function."""
        return self.text(e)

    def operand(self, e: Expression, precedence: int, strict: bool = False) -> str:
        """Returns the text of an operand, in parentheses if it binds less than ``precedence``.

        If ``strict``, also in parentheses if it binds the same, as in ``a - (b - c)``.
        """
        text, own = self.code(e)
        return f"({text})" if own < precedence or (strict and own == precedence) else text

    def typed(self, e: Expression) -> Typed:
        """Returns the type of an expression over the schema's columns."""
        return self._types.of(e)

    def type(self, e: Expression) -> Type | None:
        return self.typed(e).type

    def nullable(self, e: Expression) -> bool:
        return self.typed(e).nullable

    @abstractmethod
    def column(self, e: Expression) -> Code: ...

    def literal(self, e: Expression) -> Code:
        if e.is_string:
            return Code(quoted(e.this), ATOM)
        return Code(e.this if e.is_int else repr(float(e.this)), ATOM)

    def boolean(self, e: Expression) -> Code:
        return Code(str(bool(e.this)), ATOM)

    def null(self, e: Expression) -> Code:
        return Code("None", ATOM)

    def neg(self, e: Expression) -> Code:
        return Code(f"-{self.operand(e.this, SIGN)}", SIGN)

    def binary(self, e: Expression, operator: str, precedence: int) -> Code:
        """Emits ``a - b``; sides of a comparison need parentheses: Python chains them."""
        left = self.number(e.this, e, precedence, strict=precedence == COMPARISON)
        right = self.number(e.expression, e, precedence, strict=True)
        return Code(f"{left} {operator} {right}", precedence)

    def number(self, x: Expression, e: Expression, precedence: int, strict: bool = False) -> str:
        """Returns the text of ``x``, an operand of ``e``, widened if its type would be too narrow.

        It is in parentheses if it binds less than ``precedence``; if ``strict``, also if it binds
        the same.
        """
        kind = wider(x, e, self.widths, self.narrow, self._types)
        return self.operand(x, precedence, strict) if kind is None else self.widened(x, kind)

    def widened(self, e: Expression, kind: Type) -> str:
        """Returns the text of an expression cast to a wider type of numbers."""
        return self.widening.format(self.operand(e, ATOM))

    def mul(self, e: Expression) -> Code:
        return self.binary(e, "*", PRODUCT)

    def div(self, e: Expression) -> Code:
        return self.binary(e, "/", PRODUCT)

    def add(self, e: Expression) -> Code:
        return self.moved(e, 1) if self._is_temporal(e) else self.binary(e, "+", SUM)

    def sub(self, e: Expression) -> Code:
        return self.moved(e, -1) if self._is_temporal(e) else self.binary(e, "-", SUM)

    def _is_temporal(self, e: Expression) -> bool:
        kind = self.type(e.this)
        return kind is not None and kind.temporal

    def moved(self, e: Expression, sign: int) -> Code:
        """Emits a moment moved by an interval or days, or the days between two dates.

        ``e`` is their sum (``sign`` is 1) or difference (-1).
        """
        if isinstance(e.expression, exp.Interval):
            count, unit = e.expression.this, e.expression.args["unit"].name.lower()
            if isinstance(count, exp.Literal):
                return self.offset(e.this, sign * int(count.name), unit)
            return self.offset_by(e.this, count if sign > 0 else exp.Neg(this=count), unit)
        if self.type(e.expression) is Type.INT64 and isinstance(e.expression, exp.Literal):
            return self.days_later(e.this, sign * int(e.expression.name))
        if sign < 0 and self.type(e.expression) is Type.DATE:
            return self.days_between(e)
        raise self.gaps.unsupported("dates moved by a computed number of days", in_sql(e))

    @abstractmethod
    def offset(self, e: Expression, count: int, unit: str) -> Code: ...

    def offset_by(self, e: Expression, count: Expression, unit: str) -> Code:
        """Emits a moment moved by a computed number of units; here it raises Unsupported."""
        raise self.gaps.unsupported("an interval of a computed number of units", in_sql(e))

    @abstractmethod
    def days_later(self, e: Expression, days: int) -> Code: ...

    @abstractmethod
    def days_between(self, e: Expression) -> Code: ...

    def compared(self, e: Expression) -> Code:
        return self.binary(e, COMPARISON_SIGNS[type(e)], COMPARISON)

    eq = neq = lt = lte = gt = gte = compared

    def condition(self, e: Expression, place: Place) -> Code:
        """Emits a condition or boolean value; ``place`` says whether it may be NULL there."""
        return self.truth(self.conditions.explicit(e, place))

    def kept(self, e: Expression) -> str:
        """Returns the text of a filter, which keeps the rows for which a condition is true."""
        return self.condition(e, Place.FILTER).text

    def truth(self, truth: Truth) -> Code:
        """Emits a condition from ``truth``, a tree of AND, OR, NOT and tests for NULL.

        The tests that the library needs, to answer as SQL does, are already in the tree.
        """
        match truth:
            case Plain(e):
                return self.plain(e)
            case All(parts):
                return Code(" & ".join(enclosed(self.truth(p), AND) for p in parts), AND)
            case Some(parts):
                return Code(" | ".join(enclosed(self.truth(p), AND) for p in parts), OR)
            case Opposite(part):
                return Code(f"~{enclosed(self.truth(part), SIGN)}", SIGN)
            case Missing(e):
                return Code(f"{self.subject(e)}.{self.missing}", ATOM)
            case Present(e):
                return Code(f"{self.subject(e)}.{self.present}", ATOM)
            case NullWhere(part, values):
                fields = {
                    "part": self.enclosed(part),
                    "missing": " | ".join(self.enclosed(Missing(e)) for e in values),
                    "present": " & ".join(self.enclosed(Present(e)) for e in values),
                }
            case NullAsFalse(part):
                fields = {"part": self.enclosed(part)}
            case TrueOrFalse(true, false):
                fields = {"true": self.enclosed(true), "false": self.enclosed(false)}
        return Code(self.truths[type(truth)].format(**{**self.words(), **fields}), ATOM)

    def enclosed(self, truth: Truth) -> str:
        """Returns the text of a condition, in parentheses where a method call needs them."""
        return enclosed(self.truth(truth), ATOM)

    def words(self) -> Mapping[str, object]:
        """Returns texts for further ``{fields}`` of the patterns by which functions are spelt.

        It maps a field to its text; derived emitters override it.
        """
        return {}

    def subject(self, e: Expression) -> str:
        """Returns the text of the operand of a test for NULL, before ``.isnull()`` or the like."""
        return self.operand(e, ATOM)

    def listed(self, expressions: Sequence[Expression]) -> str:
        return f"[{', '.join(self.text(x) for x in expressions)}]"

    def places(self, e: Expression) -> int:
        """Returns the decimal places of ``round``, 0 if none are given.

        Raises Unsupported if they are computed, or more than a float has.
        """
        decimals = e.args.get("decimals")
        places = "0" if decimals is None else self.text(decimals)
        if not places.removeprefix("-").isdecimal():
            raise self.gaps.unsupported("rounding to a computed place", in_sql(e))
        if len(places) > 4 or abs(int(places)) > MOST_PLACES:
            raise self.gaps.unsupported("rounding to a place that no float has", in_sql(e))
        return int(places)

    def in_tens(self, e: Expression, places: int) -> Expression:
        """Rewrites ``round(e, -2)`` to ``round(e / 100) * 100``; ``places`` is negative.

        An integer is divided by integer division, with halves rounded away from zero.
        """
        scale = exp.Literal.number(10**-places if places >= _LEAST_PLACE else 10.0**-places)
        if self.type(e) is Type.FLOAT64:
            scaled = exp.Div(this=e, expression=scale)
            return exp.Mul(this=exp.Round(this=scaled), expression=scale.copy())
        if places < _LEAST_PLACE:
            raise self.gaps.unsupported(WIDE_PLACE, in_sql(e))
        half, rest = exp.Literal.number(10**-places // 2), exp.Mod(this=e, expression=scale)
        tens = exp.IntDiv(this=e.copy(), expression=scale.copy())
        nearest = exp.Add(this=tens, expression=exp.IntDiv(this=rest, expression=half))
        return exp.Mul(this=nearest, expression=scale.copy())

    def shift(self, e: Expression) -> tuple[int, str | None]:
        """Returns the rows by which lag moves (lead: negative), and the default's text or None."""
        offset, default = e.args.get("offset"), e.args.get("default")
        known = all(part is None or is_constant(part) for part in (offset, default))
        if not known or isinstance(offset, exp.Null):
            raise self.gaps.unsupported("lag by a computed number of rows", in_sql(e))
        rows = 1 if offset is None else int(self.text(offset))
        self._narrow(rows, e)
        text = None if default is None or isinstance(default, exp.Null) else self.text(default)
        return (rows if isinstance(e, exp.Lag) else -rows), text

    def time_format(self, e: Expression) -> str:
        """Returns the text of a strftime format, in quotes.

        Raises Unsupported for a code, such as ``%W``, that libraries spell differently.
        """
        form: str = e.args["format"].name
        if set(re.findall("%.?", form)) - self.time_formats:
            raise self.gaps.unsupported(
                "a format of times with parts that libraries spell differently", in_sql(e)
            )
        return quoted(form)

    def whole_number(self, e: Expression | None, least: int, what: str) -> int:
        """Returns an integer constant of at least ``least``.

        Raises Unsupported, with ``what`` in its words, for anything else.
        """
        if not (isinstance(e, exp.Literal) and e.is_int and int(e.name) >= least):
            raise self.gaps.unsupported(what, None if e is None else in_sql(e))
        self._narrow(int(e.name), e)
        return int(e.name)

    def _narrow(self, number: int, e: Expression) -> None:
        """Raises Refused for a number of rows or characters that libraries cannot take."""
        if abs(number) > MOST_COUNTED:
            raise self.gaps.unsupported(WIDE_COUNT, in_sql(e))

    def some_text(self, e: Expression, what: str) -> str:
        """Returns a text constant that is not empty; raises Unsupported(``what``) otherwise."""
        if not (isinstance(e, exp.Literal) and e.is_string and e.name):
            raise self.gaps.unsupported(what, in_sql(e))
        return str(e.name)

    def one_character(self, e: Expression | None) -> str:
        text = " " if e is None else self.some_text(e, "padding with a computed text")
        if len(text) > 1:
            raise self.gaps.unsupported("padding with more than one character", text)
        return quoted(text)

    def replaces_all(self, e: Expression) -> bool:
        """True if ``regexp_replace`` replaces every match, not only the first."""
        options = e.args.get("modifiers")
        if options is not None and options.name != "g":
            raise self.gaps.unsupported("an option of regexp_replace other than g", in_sql(e))
        return options is not None

    def replacement(self, e: Expression, escapes: Mapping[str, str], group: str) -> str:
        r"""Returns the text of a replacement with ``\1`` spelt as ``group.format(1)``.

        ``escapes`` maps characters to what the library has for them in a replacement.
        """
        if not (isinstance(e, exp.Literal) and e.is_string):
            raise self.gaps.unsupported("a computed replacement", in_sql(e))
        parts = re.split(r"\\([0-9])", e.name)  # text, group, text, group, ... text
        if any("\\" in text for text in parts[::2]):
            raise self.gaps.unsupported("an escape in a replacement other than a group", in_sql(e))
        parts[::2] = ["".join(escapes.get(c, c) for c in text) for text in parts[::2]]
        parts[1::2] = [group.format(number) for number in parts[1::2]]
        return quoted("".join(parts))

    def pattern(self, e: Expression) -> str:
        """Returns the regular expression in ``e``, in the syntax that RE2, Rust and Python share.

        Raises Unsupported if ``e`` is no constant, or has what the three do not share.
        """
        try:
            return ascii_classes(self.some_text(e, "a pattern that is not a constant"))
        except ValueError as error:
            raise self.gaps.unsupported(UNREAD_PATTERN, in_sql(e), str(error)) from None

    def group_pattern(self, e: Expression, name: str = "") -> str:
        """Returns the pattern of ``regexp_extract``, in which only the wanted group captures.

        ``name`` is the name that the group gets, if any.
        """
        group = self.whole_number(e.args.get("group"), 0, "a computed group of a pattern")
        try:
            return capturing_only(self.pattern(e.expression), group, name)
        except ValueError as error:
            raise self.gaps.unsupported(UNREAD_PATTERN, in_sql(e), str(error)) from None

    def date_literal(self, e: Expression) -> Code | None:
        """Returns ``date(1998, 9, 2)`` for a text cast to a date or timestamp, else None."""
        if not (isinstance(e.this, exp.Literal) and e.this.is_string):
            return None
        kind, text = Inference(()).of(e).type, e.this.name
        if kind is Type.DATE:
            return Code(f"date({_numbers(text)})", ATOM)
        if kind is Type.TIMESTAMP:
            return Code(f"datetime({_numbers(text)})", ATOM)
        return None


def enclosed(code: Code, precedence: int) -> str:
    """Returns an expression's text, in parentheses if it binds less tightly than ``precedence``."""
    return f"({code.text})" if code.precedence < precedence else code.text


def is_constant(e: Expression) -> bool:
    """True if an expression is a number, a text, a boolean or NULL, perhaps negated or cast."""
    signed = e.this if isinstance(e, (exp.Neg, exp.Cast)) else e
    return isinstance(signed, (exp.Literal, exp.Boolean, exp.Null))


def _numbers(text: str) -> str:
    """Returns the numbers in a date's or a time's text: ``1998-09-02`` -> ``1998, 9, 2``.

    Zeros at the end of a time are left out, as they are Python's defaults.
    """
    numbers = [int(n) for n in re.findall(r"\d+", text)]
    while len(numbers) > 3 and numbers[-1] == 0:
        numbers.pop()
    return ", ".join(map(str, numbers))


def quoted(text: str) -> str:
    """Returns a Python string literal, in double quotes unless the text contains some."""
    literal = repr(text)
    if literal.startswith("'") and '"' not in literal:
        return f'"{literal[1:-1]}"'
    return literal


def names(columns: Sequence[str]) -> str:
    """Returns column names as text for a program: ``"a", "b"``."""
    return ", ".join(map(quoted, columns))


def listing(columns: Sequence[str]) -> str:
    """Returns column names as the text of a Python list: ``["a", "b"]``."""
    return f"[{names(columns)}]"


def one_or_list(columns: Sequence[str]) -> str:
    return quoted(columns[0]) if len(columns) == 1 else listing(columns)


def mapping(pairs: Mapping[str, str]) -> str:
    """Returns pairs of names as the text of a Python dictionary: ``{"a": "b"}``."""
    return "{" + ", ".join(f"{quoted(a)}: {quoted(b)}" for a, b in pairs.items()) + "}"


def flags(values: Sequence[bool]) -> str:
    """Returns one flag's text if all are equal, else the list's: ``True``, ``[True, False]``."""
    return str(values[0]) if len(set(values)) == 1 else str(list(values))


def is_keyword_argument(name: str) -> bool:
    """True if a column can be passed as ``name=``: an ASCII identifier, no keyword, not ``self``.

    Python normalises other identifiers.
    """
    plain = name.isascii() and name.isidentifier() and not keyword.iskeyword(name)
    return plain and name != "self"


class Variables:
    """Gives out names for a program's variables: ``x``, or ``x2`` if ``x`` is taken.

    A wanted name that Python does not allow becomes ``table``.
    """

    def __init__(self, reserved: Sequence[str] = ("t",)) -> None:
        self.taken = set(reserved)

    def fresh(self, wanted: str) -> str:
        base = wanted if is_keyword_argument(wanted) and wanted.isascii() else "table"
        name, number = base, 1
        while name in self.taken:
            number += 1
            name = f"{base}{number}"
        self.taken.add(name)
        return name
