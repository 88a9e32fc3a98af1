"""Regular expressions -> the spelling that RE2, Rust and Python share."""

from __future__ import annotations

import re

_DIGITS = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t\n\f\r "}


def ascii_classes(pattern: str) -> str:
    r"""The pattern with ``\d``, ``\w`` and ``\s`` spelt out: DuckDB means ASCII by them.

    Raises ValueError for what has no spelling that all libraries share.
    """
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


def capturing_only(pattern: str, group: int, name: str = "") -> str:
    """The pattern with one group that captures: the one asked for, or the whole pattern as 0."""
    text, number, escaped, inside = "", 0, False, False
    start = f"(?P<{name}>" if name else "("
    options = re.match(r"\(\?[a-z]+\)", pattern)
    for i, c in enumerate(pattern):
        if c == "(" and not escaped and not inside and pattern[i + 1 : i + 2] != "?":
            number += 1
            text += start if number == group else "(?:"
        else:
            text += c
        if not escaped:
            inside = c == "[" or (inside and c != "]")
        escaped = c == "\\" and not escaped
    if group == 0:
        at = options.end() if options else 0  # Python wants options before all else
        return f"{text[:at]}{start}{text[at:]})"
    if group > number:
        raise ValueError(f"group {group} of a regular expression with {number}")
    return text
