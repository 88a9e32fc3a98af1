"""Marks on a logarithmic plane -> the side of each where its name stands, as in static/rows.js.

The plane has the size in pixels of a chart on a wide page; the lengths of names are estimates.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]
WIDTH, HEIGHT = 480, 230
LETTER, LINE, MARK = 7.5, 15, 7
SIDES: tuple[Row, ...] = (
    {"dx": 0, "dy": -13, "align": "center"},
    {"dx": 0, "dy": 15, "align": "center"},
    {"dx": 11, "dy": 1, "align": "left"},
    {"dx": -11, "dy": 1, "align": "right"},
    {"dx": 9, "dy": -18, "align": "left"},
    {"dx": -9, "dy": -18, "align": "right"},
    {"dx": 9, "dy": 20, "align": "left"},
    {"dx": -9, "dy": 20, "align": "right"},
)


@dataclass(frozen=True)
class Box:
    left: float
    right: float
    top: float
    bottom: float

    def covers(self, other: Box) -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom


def named(marks: Sequence[Row], points: Sequence[Row]) -> list[Row]:
    """The marks with dx, dy and align of their names: on the first side that covers nothing.

    Rows have x and y above 0; a mark's name is its ``engine``.
    """
    across, up = _axis(points, "x", WIDTH), _axis(points, "y", HEIGHT)
    boxes = [_box(across(mark), -up(mark), 2 * MARK, 2 * MARK, "center") for mark in marks]
    names: list[Box] = []
    found = []
    for own, mark in enumerate(marks):
        at = across(mark), -up(mark)
        others = [*names, *boxes[:own], *boxes[own + 1 :]]
        sides = ((side, _name(mark, at, side)) for side in SIDES)
        free = ((side, box) for side, box in sides if not any(box.covers(each) for each in others))
        side, box = next(free, (SIDES[0], _name(mark, at, SIDES[0])))
        names.append(box)
        found.append({**mark, **side})
    return found


def _axis(points: Sequence[Row], axis: str, pixels: float) -> Callable[[Row], float]:
    """A row -> its place in pixels on a logarithmic axis over all points."""
    logs = [math.log(point[axis]) for point in points] or [0.0]
    low, span = min(logs), max(max(logs) - min(logs), 1e-9)
    return lambda row: (math.log(row[axis]) - low) / span * pixels


def _name(mark: Row, at: tuple[float, float], side: Row) -> Box:
    x, y = at[0] + side["dx"], at[1] + side["dy"]
    return _box(x, y, LETTER * len(mark["engine"]), LINE, side["align"])


def _box(x: float, y: float, width: float, height: float, align: str) -> Box:
    left = x - {"left": 0.0, "center": width / 2, "right": width}[align]
    return Box(left, left + width, y - height / 2, y + height / 2)
