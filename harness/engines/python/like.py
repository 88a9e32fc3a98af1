"""Turns a LIKE pattern into the simplest test that is equivalent."""

from __future__ import annotations

import re
from typing import NamedTuple


class LikePattern(NamedTuple):
    """The simplest test equivalent to a LIKE pattern."""

    test: str
    """One of ``equals``, ``starts``, ``ends``, ``contains``, ``matches`` (a regular expression)."""
    text: str


class RegexSpelling(NamedTuple):
    """A library's syntax for parts of regular expressions that differ between libraries.

    ``options`` precede the pattern, ``character`` is any character, even a newline, ``end`` the end
    of the text.
    """

    options: str = "(?s)"
    character: str = "."
    end: str = "$"


COMMON = RegexSpelling()
PYTHON = RegexSpelling(end=r"\Z")
"""For pandas, which uses Python's ``re``, where ``$`` also matches before a last newline."""
RE2 = RegexSpelling(end=r"\z")
"""For pandas' columns of Arrow, whose regular expressions are those of RE2."""
CUDF = RegexSpelling("", r"[\s\S]", r"\Z")
"""For cuDF, without options in patterns, where ``$`` also matches before a last newline."""


def like_pattern(pattern: str, spelling: RegexSpelling = COMMON) -> LikePattern:
    """Turns a LIKE pattern into a test: ``a%`` -> starts with ``a``."""
    body = pattern.strip("%")
    if "_" in pattern or "%" in body or not body:
        return LikePattern("matches", like_regex(pattern, spelling))
    starts, ends = not pattern.startswith("%"), not pattern.endswith("%")
    kinds = {(True, True): "equals", (True, False): "starts", (False, True): "ends"}
    return LikePattern(kinds.get((starts, ends), "contains"), body)


def ilike_regex(pattern: str, spelling: RegexSpelling = COMMON) -> str:
    """Returns the regular expression for an ILIKE pattern, with its options: ``(?is)^a``."""
    return like_regex(pattern, spelling).replace("(?s)", "(?is)", 1)


def like_regex(pattern: str, spelling: RegexSpelling) -> str:
    """Returns the regular expression for a LIKE pattern, with its options: ``(?s)^a``."""
    options, character, end = spelling
    many = f"{character}*"
    regex = "".join({"%": many, "_": character}.get(c, re.escape(c)) for c in pattern)
    return options + f"^{regex}{end}".removeprefix(f"^{many}").removesuffix(f"{many}{end}")
