"""Turns pydantic's errors about a file into one line that names the first fault and its field."""

from __future__ import annotations

from pydantic import ValidationError

MESSAGE_LENGTH = 300


def first_fault(error: ValidationError) -> str:
    """Returns the first of pydantic's errors in one line: ``cells[3].outcome: what is wrong``.

    If there are others, the line ends with their number.
    """
    fault, *others = error.errors(include_url=False, include_input=False)
    place = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in fault["loc"]).lstrip(".")
    more = f" (and {len(others)} more faults)" if others else ""
    message = fault["msg"].removeprefix("Value error, ")
    return f"{shortened(place) or 'file'}: {shortened(message)}{more}"


def shortened(text: str) -> str:
    """Returns a text in one line, cut to MESSAGE_LENGTH characters."""
    line = " ".join(text.split())
    return line if len(line) <= MESSAGE_LENGTH else f"{line[:MESSAGE_LENGTH]}…"
