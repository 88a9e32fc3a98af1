"""Emits text functions for PySpark."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from sqlglot import exp

from harness.engines.pyspark.values import SparkValues
from harness.engines.python.gaps import UNREAD_PATTERN
from harness.engines.python.kernel import ATOM, Code, quoted
from harness.plan.facts.patterns import ends_only
from harness.plan.facts.printing import in_sql
from harness.plan.tree.nodes import Expression

_OTHERWISE = re.compile(r"&&|\[[^\]]*\[")
"""What Java reads otherwise within brackets: intersections, and classes of classes."""


class SparkText(SparkValues):
    """Emits text functions."""

    text_spellings: ClassVar[Mapping[str, str]] = {
        "ByteLength": "F.octet_length({value})",
        "Contains": "{this}.contains({part})",
        "EndsWith": "{this}.endswith({part})",
        "Length": "F.length({value})",
        "Lower": "F.lower({value})",
        "RegexpLike": "{this}.rlike({pattern})",
        "RegexpReplace all": "F.regexp_replace({value}, {pattern}, {new})",
        "Repeat": "F.repeat({value}, {times})",
        "Reverse": "F.reverse({value})",
        "Right": "F.right({value}, F.lit({count}))",
        "SplitPart": "F.split_part({value}, F.lit({by}), F.lit({end}))",
        "StartsWith": "{this}.startswith({part})",
        "StrPosition": "F.instr({value}, {part})",
        "Upper": "F.upper({value})",
    }
    group: ClassVar[str] = "${}"
    group_escapes: ClassVar[Mapping[str, str]] = {"$": "\\$"}

    def parameter(self, e: Expression) -> str:
        return self.text(e)

    def pattern(self, e: Expression) -> str:
        r"""Returns a regular expression for Java, in which ``$`` is ``\z`` and ``(?P<`` is ``(?<``.

        ``(?d)`` makes a dot match all but a newline, ``u`` ignores case beyond ASCII.
        """
        text = re.sub(r"(?<!\\)\(\?P<", "(?<", ends_only(super().pattern(e), r"\z"))
        if _OTHERWISE.search(text):
            raise self.gaps.unsupported(UNREAD_PATTERN, in_sql(e))
        dot = "." in re.sub(r"\\.|\[[^]]*\]", "", text)
        options = ("d" if dot else "") + ("u" if "(?i" in text else "")
        return f"(?{options}){text}" if options else text

    def _groups(self, e: Expression) -> int:
        """Returns how many groups a pattern has."""
        return re.compile(super().pattern(e)).groups

    def regexp_extract(self, e: Expression) -> Code:
        group = self.whole_number(e.args.get("group"), 0, "a computed group of a pattern")
        if group > self._groups(e.expression):
            raise self.gaps.unsupported(UNREAD_PATTERN, in_sql(e))
        arguments = f"{quoted(self.pattern(e.expression))}, {group}"
        return Code(f"F.regexp_extract({self.argument(e.this)}, {arguments})", ATOM)

    def regexp_replace(self, e: Expression) -> Code:
        """Emits ``regexp_replace``; for the first match alone, one that takes the rest along."""
        if self.replaces_all(e):
            return self.by_spelling(e)
        rest = 1 + self._groups(e.expression)
        pattern = quoted(f"(?:{self.pattern(e.expression)})([\\s\\S]*)")
        new = self.replacement(e.args["replacement"], self.group_escapes, self.group)
        values = f"{self.argument(e.this)}, {pattern}, {new[:-1]}${rest}{new[-1]}"
        return Code(f"F.regexp_replace({values})", ATOM)

    def bracket(self, e: Expression) -> Code:
        """Emits an element of ``string_split``, which splits at a text; Spark's at a pattern."""
        place = self.whole_number(e.expressions[0], 0, "an element from the end, or computed")
        by = self.some_text(e.this.expression, "splitting by anything but a constant")
        parts = f"F.split({self.argument(e.this.this)}, {quoted(re.escape(by))})"
        return Code(f"F.get({parts}, {place})", ATOM)

    def trim(self, e: Expression) -> Code:
        side = {"LEADING": "l", "TRAILING": "r"}.get(str(e.args.get("position")), "")
        characters = e.args.get("expression")
        values = [e.this] if characters is None else [e.this, characters]
        return Code(f"F.{side}trim({self.arguments(values)})", ATOM)

    def pad(self, e: Expression) -> Code:
        length = self.whole_number(e.expression, 1, "padding to a computed length")
        fill = e.args.get("fill_pattern")
        text = " " if fill is None else self.some_text(fill, "padding with a computed text")
        call = "lpad" if e.args.get("is_left") else "rpad"
        return Code(f"F.{call}({self.argument(e.this)}, {length}, {quoted(text)})", ATOM)

    def substring(self, e: Expression) -> Code:
        start, length = e.args["start"], e.args.get("length")
        if not (isinstance(start, exp.Literal) and int(start.name) >= 1):
            raise self.gaps.unsupported("a substring from a computed or negative place", in_sql(e))
        value = self.argument(e.this)
        if length is None:
            return Code(f"F.substr({value}, F.lit({start.name}))", ATOM)
        return Code(f"F.substring({value}, {start.name}, {self._length(e, length)})", ATOM)

    def _length(self, e: Expression, length: Expression) -> str:
        """Returns the text of a substring's length, where Spark counts as DuckDB does.

        Raises Unsupported for a computed length of a substring that does not start at 1.
        """
        if isinstance(length, exp.Literal):
            return self.text(length)
        if e.args["start"].name != "1":
            reason = "a substring of a computed length from within"
            raise self.gaps.unsupported(reason, in_sql(e))
        return self.argument(length)

    def replace(self, e: Expression) -> Code:
        values = self.arguments([e.this, e.expression, e.args["replacement"]])
        return Code(f"F.replace({values})", ATOM)

    def dpipe(self, e: Expression) -> Code:
        return Code(f"F.concat({self.arguments(list(e.flatten()))})", ATOM)

    def concat(self, e: Expression) -> Code:
        return Code(f'F.concat_ws("", {self.arguments(e.expressions)})', ATOM)

    def concat_ws(self, e: Expression) -> Code:
        separator, *parts = e.expressions
        return Code(f"F.concat_ws({self.text(separator)}, {self.arguments(parts)})", ATOM)
