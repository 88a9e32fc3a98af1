"""The frames of windows: which rows a function of a window reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from sqlglot import exp

from harness.errors import Unsupported
from harness.plan.facts.kinds import MOST_SECONDS, SECONDS
from harness.plan.facts.printing import in_sql
from harness.special import EXACT

Expression = exp.Expr
Distance = int | float | timedelta
"""How far a key is from the current row's: of numbers, or of dates and timestamps."""


def window_order(window: Expression) -> list[Expression]:
    """Returns the ORDER BY keys (exp.Ordered) of a window."""
    order = window.args.get("order")
    return list(order.expressions) if order is not None else []


@dataclass(frozen=True)
class Frame:
    """The rows of a partition that a window function sees when it computes the current row.

    - ``whole``: the whole partition.
    - ``peers``: from the first row to the last one that ties with the current row.
    - ``rows``: from row ``first`` to row ``last``, relative to the current row (negative: before
      it); ``first`` is None for the start of the partition.
    - ``range``: the rows whose key, that of ORDER BY, lies from ``low`` to ``high``, relative to
      the current row's. The order is ascending, unless ``low`` is None for the start of the
      partition. The frame of a row whose key is NULL ends with its peers, and begins with them
      if there is a ``low``.
    """

    kind: Literal["whole", "peers", "rows", "range"]
    first: int | None = None
    last: int = 0
    low: Distance | None = None
    high: Distance = 0

    @property
    def has_current_row(self) -> bool:
        if self.kind == "range":
            starts = self.low is None or in_numbers(self.low) <= 0
            return starts and in_numbers(self.high) >= 0
        return self.kind != "rows" or (self.last >= 0 and (self.first or 0) <= 0)

    @property
    def moves(self) -> bool:
        """True if rows leave the frame as it moves on."""
        return self.first is not None or self.low is not None

    @property
    def width(self) -> int | None:
        """The number of rows in a frame of kind ``rows``; None if it grows from row to row."""
        return None if self.first is None else self.last - self.first + 1


def in_numbers(distance: Distance) -> float:
    """Returns a distance, a duration in seconds."""
    return distance.total_seconds() if isinstance(distance, timedelta) else distance


def frame_of(window: Expression) -> Frame:
    """Returns the frame of a window that `normal_window` has rewritten."""
    if (ends := distances(window)) is not None:
        low, high = ends
        assert high is not None
        return Frame("range", low=low, high=high)
    first, last, ranged = bounds(window)
    if first is None and last is None:
        return Frame("whole")
    if last is None:
        raise Unsupported("a frame up to the last row", in_sql(window))
    return Frame("peers") if ranged else Frame("rows", first, last)


def bounds(window: Expression) -> tuple[int | None, int | None, bool]:
    """Returns a frame's first and last row, and whether it includes the rows that tie with these.

    Rows are relative to the current row; None means the start or the end of the partition.
    """
    spec = window.args.get("spec")
    if spec is None:
        return None, 0 if window_order(window) else None, True
    kind, exclude = spec.args["kind"].upper(), spec.args.get("exclude")
    if kind == "GROUPS" or exclude is not None:
        raise Unsupported("a frame of groups, or with EXCLUDE", in_sql(window))
    if distances(window) is not None:
        raise Unsupported("a frame of values for this function", in_sql(window))
    first = _bound(window, spec.args["start"], spec.args.get("start_side"))
    end = spec.args.get("end")
    last = 0 if end is None else _bound(window, end, spec.args.get("end_side"))
    if kind == "RANGE" and first == last == 0:
        raise Unsupported("a frame of peers only, for this function", in_sql(window))
    if not window_order(window):
        if kind == "ROWS" and (first, last) != (None, None):
            raise Unsupported("a frame of rows without an order", in_sql(window))
        return None, None, True
    return first, last, kind == "RANGE"


def is_of_peers(window: Expression) -> bool:
    """True if a frame has the current row's peers only."""
    spec = window.args.get("spec")
    if spec is None or spec.args["kind"].upper() != "RANGE" or spec.args.get("exclude"):
        return False
    ends = (spec.args["start"], spec.args.get("end") or "CURRENT ROW")
    if all(isinstance(end, str) for end in ends):
        return all(end.upper() == "CURRENT ROW" for end in ends)
    return all(end is not None and not end for end in distances(window) or ())


def distances(window: Expression) -> tuple[Distance | None, Distance | None] | None:
    """Returns how far the first and the last key of a frame are from the current row's.

    Both are along the order; None means the start or the end of the partition. Returns None for a
    window whose frame is not one of values.
    """
    spec = window.args.get("spec")
    if spec is None or spec.args["kind"].upper() != "RANGE" or spec.args.get("exclude"):
        return None
    ends = [
        (spec.args["start"], spec.args.get("start_side")),
        (spec.args.get("end") or "CURRENT ROW", spec.args.get("end_side")),
    ]
    lengths = [_length(window, end) for end, _ in ends if not isinstance(end, str)]
    if not lengths:
        return None
    low, high = (_distance(window, end, side, type(lengths[0])()) for end, side in ends)
    return low, high


def _distance(
    window: Expression, end: str | Expression, side: str | None, zero: Distance
) -> Distance | None:
    if isinstance(end, str):
        return None if end.upper() == "UNBOUNDED" else zero
    return _length(window, end) * (-1 if (side or "").upper() == "PRECEDING" else 1)


def _length(window: Expression, end: Expression) -> Distance:
    if isinstance(end, exp.Interval):
        return _duration(end)
    if not isinstance(end, exp.Literal) or end.is_string:
        raise Unsupported("a frame of values by a computed distance", in_sql(window))
    length = int(end.name) if end.is_int else float(end.name)
    if length > EXACT:
        raise Unsupported("a frame of values by a distance beyond 2^53", in_sql(window))
    return length


def _duration(interval: exp.Interval) -> timedelta:
    count, unit = interval.this, interval.args.get("unit")
    name = "" if unit is None else unit.name.upper()
    if not isinstance(count, exp.Literal) or not count.name.isdecimal():
        raise Unsupported("a frame of values by a computed distance", in_sql(interval))
    if name not in SECONDS:
        raise Unsupported("a frame of values by an interval of no fixed length", in_sql(interval))
    seconds = int(count.name) * SECONDS[name]
    if seconds > MOST_SECONDS:
        raise Unsupported("an interval that nanoseconds of 64 bits do not hold", in_sql(interval))
    return timedelta(seconds=seconds)


def _bound(window: Expression, bound: str | Expression, side: str | None) -> int | None:
    if isinstance(bound, str):
        return None if bound.upper() == "UNBOUNDED" else 0
    if not (isinstance(bound, exp.Literal) and bound.is_int):
        raise Unsupported("a frame of anything but a number of rows", in_sql(window))
    return int(bound.name) * (-1 if (side or "").upper() == "PRECEDING" else 1)
