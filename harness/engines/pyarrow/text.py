"""Functions of text, spelt with ``pyarrow.compute``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from sqlglot import exp

from harness.engines.pyarrow.values import ArrowValues, wrapped
from harness.engines.python.kernel import ATOM, Code, quoted
from harness.plan.facts.printing import in_sql
from harness.plan.tree.nodes import Expression
from harness.types import Type


class ArrowText(ArrowValues):
    """Spells what is done to strings."""

    text_calls: ClassVar[dict[type[Expression], str]] = {
        exp.Upper: "pc.utf8_upper({})",
        exp.Lower: "pc.utf8_lower({})",
        exp.Reverse: "pc.utf8_reverse({})",
    }

    def like(self, e: Expression) -> Code:
        return self._like(e, "")

    def ilike(self, e: Expression) -> Code:
        return self._like(e, ", ignore_case=True")

    def _like(self, e: Expression, option: str) -> Code:
        if not isinstance(e.expression, exp.Literal):
            raise self.gaps.unsupported("a LIKE pattern that is not a constant", in_sql(e))
        pattern = quoted(e.expression.name.replace("\\", "\\\\"))  # Arrow's escape character
        return self.pc("match_like", e.this, pattern + option)

    def regexp_like(self, e: Expression) -> Code:
        return self.pc("match_substring_regex", e.this, quoted(self.pattern(e.expression)))

    def starts_with(self, e: Expression) -> Code:
        return self.pc("starts_with", e.this, self.parameter(e.expression))

    def contains(self, e: Expression) -> Code:
        return self.pc("match_substring", e.this, self.parameter(e.expression))

    def trim(self, e: Expression) -> Code:
        side = {"LEADING": "l", "TRAILING": "r"}.get(str(e.args.get("position")), "")
        characters = self.parameter(e.expression) if e.args.get("expression") else '" "'
        return self.pc(f"utf8_{side}trim", e.this, characters)

    def length(self, e: Expression) -> Code:
        return Code(f'{self.pc("utf8_length", e.this).text}.cast("int64")', ATOM)

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
        """``concat`` takes NULL for empty text, ``||`` does not."""
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

    def ends_with(self, e: Expression) -> Code:
        return self.pc("ends_with", e.this, self.parameter(e.expression))

    def right(self, e: Expression) -> Code:
        count = self.whole_number(e.expression, 1, "right() of a computed length")
        return self.pc("utf8_slice_codeunits", e.this, f"start=-{count}")

    def repeat(self, e: Expression) -> Code:
        times = self.whole_number(e.args["times"], 0, "a text repeated a computed number of times")
        return self.pc("binary_repeat", e.this, str(times))

    def pad(self, e: Expression) -> Code:
        """Longer texts are cut, on whichever side they are padded."""
        length = self.whole_number(e.expression, 1, "padding to a computed length")
        fill = self.one_character(e.args.get("fill_pattern"))
        side = "l" if e.args.get("is_left") else "r"
        padded = self.pc(f"utf8_{side}pad", e.this, str(length), fill)
        return Code(f"pc.utf8_slice_codeunits({padded.text}, start=0, stop={length})", ATOM)

    def split_part(self, e: Expression) -> Code:
        """The empty text where there are fewer parts."""
        place = self.whole_number(e.args["part_index"], 1, "a part from the end, or computed")
        return Code(self._part(self._split(e.this, e.args["delimiter"]), place - 1), ATOM)

    def _split(self, e: Expression, delimiter: Expression, *more: str) -> str:
        by = quoted(self.some_text(delimiter, "splitting by anything but a constant"))
        return self.pc("split_pattern", e, by, *more).text

    def _part(self, parts: str, place: int) -> str:
        """One of a list of texts, joined with no other."""
        return f'pc.binary_join(pc.list_slice({parts}, {place}, {place + 1}), "")'

    def bracket(self, e: Expression) -> Code:
        """An element of ``string_split``; NULL where there are fewer."""
        place = self.whole_number(e.expressions[0], 0, "an element from the end, or computed")
        parts = self._split(e.this.this, e.this.expression)
        there = f"pc.list_value_length({parts}) > {place}"
        return Code(f"pc.if_else({there}, {self._part(parts, place)}, None)", ATOM)

    def str_position(self, e: Expression) -> Code:
        """In characters; ``find_substring`` counts bytes."""
        wanted = quoted(self.some_text(e.args["substr"], "the position of a computed text"))
        before = f"pc.list_element({self._split(e.this, e.args['substr'], 'max_splits=1')}, 0)"
        place = f'pc.utf8_length({before}).cast("int64") + 1'
        found = self.pc("match_substring", e.this, wanted).text
        return Code(f"pc.if_else({found}, {place}, 0)", ATOM)

    def regexp_replace(self, e: Expression) -> Code:
        new = self.replacement(e.args["replacement"], {}, "\\{}")
        once = [] if self.replaces_all(e) else ["max_replacements=1"]
        pattern = quoted(self.pattern(e.expression))
        return self.pc("replace_substring_regex", e.this, pattern, new, *once)

    def regexp_extract(self, e: Expression) -> Code:
        """The empty text where nothing matches."""
        pattern = quoted(self.group_pattern(e, name="found"))
        found = f'pc.struct_field({self.pc("extract_regex", e.this, pattern).text}, "found")'
        text = f'pc.coalesce({found}, "")'
        if self.nullable(e.this):
            text = f"pc.if_else({self.expression(e.this, ATOM)}.is_valid(), {text}, None)"
        return Code(text, ATOM)

    def concat_ws(self, e: Expression) -> Code:
        separator, *parts = e.expressions
        texts = [self.text(self._as_text(part)) for part in parts]
        texts[0] = wrapped(parts[0], texts[0])
        if all(self.nullable(part) for part in parts):  # Arrow would leave out a row of NULLs
            nothing = " & ".join(f"{self.expression(part, ATOM)}.is_null()" for part in parts)
            texts[0] = f'pc.if_else({nothing}, "", {texts[0]})'
        values = ", ".join([*texts, self.text(separator)])
        return Code(f'pc.binary_join_element_wise({values}, null_handling="skip")', ATOM)
