"""Functions that are one call in a library: SQL's arguments decoded here, spelt by a table."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from functools import cache
from string import Formatter
from typing import ClassVar, NamedTuple

from sqlglot import exp

from harness.engines.python.kernel import (
    ATOM,
    PRODUCT,
    SUM,
    Code,
    Expressions,
    quoted,
)
from harness.plan.facts.printing import in_sql
from harness.plan.tree.nodes import Expression
from harness.types import Type

_PRECEDENCES: Mapping[type[ast.AST], int] = {
    ast.Add: SUM,
    ast.Sub: SUM,
    ast.Mult: PRODUCT,
    ast.Mod: PRODUCT,
}


_FREQUENCIES = {"hour": "h", "minute": "min", "second": "s"}
"""Unit of time -> pandas' name of it."""
_SECONDS = {"hour": 3_600, "minute": 60, "second": 1}


class Decoded(NamedTuple):
    """A function's operand (``this``), and the texts of its other arguments by name (``fields``).

    ``variant`` tells apart functions of one class: ``left`` for ``lpad``, ``right`` for ``rpad``.
    """

    this: Expression
    variant: str = ""
    fields: Mapping[str, object] = {}


class Functions(Expressions):
    """Emits functions by ``spellings``, whose keys are class names and variants.

    ``Pad left`` is the key of a class with a variant. Looked up before it are ``Pad left of
    integers`` for an operand of integers and ``Pad left of NULLs`` for one that may be NULL; after
    it ``Pad``. In a spelling ``{this}`` is the operand as a receiver of methods, ``{value}`` as an
    argument, ``{timestamp}`` as a timestamp; the decoder gives other fields.
    """

    spellings: ClassVar[Mapping[str, str]]
    group: ClassVar[str]
    """How a replacement refers to the group of number ``{}``."""
    group_name: ClassVar[str] = ""
    """The name of a pattern's one group, if it must have one."""
    group_escapes: ClassVar[Mapping[str, str]] = {}
    """Characters that would begin a reference to a group -> their escape."""

    def by_spelling(self, e: Expression) -> Code:
        decode = _DECODERS.get(type(e))
        this, variant, fields = Decoded(e.this) if decode is None else decode(self, e)
        key = f"{type(e).__name__} {variant}".rstrip()
        keys = [f"{key} of integers"] if self.type(this) is Type.INT64 else []
        keys += [f"{key} of NULLs"] if self.nullable(this) else []
        keys += [key, type(e).__name__]
        spelling = next((self.spellings[key] for key in keys if key in self.spellings), None)
        if spelling is None:
            raise self.gaps.missing(type(e), in_sql(e))
        texts = {**self.words(), **fields}
        if "this" in _fields(spelling):
            texts["this"] = self.operand(this, ATOM)
        if "value" in _fields(spelling):
            texts["value"] = self.argument(this)
        if "timestamp" in _fields(spelling):
            texts["timestamp"] = self.timestamp(this)
        return _code(spelling.format(**texts))

    def timestamp(self, e: Expression) -> str:
        """Returns the text of a date or timestamp as a timestamp, to call methods on."""
        return self.operand(e, ATOM)

    def parameter(self, e: Expression) -> str:
        """Returns the text of ``e``, an argument of a function other than its operand."""
        return self.text(e)

    def tested_pattern(self, e: Expression) -> str:
        """Returns the regular expression of a test whether it matches; its groups do not matter."""
        return self.pattern(e)

    def delimiter(self, e: Expression) -> str:
        return quoted(self.some_text(e, "splitting by anything but a constant"))

    def _extract(self, e: Expression) -> Decoded:
        part = e.name.lower()
        return Decoded(e.expression, part, {"part": part})

    def _timestamp_trunc(self, e: Expression) -> Decoded:
        return Decoded(e.this, fields={"unit": quoted(e.args["unit"].name.lower())})

    def _date_bin(self, e: Expression) -> Decoded:
        unit = e.this.args["unit"].name.lower()
        short = {"unit": unit, "letter": unit[0], "frequency": _FREQUENCIES[unit]}
        seconds = str(int(e.this.name) * _SECONDS[unit])
        fields = {"count": e.this.name, "seconds": seconds, **short}
        return Decoded(e.expression, fields=fields)

    def _in_format(self, e: Expression) -> Decoded:
        return Decoded(e.this, fields={"format": self.time_format(e)})

    def _log(self, e: Expression) -> Decoded:
        return Decoded(e.expression, fields={"base": self.text(e.this)})

    def _pow(self, e: Expression) -> Decoded:
        return Decoded(e.this, fields={"exponent": self.text(e.expression)})

    def _atan2(self, e: Expression) -> Decoded:
        return Decoded(e.this, fields={"across": self.argument(e.expression)})

    def _of_part(self, e: Expression) -> Decoded:
        return Decoded(e.this, fields={"part": self.parameter(e.expression)})

    def _pad(self, e: Expression) -> Decoded:
        length = self.whole_number(e.expression, 1, "padding to a computed length")
        fill = self.one_character(e.args.get("fill_pattern"))
        side = "left" if e.args.get("is_left") else "right"
        return Decoded(e.this, side, {"length": length, "fill": fill})

    def _right(self, e: Expression) -> Decoded:
        count = self.whole_number(e.expression, 0, "right() of a computed length")
        return Decoded(e.this, "" if count else "by nothing", {"count": count})

    def _repeat(self, e: Expression) -> Decoded:
        what = "a text repeated a computed number of times"
        times = self.whole_number(e.args["times"], 0, what)
        return Decoded(e.this, "" if times else "by nothing", {"times": times})

    def _split_part(self, e: Expression) -> Decoded:
        end = self.whole_number(e.args["part_index"], 1, "a part from the end, or computed")
        by = self.delimiter(e.args["delimiter"])
        return Decoded(
            e.this, "first" if end == 1 else "", {"by": by, "start": end - 1, "end": end}
        )

    def _bracket(self, e: Expression) -> Decoded:
        """Decodes ``string_split(s, ',')[2]``: the operand is s, ``by`` its delimiter.

        ``start`` 1 and ``end`` 2 are the element's place, counted from 0.
        """
        place = self.whole_number(e.expressions[0], 0, "an element from the end, or computed")
        by = self.delimiter(e.this.expression)
        return Decoded(e.this.this, fields={"by": by, "start": place, "end": place + 1})

    def _str_position(self, e: Expression) -> Decoded:
        part = quoted(self.some_text(e.args["substr"], "the position of a computed text"))
        return Decoded(e.this, fields={"part": part})

    def _regexp_like(self, e: Expression) -> Decoded:
        return Decoded(e.this, fields={"pattern": quoted(self.tested_pattern(e.expression))})

    def _regexp_replace(self, e: Expression) -> Decoded:
        new = self.replacement(e.args["replacement"], self.group_escapes, self.group)
        variant = "all" if self.replaces_all(e) else "first"
        pattern = quoted(self.pattern(e.expression))
        return Decoded(e.this, variant, {"pattern": pattern, "new": new})

    def _regexp_extract(self, e: Expression) -> Decoded:
        return Decoded(e.this, fields={"pattern": quoted(self.group_pattern(e, self.group_name))})


_DECODERS: Mapping[type[Expression], Callable[[Functions, Expression], Decoded]] = {
    exp.Atan2: Functions._atan2,
    exp.Bracket: Functions._bracket,
    exp.Contains: Functions._of_part,
    exp.DateBin: Functions._date_bin,
    exp.EndsWith: Functions._of_part,
    exp.Extract: Functions._extract,
    exp.Log: Functions._log,
    exp.Pad: Functions._pad,
    exp.Pow: Functions._pow,
    exp.RegexpExtract: Functions._regexp_extract,
    exp.RegexpLike: Functions._regexp_like,
    exp.RegexpReplace: Functions._regexp_replace,
    exp.Repeat: Functions._repeat,
    exp.Right: Functions._right,
    exp.SplitPart: Functions._split_part,
    exp.StartsWith: Functions._of_part,
    exp.StrPosition: Functions._str_position,
    exp.StrToTime: Functions._in_format,
    exp.TimeToStr: Functions._in_format,
    exp.TimestampTrunc: Functions._timestamp_trunc,
}
"""Decoders of functions with several arguments."""


@cache
def _fields(spelling: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(spelling) if name)


def _code(text: str) -> Code:
    """Returns the code of a program's text: ``a + b`` has the precedence of ``+``."""
    value = ast.parse(text, mode="eval").body
    operator = type(value.op) if isinstance(value, ast.BinOp) else type(value)
    return Code(text, _PRECEDENCES.get(operator, ATOM))


def one_zero(key: Expression) -> Expression:
    """Returns a float key with -0.0 as 0.0: the two are equal in SQL, not in Arrow."""
    return exp.Add(this=key.copy(), expression=exp.Literal.number("0.0"))
