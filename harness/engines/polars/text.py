"""Emits text functions for Polars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from sqlglot import exp

from harness.engines.polars.values import PolarsValues
from harness.engines.python.kernel import ATOM, SUM, Code, quoted
from harness.engines.python.like import COMMON, RegexSpelling, ilike_regex, like_pattern
from harness.plan.facts.kinds import is_literal
from harness.plan.facts.printing import in_sql
from harness.plan.tree.nodes import Expression
from harness.types import Type


class PolarsText(PolarsValues):
    """Emits text functions."""

    text_spellings: ClassVar[Mapping[str, str]] = {
        "Bracket": "{this}.str.split({by}).list.get({start}, null_on_oob=True)",
        "ByteLength": "{this}.str.len_bytes()",
        "Contains": "{this}.str.contains({part}, literal=True)",
        "EndsWith": "{this}.str.ends_with({part})",
        "Length": "{this}.str.len_chars()",
        "Lower": "{this}.str.to_lowercase()",
        "Pad left": "{this}.str.pad_start({length}, {fill}).str.head({length})",
        "Pad right": "{this}.str.pad_end({length}, {fill}).str.head({length})",
        "RegexpExtract": '{this}.str.extract({pattern}).fill_null("")',
        "RegexpExtract of NULLs": (
            'pl.when({this}.is_not_null()).then({this}.str.extract({pattern}).fill_null(""))'
        ),
        "RegexpLike": "{this}.str.contains({pattern})",
        "RegexpReplace all": "{this}.str.replace_all({pattern}, {new})",
        "RegexpReplace first": "{this}.str.replace({pattern}, {new})",
        "Repeat": '{this}.repeat_by({times}).list.join("", ignore_nulls=False)',
        "Repeat by nothing": "{this}.str.head(0)",
        "Reverse": "{this}.str.reverse()",
        "Right": "{this}.str.tail({count})",
        "Right by nothing": "{this}.str.tail(0)",
        "SplitPart": ('{this}.str.split({by}).list.get({start}, null_on_oob=True).fill_null("")'),
        "SplitPart of NULLs": '{this}.str.split({by}).list.slice({start}, 1).list.join("")',
        "SplitPart first": "{this}.str.splitn({by}, 2).struct[0]",
        "StartsWith": "{this}.str.starts_with({part})",
        "StrPosition": (
            "pl.when({this}.str.contains({part}, literal=True))"
            ".then({this}.str.splitn({part}, 2).struct[0].str.len_chars().cast(pl.Int64) + 1)"
            ".otherwise(0)"
        ),
        "StrPosition of NULLs": (
            "pl.when({this}.str.contains({part}, literal=True))"
            ".then({this}.str.splitn({part}, 2).struct[0].str.len_chars().cast(pl.Int64) + 1)"
            ".otherwise(pl.when({this}.is_not_null()).then(0))"
        ),
        "Upper": "{this}.str.to_uppercase()",
    }
    """Positions are counted in characters; ``str.find`` counts bytes."""
    group: ClassVar[str] = "${{{}}}"
    group_escapes: ClassVar[Mapping[str, str]] = {"$": "$$"}

    spelling: ClassVar[RegexSpelling] = COMMON
    """The syntax of regular expressions made from LIKE patterns."""

    def like(self, e: Expression) -> Code:
        subject = self.operand(e.this, ATOM)
        pattern = like_pattern(e.expression.name, self.spelling)
        if pattern.test == "equals":
            return Code(f"{subject} == {quoted(pattern.text)}", 0)
        calls = {
            "starts": "starts_with({})",
            "ends": "ends_with({})",
            "contains": "contains({}, literal=True)",
            "matches": "contains({})",
        }
        return Code(f"{subject}.str.{calls[pattern.test].format(quoted(pattern.text))}", ATOM)

    def string(self, e: Expression, call: str) -> Code:
        """Emits ``operand.str.call``; ``call`` is the text of a call, as ``starts_with("a")``."""
        return Code(f"{self.operand(e, ATOM)}.str.{call}", ATOM)

    def trim(self, e: Expression) -> Code:
        side = {"LEADING": "_start", "TRAILING": "_end"}.get(str(e.args.get("position")), "")
        if (characters := e.args.get("expression")) is None:
            return self.string(e.this, f'strip_chars{side}(" ")')
        call = f"strip_chars{side}({self.text(characters)})"
        return self.null_with(characters, self.string(e.this, call))

    def null_with(self, argument: Expression, code: Code) -> Code:
        """Returns the text of a call, ``code``, that is made NULL where an argument of it is NULL.

        Polars would take the NULL for an argument that is not given.
        """
        if not self.nullable(argument):
            return code
        there = f"{self.operand(argument, ATOM)}.is_not_null()"
        return Code(f"pl.when({there}).then({code.text})", ATOM)

    def ilike(self, e: Expression) -> Code:
        return self.string(e.this, f"contains({quoted(ilike_regex(e.expression.name))})")

    def substring(self, e: Expression) -> Code:
        start, length = e.args["start"], e.args.get("length")
        if not (isinstance(start, exp.Literal) and int(start.name) >= 1):
            raise self.gaps.unsupported("a substring from a computed or negative place", in_sql(e))
        first = int(start.name) - 1
        if length is None:
            return self.string(e.this, f"slice({first})")
        call = f"slice({first}, {self._length(e, length)})"
        return self.null_with(length, self.string(e.this, call))

    def _length(self, e: Expression, length: Expression) -> str:
        """Returns the text of a substring's length, at least 0: Polars counts backwards below it.

        Raises Unsupported for a computed length of a substring that does not start at 1.
        """
        if isinstance(length, exp.Literal):
            return self.text(length)
        if not is_literal(e.args["start"], "1"):
            reason = "a substring of a computed length from within"
            raise self.gaps.unsupported(reason, in_sql(e))
        return f"{self.operand(length, ATOM)}.clip(0)"

    def replace(self, e: Expression) -> Code:
        if not e.expression.is_string:
            raise self.gaps.unsupported("to replace a computed text", in_sql(e))
        new = e.args["replacement"]
        call = f"replace_all({self.text(e.expression)}, {self.text(new)}, literal=True)"
        return self.null_with(new, self.string(e.this, call))

    def dpipe(self, e: Expression) -> Code:
        parts = [e.this, e.expression]
        texts = [
            self.value(p) if isinstance(p, exp.Literal) else self.operand(p, SUM) for p in parts
        ]
        return Code(" + ".join(texts), SUM)

    def concat(self, e: Expression) -> Code:
        return self._joined(e.expressions, "")

    def concat_ws(self, e: Expression) -> Code:
        separator, *parts = e.expressions
        return self._joined(parts, f"separator={self.text(separator)}, ")

    def _joined(self, parts: Sequence[Expression], separator: str) -> Code:
        if len(parts) == 1:  # nothing to join: the text itself, or the empty one
            as_text = "" if self.type(parts[0]) is Type.STRING else ".cast(pl.String)"
            return Code(f'{self.operand(parts[0], ATOM)}{as_text}.fill_null("")', ATOM)
        values = ", ".join(self.value(x) for x in parts)
        return Code(f"pl.concat_str({values}, {separator}ignore_nulls=True)", ATOM)
