"""A LIKE pattern -> the simplest test that does the same."""

from __future__ import annotations

import re
from typing import NamedTuple


class LikePattern(NamedTuple):
    """A LIKE pattern as the simplest test that does the same."""

    test: str
    """``equals``, ``starts``, ``ends``, ``contains`` or ``matches`` (a regular expression)."""
    text: str


class RegexSpelling(NamedTuple):
    """How a library spells parts of a regular expression that others spell otherwise.

    ``options`` come before it, ``character`` is any one, a newline too, and ``end`` that of a text.
    """

    options: str = "(?s)"
    character: str = "."
    end: str = "$"


COMMON = RegexSpelling()
PYTHON = RegexSpelling(end=r"\Z")
"""Of pandas, which hands patterns to Python: its ``$`` is before a last newline, too."""
CUDF = RegexSpelling("", r"[\s\S]", r"\Z")
"""Of cuDF, which has no options in a pattern, and whose ``$`` is the end of a last line, too."""


def like_pattern(pattern: str, spelling: RegexSpelling = COMMON) -> LikePattern:
    body = pattern.strip("%")
    if "_" in pattern or "%" in body or not body:
        return LikePattern("matches", _like_regex(pattern, spelling))
    starts, ends = not pattern.startswith("%"), not pattern.endswith("%")
    kinds = {(True, True): "equals", (True, False): "starts", (False, True): "ends"}
    return LikePattern(kinds.get((starts, ends), "contains"), body)


def ilike_regex(pattern: str, spelling: RegexSpelling = COMMON) -> str:
    """The regular expression of an ILIKE pattern, for a library that has options in patterns."""
    return _like_regex(pattern, spelling).replace("(?s)", "(?is)", 1)


def _like_regex(pattern: str, spelling: RegexSpelling) -> str:
    options, character, end = spelling
    many = f"{character}*"
    regex = "".join({"%": many, "_": character}.get(c, re.escape(c)) for c in pattern)
    return options + f"^{regex}{end}".removeprefix(f"^{many}").removesuffix(f"{many}{end}")
