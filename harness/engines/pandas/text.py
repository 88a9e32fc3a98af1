"""Functions of text, spelt for pandas."""

from __future__ import annotations

from typing import ClassVar

from sqlglot import exp

from harness.engines.pandas.values import PandasValues
from harness.engines.python.kernel import ATOM, COMPARISON, SUM, Code, quoted
from harness.engines.python.like import ilike_regex, like_pattern
from harness.plan.facts.patterns import capturing_only, ends_only
from harness.plan.facts.printing import in_sql
from harness.plan.tree.nodes import Expression
from harness.types import Type


class PandasText(PandasValues):
    """Spells what is done to strings."""

    text_calls: ClassVar[dict[type[Expression], str]] = {
        exp.Upper: "{}.str.upper()",
        exp.Lower: "{}.str.lower()",
        exp.Reverse: "{}.str[::-1]",
    }

    def like(self, e: Expression) -> Code:
        subject, pattern = self.operand(e.this, ATOM), like_pattern(e.expression.name)
        if pattern.test == "equals":
            return Code(f"{subject} == {quoted(pattern.text)}", COMPARISON)
        calls = {
            "starts": "startswith({})",
            "ends": "endswith({})",
            "contains": "contains({}, regex=False)",
            "matches": "contains({})",
        }
        return Code(f"{subject}.str.{calls[pattern.test].format(quoted(pattern.text))}", ATOM)

    def regexp_like(self, e: Expression) -> Code:
        pattern = capturing_only(self.pattern(e.expression), group=-1)  # of groups pandas warns
        return self.string(e.this, f"contains({quoted(pattern)})")

    def starts_with(self, e: Expression) -> Code:
        return self.string(e.this, f"startswith({self.text(e.expression)})")

    def contains(self, e: Expression) -> Code:
        return self.string(e.this, f"contains({self.text(e.expression)}, regex=False)")

    def ilike(self, e: Expression) -> Code:
        return self.string(e.this, f"contains({quoted(ilike_regex(e.expression.name))})")

    def string(self, e: Expression, call: str) -> Code:
        """One call of the ``str`` accessor."""
        return Code(f"{self.operand(e, ATOM)}.str.{call}", ATOM)

    def upper(self, e: Expression) -> Code:
        return self.string(e.this, "upper()")

    def lower(self, e: Expression) -> Code:
        return self.string(e.this, "lower()")

    def trim(self, e: Expression) -> Code:
        side = {"LEADING": "l", "TRAILING": "r"}.get(str(e.args.get("position")), "")
        characters = self.text(e.expression) if e.args.get("expression") else '" "'
        if e.args.get("expression") and not isinstance(e.expression, exp.Literal):
            raise self.gaps.unsupported("trim of a column's characters", in_sql(e))
        return self.string(e.this, f"{side}strip({characters})")

    def length(self, e: Expression) -> Code:
        code = self.string(e.this, "len()")
        if self.nullable(e.this) and self.masks:
            return Code(f'{code.text}.astype("Int64")', ATOM)
        return code

    def substring(self, e: Expression) -> Code:
        start, length = e.args["start"], e.args.get("length")
        numbers = [n for n in (start, length) if n is not None]
        if not all(isinstance(n, exp.Literal) for n in numbers) or int(start.name) < 1:
            raise self.gaps.unsupported("a substring from a computed or negative place", in_sql(e))
        first = int(start.name) - 1
        last = "" if length is None else f", {first + int(length.name)}"
        return self.string(e.this, f"slice({first}{last})")

    def replace(self, e: Expression) -> Code:
        parts = e.expression, e.args["replacement"]
        if not all(isinstance(part, exp.Literal) for part in parts):
            raise self.gaps.unsupported("replace with a column", in_sql(e))
        old, new = map(self.text, parts)
        return self.string(e.this, f"replace({old}, {new}, regex=False)")

    def dpipe(self, e: Expression) -> Code:
        parts = [self.operand(p, SUM) for p in (e.this, e.expression)]
        if any(self.type(p) is not Type.STRING for p in (e.this, e.expression)):
            raise self.gaps.unsupported("|| of anything but texts", in_sql(e))
        return Code(" + ".join(parts), SUM)

    def concat(self, e: Expression) -> Code:
        """concat() takes NULL for the empty text."""
        return Code(" + ".join(self._concatenated(part) for part in e.expressions), SUM)

    def _concatenated(self, e: Expression) -> str:
        if isinstance(e, exp.Literal):
            return quoted(e.name)
        if self.type(e) not in (Type.STRING, Type.INT64):
            raise self.gaps.unsupported("concat of anything but texts and integers", in_sql(e))
        text = self.operand(e, ATOM)
        text = text if self.type(e) is Type.STRING else f'{text}.astype("str")'
        return f'{text}.fillna("")' if self.nullable(e) else text

    def ends_with(self, e: Expression) -> Code:
        return self.string(e.this, f"endswith({self.text(e.expression)})")

    def right(self, e: Expression) -> Code:
        count = self.whole_number(e.expression, 1, "right() of a computed length")
        return Code(f"{self.operand(e.this, ATOM)}.str[-{count}:]", ATOM)

    def repeat(self, e: Expression) -> Code:
        times = self.whole_number(e.args["times"], 1, "a text repeated a computed number of times")
        return self.string(e.this, f"repeat({times})")

    def pad(self, e: Expression) -> Code:
        """Longer texts are cut, on whichever side they are padded."""
        length = self.whole_number(e.expression, 1, "padding to a computed length")
        fill = self.one_character(e.args.get("fill_pattern"))
        side = "r" if e.args.get("is_left") else "l"
        return self.string(e.this, f"{side}just({length}, {fill}).str.slice(0, {length})")

    def split_part(self, e: Expression) -> Code:
        """The empty text where there are fewer parts."""
        place = self.whole_number(e.args["part_index"], 1, "a part from the end, or computed")
        taken = f'.str[{place - 1}:{place}].str.join("")'
        return self._of_parts(e.this, e.args["delimiter"], taken)

    def _of_parts(self, e: Expression, delimiter: Expression, taken: str) -> Code:
        """What is taken of the parts; those of nothing but NULLs would be no texts to pandas."""
        by = quoted(self.some_text(delimiter, "splitting by anything but a constant"))
        text = self.operand(e, ATOM)
        parts = f'{text}.fillna("")' if self.nullable(e) else text
        missing = f".mask({text}.isna(){self.nothing})" if self.nullable(e) else ""
        return Code(f'{parts}.str.split({by}, regex=False){taken}.astype("str"){missing}', ATOM)

    def bracket(self, e: Expression) -> Code:
        """An element of ``string_split``; NULL where there are fewer."""
        place = self.whole_number(e.expressions[0], 0, "an element from the end, or computed")
        return self._of_parts(e.this.this, e.this.expression, f".str.get({place})")

    def str_position(self, e: Expression) -> Code:
        wanted = quoted(self.some_text(e.args["substr"], "the position of a computed text"))
        found = f"{self.string(e.this, f'find({wanted})').text} + 1"
        if self.nullable(e.this) and self.masks:
            return Code(f'({found}).astype("Int64")', ATOM)
        return Code(found, SUM)

    def pattern(self, e: Expression) -> str:
        r"""Python's ``$`` is before a newline at the end, too; ``\Z`` is the end only."""
        return ends_only(super().pattern(e))

    def regexp_replace(self, e: Expression) -> Code:
        new = self.replacement(e.args["replacement"], {}, r"\g<{}>")
        once = "" if self.replaces_all(e) else ", n=1"
        pattern = quoted(self.pattern(e.expression))
        return self.string(e.this, f"replace({pattern}, {new}{once}, regex=True)")

    def regexp_extract(self, e: Expression) -> Code:
        """The empty text where nothing matches."""
        call = f'extract({quoted(self.group_pattern(e))}, expand=False).fillna("")'
        found = self.string(e.this, call)
        if self.nullable(e.this):
            known = f"{self.operand(e.this, ATOM)}.{self.present}"
            return Code(f"{found.text}.where({known}{self.nothing})", ATOM)
        return found

    def concat_ws(self, e: Expression) -> Code:
        """Each part with the separator before it, if it is there, then the first one cut off."""
        separator, *parts = e.expressions
        before = quoted(separator.name)
        texts = [self._separated(before, part) for part in parts]
        return Code(f"({' + '.join(texts)}).str.slice({len(separator.name)})", ATOM)

    def _separated(self, before: str, e: Expression) -> str:
        if isinstance(e, exp.Literal):
            return f"{before} + {quoted(e.name)}"
        text = self.operand(e, ATOM)
        text = text if self.type(e) is Type.STRING else f'{text}.astype("str")'
        return f'({before} + {text}).fillna("")' if self.nullable(e) else f"{before} + {text}"
