"""Special values, which libraries' functions treat differently."""

from __future__ import annotations

import math
import sys
from enum import StrEnum


class Special(StrEnum):
    """The kinds of special values; each text ends the message "pandas does otherwise with …"."""

    UPPER = "a text with characters whose upper case is several, as that of ß can be"
    LOWER = "a text with characters whose lower case is several or depends on the place, as İ and Σ"
    FOLDED = "a text with characters that equal more than their other case, as İ and the long s"
    SPACE = "a text with spaces other than the common one"
    JOINED = "a text with characters that are one with those beside them, as some accents are"
    NEW = "a text with characters that Unicode has, or has in both cases, only in newer versions"
    BEYOND = "integers beyond 2^53, of which floats hold only some"
    LEAST = "the least integer of 64 bits, which has no opposite"
    LARGE = "floats beyond 2^53, which have gaps between them"
    SQUARED = "floats whose squares are infinite"
    INFINITE = "floats that may be infinite"
    DIVIDED = "quotients by what may be 0, which are infinite"
    BREAK = "a text with tabs or line breaks"
    MINUS_ZERO = "floats that may be -0.0, which SQL has equal to 0.0"


Specials = tuple[Special, ...]
"""The kinds of special values that a column may hold, in the order of `Special`."""

EXACT = 2**53
"""Floats hold all integers up to this one, but not the next."""
_LEAST = -(2**63)
_SQUARED = math.sqrt(sys.float_info.max)


def together(*parts: Specials) -> Specials:
    """Returns the kinds of special values that are in any of these tuples of kinds, each once."""
    return tuple(kind for kind in Special if any(kind in part for part in parts))


def of_number(number: float) -> Specials:
    """Returns the kinds of special values that a number is; () up to 2^53.

    A greater integer is BEYOND, a greater float LARGE, an infinite one INFINITE.
    """
    if abs(number) <= EXACT:
        return ()
    if isinstance(number, float):
        if not math.isfinite(number):
            return (Special.INFINITE,)
        return (Special.LARGE, Special.SQUARED) if abs(number) > _SQUARED else (Special.LARGE,)
    return (Special.BEYOND, Special.LEAST) if number == _LEAST else (Special.BEYOND,)
