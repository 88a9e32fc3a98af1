"""Memory limits and numbers of clients -> their names, in the terminal and on the page."""

from __future__ import annotations

SCALES = [
    (base**power, f"{letter}{middle}B")
    for power, letter in enumerate("KMGT", 1)
    for base, middle in ((1000, ""), (1024, "i"))
]


def clients_name(count: int | None) -> str:
    """Returns a number of clients as text; ``default`` for None, of runs without ``--clients``."""
    return "default" if count is None else str(count)


def limit_name(limit: int | None) -> str:
    """Returns a limit as short as ``--memory-limit`` takes it for the same: ``8GB``, ``512MiB``.

    It is ``default`` for None, of runs that were not given several limits.
    """
    if limit is None:
        return "default"
    numbers = [(f"{limit / scale:.15g}", scale, unit) for scale, unit in SCALES]
    exact = [
        number + unit for number, scale, unit in numbers if int(float(number) * scale) == limit
    ]
    return min([str(limit), *(text for text in exact if "e" not in text)], key=len)
