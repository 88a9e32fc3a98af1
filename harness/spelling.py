"""Turns a name that was not found into a hint at what may have been meant."""

from __future__ import annotations

import string
from collections.abc import Iterable
from difflib import get_close_matches

_ASCII = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def folded(name: str) -> str:
    """A name without case, as DuckDB compares names: of ASCII's letters, and of no others."""
    return name.translate(_ASCII)


def suggestion(name: str, known: Iterable[str], kind: str = "known") -> str:
    """``did you mean 'x'?``, or else the names that there are, to be put after ``;``."""
    names = list(known)
    lower = {candidate.lower(): candidate for candidate in names}
    close = get_close_matches(name.lower(), lower, n=1, cutoff=0.6)
    if close:
        return f"did you mean {lower[close[0]]!r}?"
    return f"{kind}: {', '.join(sorted(names)[:12]) or 'none'}"
