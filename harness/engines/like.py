"""A LIKE pattern -> the simplest test that does the same."""

from __future__ import annotations

import re
from typing import NamedTuple


class LikePattern(NamedTuple):
    """A LIKE pattern as the simplest test that does the same."""

    test: str
    """``equals``, ``starts``, ``ends``, ``contains`` or ``matches`` (a regular expression)."""
    text: str


def like_pattern(pattern: str) -> LikePattern:
    body = pattern.strip("%")
    if "_" in pattern or "%" in body or not body:
        return LikePattern("matches", _like_regex(pattern))
    starts, ends = not pattern.startswith("%"), not pattern.endswith("%")
    kinds = {(True, True): "equals", (True, False): "starts", (False, True): "ends"}
    return LikePattern(kinds.get((starts, ends), "contains"), body)


def ilike_regex(pattern: str) -> str:
    """The regular expression of an ILIKE pattern."""
    return _like_regex(pattern).replace("(?s)", "(?is)")


def _like_regex(pattern: str) -> str:
    regex = "".join({"%": ".*", "_": "."}.get(c, re.escape(c)) for c in pattern)
    anchored = ("^" + regex + "$").removeprefix("^.*").removesuffix(".*$")
    return f"(?s){anchored}"  # a dot stands for a newline too
