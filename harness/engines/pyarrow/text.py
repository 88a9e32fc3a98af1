"""Emits text functions with ``pyarrow.compute``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from sqlglot import exp

from harness.engines.pyarrow.values import ArrowValues, wrapped
from harness.engines.python.kernel import ATOM, Code, quoted
from harness.engines.python.like import RE2, RegexSpelling, ilike_regex, like_regex
from harness.plan.facts.printing import in_sql
from harness.plan.tree.nodes import Expression
from harness.types import Type


class ArrowText(ArrowValues):
    """Emits text functions."""

    text_spellings: ClassVar[Mapping[str, str]] = {
        "Bracket": (
            "pc.if_else(pc.list_value_length("
            "pc.split_pattern({value}, {by}, max_splits={end})) > {start}, "
            "pc.binary_join(pc.list_slice("
            'pc.split_pattern({value}, {by}, max_splits={end}), {start}, {end}), ""), None)'
        ),
        "ByteLength": 'pc.binary_length({value}).cast("int64")',
        "Contains": "pc.match_substring({value}, {part})",
        "EndsWith": "pc.ends_with({value}, {part})",
        "Length": 'pc.utf8_length({value}).cast("int64")',
        "Lower": "pc.utf8_lower({value})",
        "Pad left": (
            "pc.utf8_slice_codeunits(pc.utf8_lpad({value}, {length}, {fill}), "
            "start=0, stop={length})"
        ),
        "Pad right": (
            "pc.utf8_slice_codeunits(pc.utf8_rpad({value}, {length}, {fill}), "
            "start=0, stop={length})"
        ),
        "RegexpExtract": (
            'pc.coalesce(pc.struct_field(pc.extract_regex({value}, {pattern}), "found"), "")'
        ),
        "RegexpExtract of NULLs": (
            "pc.if_else({this}.is_valid(), pc.coalesce("
            'pc.struct_field(pc.extract_regex({value}, {pattern}), "found"), ""), None)'
        ),
        "RegexpLike": "pc.match_substring_regex({value}, {pattern})",
        "RegexpReplace all": "pc.replace_substring_regex({value}, {pattern}, {new})",
        "RegexpReplace first": (
            "pc.replace_substring_regex({value}, {pattern}, {new}, max_replacements=1)"
        ),
        "Repeat": "pc.binary_repeat({value}, {times})",
        "Repeat by nothing": "pc.binary_repeat({value}, {times})",
        "Reverse": "pc.utf8_reverse({value})",
        "Right": "pc.utf8_slice_codeunits({value}, start=-{count})",
        "Right by nothing": "pc.utf8_slice_codeunits({value}, start=0, stop=0)",
        "SplitPart first": ("pc.list_element(pc.split_pattern({value}, {by}, max_splits=1), 0)"),
        "SplitPart": (
            "pc.binary_join(pc.list_slice("
            'pc.split_pattern({value}, {by}, max_splits={end}), {start}, {end}), "")'
        ),
        "StartsWith": "pc.starts_with({value}, {part})",
        "StrPosition": (
            "pc.if_else(pc.match_substring({value}, {part}), pc.utf8_length(pc.list_element("
            'pc.split_pattern({value}, {part}, max_splits=1), 0)).cast("int64") + 1, 0)'
        ),
        "Upper": "pc.utf8_upper({value})",
    }
    """Positions are counted in characters; ``find_substring`` counts bytes."""
    group: ClassVar[str] = "\\{}"
    group_name: ClassVar[str] = "found"

    def like(self, e: Expression) -> Code:
        return self._like(e, like_regex, "")

    def ilike(self, e: Expression) -> Code:
        return self._like(e, ilike_regex, ", ignore_case=True")

    def _like(self, e: Expression, regex: Callable[[str, RegexSpelling], str], option: str) -> Code:
        """Emits a test for a pattern; one with a backslash as a regular expression.

        ``match_like`` takes a backslash for an escape, and even two of them in some patterns.
        """
        if not isinstance(e.expression, exp.Literal):
            raise self.gaps.unsupported("a LIKE pattern that is not a constant", in_sql(e))
        pattern = e.expression.name
        if "\\" in pattern:
            return self.pc("match_substring_regex", e.this, quoted(regex(pattern, RE2)))
        return self.pc("match_like", e.this, quoted(pattern) + option)

    def trim(self, e: Expression) -> Code:
        side = {"LEADING": "l", "TRAILING": "r"}.get(str(e.args.get("position")), "")
        characters = self.parameter(e.expression) if e.args.get("expression") else '" "'
        return self.pc(f"utf8_{side}trim", e.this, characters)

    def substring(self, e: Expression) -> Code:
        start, length = e.args["start"], e.args.get("length")
        if not (isinstance(start, exp.Literal) and int(start.name) >= 1):
            what = "a substring from a computed or negative place"
            raise self.gaps.unsupported(what, in_sql(e))
        first = int(start.name) - 1
        what = "a substring of a computed length"
        stop = [] if length is None else [f"stop={first + self.whole_number(length, 0, what)}"]
        return self.pc("utf8_slice_codeunits", e.this, f"start={first}", *stop)

    def replace(self, e: Expression) -> Code:
        old, new = self.parameter(e.expression), self.parameter(e.args["replacement"])
        return self.pc("replace_substring", e.this, old, new)

    def dpipe(self, e: Expression) -> Code:
        return self._joined(list(e.flatten()))

    def concat(self, e: Expression) -> Code:
        """Emits ``concat``, which treats NULL as the empty text, unlike ``||``."""
        empty = exp.Literal.string("")
        return self._joined(
            [exp.Coalesce(this=p, expressions=[empty]) if self.nullable(p) else p
             for p in map(self._as_text, e.expressions)]
        )  # fmt: skip

    def _joined(self, parts: Sequence[Expression]) -> Code:
        texts = [self.text(self._as_text(part)) for part in parts]
        texts[0] = wrapped(parts[0], texts[0])
        return Code(f'pc.binary_join_element_wise({", ".join(texts)}, "")', ATOM)

    def _as_text(self, e: Expression) -> Expression:
        return e if self.type(e) in (Type.STRING, None) else exp.cast(e.copy(), "TEXT")

    def concat_ws(self, e: Expression) -> Code:
        separator, *parts = e.expressions
        texts = [self.text(self._as_text(part)) for part in parts]
        texts[0] = wrapped(parts[0], texts[0])
        if all(self.nullable(part) for part in parts):  # Arrow would skip a row of NULLs
            nothing = " & ".join(f"{self.expression(part, ATOM)}.is_null()" for part in parts)
            texts[0] = f'pc.if_else({nothing}, "", {texts[0]})'
        values = ", ".join([*texts, self.text(separator)])
        return Code(f'pc.binary_join_element_wise({values}, null_handling="skip")', ATOM)
