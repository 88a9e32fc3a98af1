"""Finds characters that libraries' text functions treat differently."""

from __future__ import annotations

import unicodedata
from functools import cache

from harness.special import Special, Specials, together

_SIGMAS = frozenset("Σσς")
_FOLDED = frozenset("İ\u0390\u03b0\u1fd3\u1fe3\ufb05\ufb06")
"""Characters that equal others which ``str.casefold`` does not give one by one."""
BREAKS = "\t\n\v\f\r"
"""White space in ASCII other than the space."""
_NEW = frozenset("ƛɤɷɼꟓꟕꭋꭌ\U00011a3a")
_JOINED = (
    *((0x1100, 0x11FF), (0xA960, 0xA97C), (0xD7B0, 0xD7FB)),  # parts of Korean syllables
    *((0x1F1E6, 0x1F1FF), (0x1F3FB, 0x1F3FF)),  # halves of flags, tones of skin
    *((0x0D, 0x0D), (0xE33, 0xE33), (0xEB3, 0xEB3), (0xFF9E, 0xFF9F), (0xD4E, 0xD4E)),
    *((0x111C2, 0x111C3), (0x1193F, 0x11941), (0x11A3A, 0x11A3A), (0x11A84, 0x11A89)),
    (0x11D46, 0x11D46),
)
"""Ranges of code points that join with their neighbours; others are found by category."""


def specials(text: str) -> Specials:
    """Returns the kinds of special values among a text's characters: ``ß`` is Special.UPPER.

    Libraries differ in its upper case. () for a text in ASCII without tabs and line breaks.
    """
    found = set() if text.isascii() else {kind for c in set(text) for kind in _of(c)}
    if any(c in text for c in BREAKS):
        found.add(Special.BREAK)
    return together(tuple(found))


@cache
def _of(c: str) -> frozenset[Special]:
    category, lower, folded = unicodedata.category(c), c.lower(), c.casefold()
    tests = {
        Special.UPPER: len(c.upper()) > 1 or c == "ẞ",  # whose lower case has several again
        Special.LOWER: len(lower) > 1 or c in _SIGMAS,
        Special.FOLDED: c in _FOLDED or (len(folded) == 1 and folded != lower),
        Special.SPACE: category == "Zs" and c != " ",
        Special.JOINED: category in ("Mn", "Mc", "Me", "Cf") or _is_joined(ord(c)),
        Special.NEW: c in _NEW or category == "Cn",  # libraries may have what Python has not
    }
    return frozenset(kind for kind, holds in tests.items() if holds)


def _is_joined(code: int) -> bool:
    return any(first <= code <= last for first, last in _JOINED)
