"""Formats numbers for the terminal, and for the parts of the page that no choice changes.

static/wording.js writes the sentences that depend on the reader's choices.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from report.compare.metrics import Unit
from report.compare.quieter import MUCH_NOISIER

MEBIBYTE = 2**20


def measured(value: float, unit: Unit) -> str:
    """Returns a value with its unit: seconds as `duration` does, bytes as whole mebibytes."""
    return f"{mebibytes(value)} MiB" if unit == "MiB" else duration(value)


def mebibytes(count: float) -> str:
    """Returns a number of bytes in mebibytes, as text without the unit: 1,024."""
    return f"{count / MEBIBYTE:,.0f}"


def duration(seconds: float) -> str:
    """Returns seconds as text, in a suitable unit: 1.23 s, 12.3 ms, 456 µs."""
    rounded = float(f"{seconds:.3g}")
    scale, unit = (1.0, "s") if rounded >= 1 else (1e3, "ms") if rounded >= 1e-3 else (1e6, "µs")
    return "0 s" if seconds <= 0 else f"{significant(rounded * scale)} {unit}"


def significant(value: float) -> str:
    """Returns a number to three significant digits and at most six decimals: 0.0123, 1.23."""
    if value <= 0:
        return "0"
    decimals = 2 - math.floor(math.log10(value))
    return f"{value:.{min(max(decimals, 0), 6)}f}"


def ratio(value: float) -> str:
    """Returns a ratio as text: 1.04, 12.3, 140."""
    decimals = 2 if value < 10 else 1 if value < 100 else 0
    return f"{value:.{decimals}f}"


def times(value: float) -> str:
    """Returns a ratio as text with a times sign: 1.04×, 12.3×, 140×."""
    return f"{ratio(value)}×"


def interval(low: float | None, high: float | None) -> str:
    """Returns an interval as text: 1.01–1.07; empty if there is none."""
    return "" if low is None or high is None else f"{ratio(low)}–{ratio(high)}"


def count(number: int, noun: str, plural: str | None = None) -> str:
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def queries(number: int) -> str:
    return count(number, "query", "queries")


def join(parts: Sequence[str]) -> str:
    """Returns texts joined as in a sentence: a, b and c."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def noisier(now: int, known: int) -> str:
    """Returns a sentence on how many cells are noisier than in an earlier run; empty if none is."""
    if not now:
        return ""
    be = "is" if now == 1 else "are"
    return (
        f"{now} of {count(known, 'cell')} that had been measured before {be} noisier now: an "
        f"earlier run of the same program in the same version on the same machine knew the time "
        f"at least {MUCH_NOISIER:g}× as well. The newest run is shown; a cell’s note tells "
        f"what the earlier one found."
    )
