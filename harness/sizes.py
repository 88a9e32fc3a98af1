"""``8GB`` -> a number of bytes, and a number of bytes -> words."""

from __future__ import annotations

import re

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(I?)B?")
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def size(text: str) -> int:
    """Bytes: of ``8GB``, ``8 G``, ``512MiB`` or a plain number. Raises ValueError for others."""
    found = _SIZE.fullmatch(text.strip().upper())
    if found is None or float(found[1]) == 0:
        raise ValueError(f"{text!r} is not a size, such as 8GB")
    base = 1024 if found[3] else 1000
    return int(float(found[1]) * base ** " KMGT".index(found[2] or " "))


def told(count: int) -> str:
    """A number of bytes in three digits."""
    power = min((len(str(count)) - 1) // 3, len(_UNITS) - 1)
    return f"{float(f'{count / 1000**power:.3g}'):g} {_UNITS[power]}"
