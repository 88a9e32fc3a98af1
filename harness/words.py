"""Text for people: escaped for terminals, did-you-mean hints, numbers of bytes."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

_ASCII = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_KEPT = "\n\t"
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(I?)B?")
_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s?)?")
MOST = 1e18
"""No number of seconds is greater."""
MOST_BYTES = 2**63
"""Each size is less, as in results files."""
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def visible(text: str) -> str:
    """Returns a text with control and formatting characters escaped as in Python.

    They (Unicode's Cc, Cf and Cs) would change the text around them, or make the terminal act.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    hidden = unicodedata.category(character) in ("Cc", "Cf", "Cs") and character not in _KEPT
    return character.encode("unicode_escape").decode() if hidden else character


def is_utf8(name: object) -> bool:
    """True if a name or path is valid UTF-8, without Python's surrogates for other bytes.

    Neither a process, nor DuckDB, nor a results file accepts others.
    """
    try:
        str(name).encode()
    except UnicodeEncodeError:
        return False
    return True


def without_secrets(text: str) -> str:
    """Returns a text with three stars for passwords in URLs, and for what follows ``token=``.

    The same goes for ``password=``, ``secret=``, ``key=`` and the like.
    """
    return _NAMED_SECRET.sub(r"\1***", _PASSWORD.sub(r"\1***@", text))


_PASSWORD = re.compile(r"(//[^\s/:@]*:)(.*)@")
_NAMED_SECRET = re.compile(
    r"((?:token|password|passwd|passfile|secret|key)\s*=\s*)"
    r"(?:\\?'(?:\\.|[^'\\])*'?|[^\s&;'\"]+)",
    re.IGNORECASE,
)
"""A value may be in quotation marks, with spaces and escaped marks, as libpq reads it."""


def password_in(address: str) -> str | None:
    """Returns what stands between ``//USER:`` and the last ``@`` of an address, or None."""
    found = _PASSWORD.search(address)
    return None if found is None else found[2]


def folded(name: str) -> str:
    """Returns a name in lower case, as DuckDB compares names: ASCII letters only."""
    return name.translate(_ASCII)


def suggestion(name: str, known: Iterable[str], kind: str = "known") -> str:
    """Returns ``did you mean 'x'?`` or, if no known name is like this one, ``known: x, y``.

    At most 12 names are listed. The text is to follow a ``;``; ``kind`` is the word before the
    colon.
    """
    names = list(known)
    lower = {candidate.lower(): candidate for candidate in names}
    close = get_close_matches(name.lower(), lower, n=1, cutoff=0.6)
    if close:
        return f"did you mean {lower[close[0]]!r}?"
    return f"{kind}: {', '.join(sorted(names)[:12]) or 'none'}"


def parse_bytes(text: str) -> int:
    """Returns a number of bytes: ``8GB`` and ``8 G`` are 8 * 10^9, ``512MiB`` is 512 * 2^20.

    A plain number is taken as it is. Raises ValueError for other texts, and for 0.
    """
    found = _SIZE.fullmatch(text.strip().upper())
    scale = (1024 if found[3] else 1000) ** " KMGT".index(found[2] or " ") if found else 0
    size = float(found[1]) * scale if found else 0.0
    if not 1 <= size < MOST_BYTES:
        raise ValueError(f"{text!r} is not a size, such as 8GB")
    return int(size)


def parse_seconds(text: str) -> float:
    """Returns seconds: ``90s``, ``3m``, ``1h30m`` or a plain number; ValueError for others."""
    found = _DURATION.fullmatch(text.strip().lower())
    parts = [float(part or 0) for part in found.groups()] if found else []
    seconds = sum(part * scale for part, scale in zip(parts, (3600, 60, 1), strict=False))
    if not 0 < seconds < MOST:
        raise ValueError(f"{text!r} is not a time, such as 90s, 3m or 1h")
    return seconds


def format_bytes(count: int) -> str:
    """Formats a number of bytes with three significant digits: ``1.23 GB``."""
    power = min((len(str(count)) - 1) // 3, len(_UNITS) - 1)
    return f"{float(f'{count / 1000**power:.3g}'):g} {_UNITS[power]}"
