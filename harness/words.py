"""Words for people: text made harmless for a terminal, did-you-mean hints, and numbers of bytes."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

_ASCII = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_KEPT = "\n\t"
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(I?)B?")
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


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


def is_utf8(name: object) -> bool:
    """Whether a name or path is text: of bytes that are no UTF-8 Python makes halves of characters.

    Neither a process, nor DuckDB, nor a results file could be told of such a one.
    """
    try:
        str(name).encode()
    except UnicodeEncodeError:
        return False
    return True


def without_secrets(text: str) -> str:
    """A text in which three stars stand for the passwords and tokens of addresses."""
    return _NAMED_SECRET.sub(r"\1***", _PASSWORD.sub(r"\1***@", text))


_PASSWORD = re.compile(r"(//[^\s/:@]*:)\S*@")
_NAMED_SECRET = re.compile(
    r"((?:token|password|passwd|passfile|secret|key)\s*=\s*)[^\s&;'\"]+", re.IGNORECASE
)


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


def parse_bytes(text: str) -> int:
    """Bytes: of ``8GB``, ``8 G``, ``512MiB`` or a plain number. Raises ValueError for others."""
    found = _SIZE.fullmatch(text.strip().upper())
    if found is None or float(found[1]) == 0:
        raise ValueError(f"{text!r} is not a size, such as 8GB")
    base = 1024 if found[3] else 1000
    return int(float(found[1]) * base ** " KMGT".index(found[2] or " "))


def format_bytes(count: int) -> str:
    """A number of bytes in three digits."""
    power = min((len(str(count)) - 1) // 3, len(_UNITS) - 1)
    return f"{float(f'{count / 1000**power:.3g}'):g} {_UNITS[power]}"
