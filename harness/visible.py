"""Text that somebody else wrote -> the same text, none of which a terminal takes for a command."""

from __future__ import annotations

import unicodedata

_KEPT = "\n\t"


def visible(text: str) -> str:
    """Control and formatting characters (Unicode's Cc, Cf and Cs) as the escapes that Python has.

    They would colour, move or turn what stands around them, or have the terminal do something.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    hidden = unicodedata.category(character) in ("Cc", "Cf", "Cs") and character not in _KEPT
    return character.encode("unicode_escape").decode() if hidden else character
