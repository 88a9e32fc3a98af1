"""Emits text functions for pandas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from sqlglot import exp

from harness.engines.pandas.values import PandasValues
from harness.engines.python.kernel import ATOM, COMPARISON, SUM, Code, quoted
from harness.engines.python.like import PYTHON, RegexSpelling, ilike_regex, like_pattern
from harness.plan.facts.patterns import capturing_only, ends_only
from harness.plan.facts.printing import in_sql
from harness.plan.tree.nodes import Expression
from harness.types import Type


class PandasText(PandasValues):
    """Emits text functions."""

    text_spellings: ClassVar[Mapping[str, str]] = {
        "Bracket": '{this}.str.split({by}, n={end}, regex=False).str.get({start}).astype("str")',
        "Bracket of NULLs": (
            '{this}.fillna("").str.split({by}, n={end}, regex=False).str.get({start}).astype("str")'
            ".mask({this}.isna(){nothing})"
        ),
        "ByteLength": '{this}.str.encode("utf-8").str.len()',
        "ByteLength of NULLs": (  # .str takes NULLs alone only as objects
            '{this}.str.encode("utf-8").astype("object").str.len().astype("Int64")'
        ),
        "Contains": "{this}.str.contains({part}, regex=False)",
        "EndsWith": "{this}.str.endswith({part})",
        "Length": "{this}.str.len()",
        "Length of NULLs": '{this}.str.len().astype("Int64")',
        "Lower": "{this}.str.lower()",
        "Pad left": "{this}.str.rjust({length}, {fill}).str.slice(0, {length})",
        "Pad right": "{this}.str.ljust({length}, {fill}).str.slice(0, {length})",
        "RegexpExtract": '{this}.str.extract({pattern}, expand=False).fillna("")',
        "RegexpExtract of NULLs": (
            '{this}.str.extract({pattern}, expand=False).fillna("")'
            ".where({this}.{present}{nothing})"
        ),
        "RegexpLike": "{this}.str.contains({pattern})",
        "RegexpReplace all": "{this}.str.replace({pattern}, {new}, regex=True)",
        "RegexpReplace first": "{this}.str.replace({pattern}, {new}, n=1, regex=True)",
        "Repeat": "{this}.str.repeat({times})",
        "Repeat by nothing": "{this}.str.slice(0, 0)",
        "Reverse": "{this}.str[::-1]",
        "Right": "{this}.str[-{count}:]",
        "Right by nothing": "{this}.str.slice(0, 0)",
        "SplitPart": (
            '{this}.str.split({by}, n={end}, regex=False).str[{start}].astype("str").fillna("")'
        ),
        "SplitPart of NULLs": (
            '{this}.fillna("").str.split({by}, n={end}, regex=False).str[{start}]'
            '.astype("str").fillna("")'
            ".mask({this}.isna(){nothing})"
        ),
        "SplitPart first": '{this}.str.split({by}, n=1, regex=False).str[0].astype("str")',
        "SplitPart first of NULLs": (
            '{this}.fillna("").str.split({by}, n=1, regex=False).str[0].astype("str")'
            ".mask({this}.isna(){nothing})"
        ),
        "StartsWith": "{this}.str.startswith({part})",
        "StrPosition": "{this}.str.find({part}) + 1",
        "StrPosition of NULLs": '({this}.str.find({part}) + 1).astype("Int64")',
        "Upper": "{this}.str.upper()",
    }
    """NULL is filled before a text is split: parts of NULLs only would not be texts."""
    group: ClassVar[str] = r"\g<{}>"
    regex: ClassVar[RegexSpelling] = PYTHON

    def words(self) -> Mapping[str, object]:
        return {"nothing": self.nothing, "present": self.present}

    def tested_pattern(self, e: Expression) -> str:
        # pandas warns of capturing groups
        return capturing_only(super().tested_pattern(e), group=-1)

    def like(self, e: Expression) -> Code:
        subject, pattern = self.operand(e.this, ATOM), like_pattern(e.expression.name, self.regex)
        if pattern.test == "equals":
            return Code(f"{subject} == {quoted(pattern.text)}", COMPARISON)
        calls = {
            "starts": "startswith({})",
            "ends": "endswith({})",
            "contains": "contains({}, regex=False)",
            "matches": "contains({})",
        }
        return Code(f"{subject}.str.{calls[pattern.test].format(quoted(pattern.text))}", ATOM)

    def ilike(self, e: Expression) -> Code:
        pattern = ilike_regex(e.expression.name, self.regex)
        return self.string(e.this, f"contains({quoted(pattern)})")

    def string(self, e: Expression, call: str) -> Code:
        """Emits ``operand.str.call``; ``call`` is the text of a call, as ``startswith("a")``."""
        return Code(f"{self.operand(e, ATOM)}.str.{call}", ATOM)

    def trim(self, e: Expression) -> Code:
        side = {"LEADING": "l", "TRAILING": "r"}.get(str(e.args.get("position")), "")
        characters = self.text(e.expression) if e.args.get("expression") else '" "'
        if e.args.get("expression") and not isinstance(e.expression, exp.Literal):
            raise self.gaps.unsupported("trim of a column's characters", in_sql(e))
        return self.string(e.this, f"{side}strip({characters})")

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
        """Emits ``concat``, which treats NULL as the empty text."""
        return Code(" + ".join(self._concatenated(part) for part in e.expressions), SUM)

    def _concatenated(self, e: Expression) -> str:
        if isinstance(e, exp.Literal):
            return quoted(e.name)
        text = self.operand(e, ATOM)
        text = text if self.type(e) is Type.STRING else f'{text}.astype("str")'
        return f'{text}.fillna("")' if self.nullable(e) else text

    def pattern(self, e: Expression) -> str:
        r"""Returns the regular expression in ``e`` with ``\Z``, in Python's syntax, for ``$``.

        Python's ``$`` also matches before a last newline. pandas extracts by Python's ``re``,
        whatever the dtype.
        """
        spelling = PYTHON if isinstance(e.parent, exp.RegexpExtract) else self.regex
        return ends_only(super().pattern(e), spelling.end)

    def concat_ws(self, e: Expression) -> Code:
        """Emits each part that is not NULL after a separator; cuts off the first separator."""
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
