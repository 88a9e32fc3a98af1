"""Rewrites regular expressions to the syntax that RE2, Rust and Python share."""

from __future__ import annotations

import re

LONGEST = 1000
"""The longest pattern allowed, in characters: a check elsewhere takes quadratic time."""
_DIGITS = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t\n\f\r "}


_PIECES = re.compile(
    r"\\."  # what is escaped
    r"|\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]"  # a class of characters
    r"|\((?!\?)|\(\?P<\w+>"  # the start of a group that captures
    r"|\{\d+(?:,\d*)?\}"  # how often
    r"|\(\?|.",
    re.DOTALL,
)
_IN_CLASS = re.compile(r"\\.|\[:\^?\w+:\]|.", re.DOTALL)
_SETS = re.compile("&&|~~|--")
"""What intersects or subtracts classes of characters in Rust, and is characters in RE2."""


def ascii_classes(pattern: str) -> str:
    r"""Spells out ``\d``, ``\w`` and ``\s``, which mean ASCII in DuckDB: ``\d+`` -> ``[0-9]+``.

    Escapes brackets and braces that stand for themselves: ``[[]{`` -> ``[\[]\{``. Raises ValueError
    for what has no spelling that all libraries share.
    """
    if len(pattern) > LONGEST:
        raise ValueError(f"a regular expression of more than {LONGEST} characters")
    return "".join(map(_shared, _PIECES.findall(pattern)))


def _shared(piece: str) -> str:
    if piece[0] == "\\":
        return _escaped(piece[1:], False)
    if piece[0] == "[" and len(piece) > 1:
        return _class(piece)
    return "\\{" if piece == "{" else piece


def _class(piece: str) -> str:
    start = "[^" if piece.startswith("[^") else "["
    members = piece[len(start) : -1]
    if sets := _SETS.search(members):
        raise ValueError(f"{sets[0]} in brackets of a regular expression")
    return f"{start}{''.join(map(_member, _IN_CLASS.findall(members)))}]"


def _member(part: str) -> str:
    if part[0] == "\\":
        return _escaped(part[1:], True)
    return f"\\{part}" if part in ("[", "]") else part


def _escaped(c: str, inside: bool) -> str:
    if c in _DIGITS:
        return _DIGITS[c] if inside else f"[{_DIGITS[c]}]"
    if c.lower() in _DIGITS and not inside:
        return f"[^{_DIGITS[c.lower()]}]"
    if c.isalnum() and c not in "tnrfv":
        raise ValueError(f"\\{c} in a regular expression")
    return c if c in ("<", ">") else f"\\{c}"  # the edges of a word in Rust


def ends_only(pattern: str, end: str = r"\Z") -> str:
    r"""Replaces ``$`` by ``\Z``: in some libraries ``$`` also matches before a last newline.

    ``end`` is the library's code for the end of the text that does not match anywhere else.
    """
    return "".join(end if piece == "$" else piece for piece in _PIECES.findall(pattern))


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
