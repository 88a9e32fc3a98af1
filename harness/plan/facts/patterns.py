"""Rewrites regular expressions to the syntax that RE2, Rust and Python share."""

from __future__ import annotations

import re

LONGEST = 1000
"""The longest pattern allowed, in characters: a check elsewhere takes quadratic time."""
_DIGITS = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t\n\f\r "}


def ascii_classes(pattern: str) -> str:
    r"""Spells out ``\d``, ``\w`` and ``\s``, which mean ASCII in DuckDB: ``\d+`` -> ``[0-9]+``.

    Raises ValueError for what has no spelling that all libraries share.
    """
    if len(pattern) > LONGEST:
        raise ValueError(f"a regular expression of more than {LONGEST} characters")
    text, inside = "", False
    characters = iter(pattern)
    for c in characters:
        if c == "\\":
            text += _escaped(next(characters, ""), inside)
            continue
        inside = c == "[" or (inside and c != "]")
        text += c
    return text


def _escaped(c: str, inside: bool) -> str:
    if c in _DIGITS:
        return _DIGITS[c] if inside else f"[{_DIGITS[c]}]"
    if c.lower() in _DIGITS and not inside:
        return f"[^{_DIGITS[c.lower()]}]"
    if c.isalnum() and c not in "tnrfv":
        raise ValueError(f"\\{c} in a regular expression")
    return f"\\{c}"


def ends_only(pattern: str, end: str = r"\Z") -> str:
    r"""Replaces ``$`` by ``\Z``: in some libraries ``$`` also matches before a last newline.

    ``end`` is the library's code for the end of the text that does not match anywhere else.
    """
    return re.sub(r"(\\.|\[[^]]*\])|\$", lambda part: part[1] or end, pattern)


_PIECES = re.compile(
    r"\\."  # what is escaped
    r"|\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]"  # a class of characters
    r"|\((?!\?)|\(\?P<\w+>"  # the start of a group that captures
    r"|\(\?|.",
    re.DOTALL,
)


def capturing_only(pattern: str, group: int, name: str = "") -> str:
    """Makes one group of a pattern the only one that captures, called ``name`` if that is given.

        capturing_only("(a)(b)", 2) = "(?:a)(b)"

    Group 0 is the whole pattern; with -1 no group captures. Raises ValueError if the
    pattern has fewer groups.
    """
    text, number = "", 0
    start = f"(?P<{name}>" if name else "("
    options = re.match(r"\(\?[a-z]+\)", pattern)
    for piece in _PIECES.findall(pattern):
        if piece == "(" or piece.startswith("(?P<"):
            number += 1
            piece = start if number == group else "(?:"
        text += piece
    if group == 0:
        at = options.end() if options else 0  # Python allows options at the start only
        return f"{text[:at]}{start}{text[at:]})"
    if group > number:
        raise ValueError(f"group {group} of a regular expression with {number}")
    return text
