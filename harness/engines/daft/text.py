"""Emits text functions for Daft."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from sqlglot import exp

from harness.engines.daft.values import TYPES, DaftValues
from harness.engines.python.gaps import UNREAD_PATTERN
from harness.engines.python.kernel import ATOM, SUM, Code, quoted
from harness.plan.facts.printing import in_sql
from harness.plan.tree.nodes import Expression
from harness.types import Type


class DaftText(DaftValues):
    """Emits text functions."""

    text_spellings: ClassVar[Mapping[str, str]] = {
        "Bracket": "{this}.split({by}).get({start})",
        "ByteLength": "{this}.length_bytes()",
        "Contains": "{this}.contains({part})",
        "EndsWith": "{this}.endswith({part})",
        "Length": "{this}.length()",
        "Lower": "{this}.lower()",
        "Pad left": "{this}.lpad({length}, {fill})",
        "Pad right": "{this}.rpad({length}, {fill})",
        "RegexpLike": "{this}.regexp({pattern})",
        "RegexpReplace all": "{this}.regexp_replace({pattern}, {new})",
        "Repeat": "{this}.repeat({times})",
        "Repeat by nothing": "{this}.left(0)",
        "Reverse": "{this}.reverse()",
        "Right": "{this}.right({count})",
        "SplitPart": "{this}.split_part({by}, {end})",
        "StartsWith": "{this}.startswith({part})",
        "StrPosition": (
            "when({this}.contains({part}), "
            '{this}.split_part({part}, 1).length().cast("int64") + 1).otherwise(0)'
        ),
        "StrPosition of NULLs": (
            "when({this}.contains({part}).fill_null(False), "
            '{this}.split_part({part}, 1).length().cast("int64") + 1)'
            ".when({this}.not_null(), 0)"
        ),
        "Upper": "{this}.upper()",
    }
    """Positions are counted in characters; ``find`` counts bytes."""
    group: ClassVar[str] = "${{{}}}"
    group_escapes: ClassVar[Mapping[str, str]] = {"$": "$$"}

    def of_none(self, e: Expression, text: str) -> Code:
        """Returns the text of a call that is to be empty, not NULL, where ``e`` has no such part.

        It stays NULL where ``e``, the text that it is a part of, is NULL.
        """
        filled = f'{text}.fill_null("")'
        if not self.nullable(e):
            return Code(filled, ATOM)
        return Code(f"when({self.operand(e, ATOM)}.not_null(), {filled})", ATOM)

    def regexp_extract(self, e: Expression) -> Code:
        group = self.whole_number(e.args.get("group"), 0, "a computed group of a pattern")
        pattern = self.pattern(e.expression)
        if group > re.compile(pattern).groups:
            raise self.gaps.unsupported(UNREAD_PATTERN, in_sql(e))
        arguments = quoted(pattern) + (f", {group}" if group else "")
        return self.of_none(e.this, f"{self.operand(e.this, ATOM)}.regexp_extract({arguments})")

    def regexp_replace(self, e: Expression) -> Code:
        """Emits ``regexp_replace``; for the first match alone, one that takes the rest along."""
        if self.replaces_all(e):
            return self.by_spelling(e)
        pattern = self.pattern(e.expression)
        rest = 1 + re.compile(pattern).groups
        whole = quoted(f"(?:{pattern})((?s:.*))")
        new = self.replacement(e.args["replacement"], self.group_escapes, self.group)
        values = f"{whole}, {new[:-1]}${{{rest}}}{new[-1]}"
        return Code(f"{self.operand(e.this, ATOM)}.regexp_replace({values})", ATOM)

    def trim(self, e: Expression) -> Code:
        """Emits ``trim``; of given characters by a regular expression."""
        side, value = str(e.args.get("position")), self.operand(e.this, ATOM)
        characters = e.args.get("expression")
        if characters is None:
            call = {"LEADING": "lstrip", "TRAILING": "rstrip"}.get(side, "strip")
            return Code(f"{value}.{call}()", ATOM)
        if not (isinstance(characters, exp.Literal) and characters.name):
            raise self.gaps.unsupported("trim of a column's characters", in_sql(e))
        some = f"[{re.escape(characters.name)}]+"
        ends = {"LEADING": f"^{some}", "TRAILING": f"{some}$"}
        pattern = quoted(ends.get(side, f"^{some}|{some}$"))
        return Code(f'{value}.regexp_replace({pattern}, "")', ATOM)

    def substring(self, e: Expression) -> Code:
        start, length = e.args["start"], e.args.get("length")
        if not (isinstance(start, exp.Literal) and int(start.name) >= 1):
            raise self.gaps.unsupported("a substring from a computed or negative place", in_sql(e))
        value, before = self.operand(e.this, ATOM), int(start.name) - 1
        if before == 0:
            return self.code(e.this) if length is None else self._beginning(e.this, length)
        if length is None:
            return self.of_none(e.this, f"{value}.substr({before})")
        if not isinstance(length, exp.Literal):
            reason = "a substring of a computed length from within"
            raise self.gaps.unsupported(reason, in_sql(e))
        return self.of_none(e.this, f"{value}.substr({before}, {self.text(length)})")

    def _beginning(self, e: Expression, length: Expression) -> Code:
        """Emits the first characters of a text; Daft raises an error for a number below 0."""
        constant = isinstance(length, exp.Literal)
        many = self.text(length) if constant else f"{self.operand(length, ATOM)}.clip(0)"
        return Code(f"{self.operand(e, ATOM)}.left({many})", ATOM)

    def replace(self, e: Expression) -> Code:
        old = quoted(self.some_text(e.expression, "to replace a computed text"))
        return Code(
            f"{self.operand(e.this, ATOM)}.replace({old}, {self.text(e.args['replacement'])})", ATOM
        )

    def dpipe(self, e: Expression) -> Code:
        return self._added(list(e.flatten()))

    def _added(self, parts: list[Expression]) -> Code:
        """Emits texts put together, which are NULL where one of them is."""
        first, *others = parts
        texts = [self._as_text(first, ATOM), *(self._as_text(part, SUM) for part in others)]
        return Code(" + ".join(texts), SUM)

    def _as_text(self, e: Expression, precedence: int) -> str:
        if self._is_literal(e) and self.type(e) in (Type.STRING, None):
            return self.value(e) if precedence != SUM else self.text(e)
        if self.type(e) is Type.STRING:
            return self.operand(e, precedence)
        return self.operand(exp.cast(e.copy(), TYPES[Type.STRING]), precedence)

    def concat(self, e: Expression) -> Code:
        if len(e.expressions) > 1 and not any(map(self.nullable, e.expressions)):
            return self._added(e.expressions)
        return self._joined('""', e.expressions)

    def concat_ws(self, e: Expression) -> Code:
        separator, *parts = e.expressions
        return self._joined(self.text(separator), parts)

    def _joined(self, separator: str, parts: list[Expression]) -> Code:
        """Emits texts joined without those that are NULL; where all are, Daft's text is NULL."""
        joined = f"concat_ws({separator}, {', '.join(self._as_text(part, 0) for part in parts)})"
        return Code(f'{joined}.fill_null("")' if all(map(self.nullable, parts)) else joined, ATOM)
