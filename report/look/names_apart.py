"""Rows of a chart -> how far their names move, so that none covers another (see static/rows.js)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

NAME_HEIGHT = 13
"""Pixels from one name to the next."""

Row = dict[str, Any]


def apart(rows: list[Row], place: Callable[[Row], float]) -> list[Row]:
    """The rows, the lowest first, each with its ``dy``; ``place`` is in pixels upwards."""
    placed: list[Row] = []
    free = -math.inf
    for row in sorted(rows, key=lambda row: (round(place(row)), row["engine"])):
        at = max(place(row), free)
        placed.append({**row, "dy": place(row) - at})
        free = at + NAME_HEIGHT
    return placed
