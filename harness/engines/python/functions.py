"""Functions that are one call in a library: decoded from SQL here, spelt by a library's table."""

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

_PRECEDENCES: Mapping[type[ast.AST], int] = {ast.Add: SUM, ast.Sub: SUM, ast.Mult: PRODUCT}


class Decoded(NamedTuple):
    """The value that a function is of, its variant, and the texts of its other arguments."""

    this: Expression
    variant: str = ""
    fields: Mapping[str, object] = {}


class Functions(Expressions):
    """Prints functions by ``spellings``, whose keys are kinds' names and their variants.

    ``Pad left`` is the key of a kind with a variant. Where the value that a function is of may be
    NULL, ``Pad left of NULLs`` is looked up first. In a spelling ``{this}`` is that value as what
    methods are called on and ``{value}`` the same as an argument; other fields are the decoder's.
    """

    spellings: ClassVar[Mapping[str, str]]
    group: ClassVar[str]
    """How a replacement names the group of a match whose number is ``{}``."""
    group_name: ClassVar[str] = ""
    """What the one group of a pattern is called, where it has to have a name."""
    group_escapes: ClassVar[Mapping[str, str]] = {}
    """Characters of a replacement that would begin the name of a group, as they are escaped."""

    def by_spelling(self, e: Expression) -> Code:
        decode = _DECODERS.get(type(e))
        this, variant, fields = Decoded(e.this) if decode is None else decode(self, e)
        key = f"{type(e).__name__} {variant}".rstrip()
        keys = [f"{key} of NULLs", key] if self.nullable(this) else [key]
        spelling = next((self.spellings[key] for key in keys if key in self.spellings), None)
        if spelling is None:
            raise self.gaps.missing(type(e), in_sql(e))
        texts = {**self.words(), **fields}
        if "this" in _fields(spelling):
            texts["this"] = self.operand(this, ATOM)
        if "value" in _fields(spelling):
            texts["value"] = self.argument(this)
        return _code(spelling.format(**texts))

    def words(self) -> Mapping[str, object]:
        """Further fields of spellings: those that a library's children say otherwise."""
        return {}

    def parameter(self, e: Expression) -> str:
        """The text of an argument that is not the value a function is of."""
        return self.text(e)

    def tested_pattern(self, e: Expression) -> str:
        """A pattern of which only matters whether it is found."""
        return self.pattern(e)

    def delimiter(self, e: Expression) -> str:
        return quoted(self.some_text(e, "splitting by anything but a constant"))

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
        return Decoded(e.this, fields={"by": by, "start": end - 1, "end": end})

    def _bracket(self, e: Expression) -> Decoded:
        """An element of ``string_split``."""
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
    exp.Bracket: Functions._bracket,
    exp.Contains: Functions._of_part,
    exp.EndsWith: Functions._of_part,
    exp.Pad: Functions._pad,
    exp.RegexpExtract: Functions._regexp_extract,
    exp.RegexpLike: Functions._regexp_like,
    exp.RegexpReplace: Functions._regexp_replace,
    exp.Repeat: Functions._repeat,
    exp.Right: Functions._right,
    exp.SplitPart: Functions._split_part,
    exp.StartsWith: Functions._of_part,
    exp.StrPosition: Functions._str_position,
}
"""Of functions that have more arguments than one."""


@cache
def _fields(spelling: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(spelling) if name)


def _code(text: str) -> Code:
    """A spelling with its fields filled in, and how tightly its outermost operator binds."""
    value = ast.parse(text, mode="eval").body
    operator = type(value.op) if isinstance(value, ast.BinOp) else type(value)
    return Code(text, _PRECEDENCES.get(operator, ATOM))
