"""Functions of text, spelt for Polars."""

from __future__ import annotations

from typing import ClassVar

from sqlglot import exp

from harness.engines.polars.values import PolarsValues
from harness.engines.python.kernel import ATOM, SUM, Code, quoted
from harness.engines.python.like import COMMON, RegexSpelling, ilike_regex, like_pattern
from harness.plan.facts.kinds import is_literal
from harness.plan.facts.printing import in_sql
from harness.plan.tree.nodes import Expression


class PolarsText(PolarsValues):
    """Spells what is done to strings."""

    text_calls: ClassVar[dict[type[Expression], str]] = {
        exp.Upper: "{}.str.to_uppercase()",
        exp.Lower: "{}.str.to_lowercase()",
        exp.Length: "{}.str.len_chars()",
        exp.Reverse: "{}.str.reverse()",
    }

    spelling: ClassVar[RegexSpelling] = COMMON
    """That of the regular expressions that come of LIKE patterns."""

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

    def regexp_like(self, e: Expression) -> Code:
        return self.string(e.this, f"contains({quoted(self.pattern(e.expression))})")

    def starts_with(self, e: Expression) -> Code:
        return Code(
            f"{self.operand(e.this, ATOM)}.str.starts_with({self.text(e.expression)})", ATOM
        )

    def string(self, e: Expression, call: str) -> Code:
        """One call of the ``str`` namespace."""
        return Code(f"{self.operand(e, ATOM)}.str.{call}", ATOM)

    def trim(self, e: Expression) -> Code:
        side = {"LEADING": "_start", "TRAILING": "_end"}.get(str(e.args.get("position")), "")
        if (characters := e.args.get("expression")) is None:
            return self.string(e.this, f'strip_chars{side}(" ")')
        call = f"strip_chars{side}({self.text(characters)})"
        return self.given(characters, self.string(e.this, call))

    def given(self, argument: Expression, code: Code) -> Code:
        """NULL where an argument is, which Polars takes for one that it is not given."""
        if not self.nullable(argument):
            return code
        there = f"{self.operand(argument, ATOM)}.is_not_null()"
        return Code(f"pl.when({there}).then({code.text})", ATOM)

    def contains(self, e: Expression) -> Code:
        return self.string(e.this, f"contains({self.text(e.expression)}, literal=True)")

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
        return self.given(length, self.string(e.this, call))

    def _length(self, e: Expression, length: Expression) -> str:
        """A length below zero goes backwards, so from the first character it comes to nothing."""
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
        return self.given(new, self.string(e.this, call))

    def dpipe(self, e: Expression) -> Code:
        parts = [e.this, e.expression]
        texts = [
            self.value(p) if isinstance(p, exp.Literal) else self.operand(p, SUM) for p in parts
        ]
        return Code(" + ".join(texts), SUM)

    def concat(self, e: Expression) -> Code:
        values = ", ".join(self.value(x) for x in e.expressions)
        return Code(f"pl.concat_str({values}, ignore_nulls=True)", ATOM)

    def ends_with(self, e: Expression) -> Code:
        return self.string(e.this, f"ends_with({self.text(e.expression)})")

    def right(self, e: Expression) -> Code:
        count = self.whole_number(e.expression, 0, "right() of a computed length")
        return self.string(e.this, f"tail({count})")

    def repeat(self, e: Expression) -> Code:
        times = self.whole_number(e.args["times"], 1, "a text repeated a computed number of times")
        text = f"{self.operand(e.this, ATOM)}.repeat_by({times})"
        return Code(f'{text}.list.join("", ignore_nulls=False)', ATOM)

    def pad(self, e: Expression) -> Code:
        """Longer texts are cut, on whichever side they are padded."""
        length = self.whole_number(e.expression, 1, "padding to a computed length")
        fill = self.one_character(e.args.get("fill_pattern"))
        side = "start" if e.args.get("is_left") else "end"
        return self.string(e.this, f"pad_{side}({length}, {fill}).str.head({length})")

    def split_part(self, e: Expression) -> Code:
        """The empty text where there are fewer parts."""
        place = self.whole_number(e.args["part_index"], 1, "a part from the end, or computed")
        parts = self.string(e.this, f"split({self._delimiter(e.args['delimiter'])})")
        return Code(f'{parts.text}.list.slice({place - 1}, 1).list.join("")', ATOM)

    def _delimiter(self, e: Expression) -> str:
        return quoted(self.some_text(e, "splitting by anything but a constant"))

    def bracket(self, e: Expression) -> Code:
        """An element of ``string_split``; NULL where there are fewer."""
        place = self.whole_number(e.expressions[0], 0, "an element from the end, or computed")
        parts = self.string(e.this.this, f"split({self._delimiter(e.this.expression)})")
        return Code(f"{parts.text}.list.get({place}, null_on_oob=True)", ATOM)

    def str_position(self, e: Expression) -> Code:
        """In characters; ``str.find`` counts bytes."""
        text = self.operand(e.this, ATOM)
        wanted = quoted(self.some_text(e.args["substr"], "the position of a computed text"))
        before = f"{text}.str.splitn({wanted}, 2).struct[0].str.len_chars().cast(pl.Int64)"
        found = f"pl.when({text}.str.contains({wanted}, literal=True)).then({before} + 1)"
        nothing = f"pl.when({text}.is_not_null()).then(0)" if self.nullable(e.this) else "0"
        return Code(f"{found}.otherwise({nothing})", ATOM)

    def regexp_replace(self, e: Expression) -> Code:
        """Groups are called ``${1}`` in a replacement, where SQL has ``\\1``."""
        new = self.replacement(e.args["replacement"], {"$": "$$"}, "${{{}}}")
        call = "replace_all" if self.replaces_all(e) else "replace"
        return self.string(e.this, f"{call}({quoted(self.pattern(e.expression))}, {new})")

    def regexp_extract(self, e: Expression) -> Code:
        """The empty text where nothing matches."""
        text = self.operand(e.this, ATOM)
        found = f'{text}.str.extract({quoted(self.group_pattern(e))}).fill_null("")'
        if self.nullable(e.this):
            return Code(f"pl.when({text}.is_not_null()).then({found})", ATOM)
        return Code(found, ATOM)

    def concat_ws(self, e: Expression) -> Code:
        separator, *parts = e.expressions
        if len(parts) == 1:  # nothing to join: the text itself, or no text
            return Code(f'{self.operand(parts[0], ATOM)}.fill_null("")', ATOM)
        values = ", ".join(self.value(x) for x in parts)
        options = f"separator={self.text(separator)}, ignore_nulls=True"
        return Code(f"pl.concat_str({values}, {options})", ATOM)
