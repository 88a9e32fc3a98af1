"""Rewrites windows over computed values to windows over columns, for engines that need these."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from sqlglot import exp

from harness.answer import SortKey
from harness.engines.python.gaps import GREAT_RANGE, OPEN_RANGE, OTHER_RANGE
from harness.engines.python.kernel import Expressions
from harness.plan.facts.columns import fresh
from harness.plan.facts.frames import Distance, Frame, frame_of, window_order
from harness.plan.facts.printing import in_sql
from harness.plan.facts.special import specials_of
from harness.plan.facts.typing import infer
from harness.plan.facts.windows import function_of
from harness.plan.tree.nodes import Expression, Window
from harness.special import Special
from harness.types import Schema, Type

_BARE = (exp.Star, exp.Distinct, type(None))
"""Arguments that stay in a function; any other becomes a column, constants too."""


@dataclass
class BareWindows:
    """A node's window functions over columns only, and the columns to compute for them."""

    node: Window
    windows: dict[str, Expression] = field(default_factory=dict)
    computed: dict[str, Expression] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, window in self.node.functions:
            self.windows[name] = self._bare(window.copy())

    @property
    def schema(self) -> Schema:
        """The columns that the windows read."""
        source = self.node.input.schema
        return source + tuple(infer(e, source).named(name) for name, e in self.computed.items())

    def _bare(self, window: Expression) -> Expression:
        function = function_of(window)
        argument = function.this if isinstance(function, exp.Func) else None
        keys = window.args.get("partition_by") or []
        parts = [*keys, *(o.this for o in window_order(window))]
        for part in [*parts, *([] if isinstance(argument, _BARE) else [argument])]:
            if not isinstance(part, exp.Column):
                part.replace(exp.column(self._named(part)))
        return window

    def _named(self, e: Expression) -> str:
        """Returns the name of the column for a computed value; windows with one value share it."""
        known = next((name for name, other in self.computed.items() if other == e), None)
        if known is None:
            known = fresh("value", {*self.node.names, *self.computed})
            self.computed[known] = e.copy()
        return known


def partition_names(window: Expression) -> list[str]:
    return [key.name for key in window.args.get("partition_by") or []]


def is_over_everything(window: Expression) -> bool:
    """True for an aggregate over all rows, which libraries compute as one scalar."""
    function, places = window.this, (exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue)
    aggregate = isinstance(function, exp.AggFunc) and not isinstance(function, places)
    return aggregate and not partition_names(window) and frame_of(window).kind == "whole"


def sort_keys_of(window: Expression) -> list[SortKey]:
    """Returns the ORDER BY keys of a window over columns."""
    return [
        SortKey(o.this.name, bool(o.args.get("desc")), bool(o.args.get("nulls_first")))
        for o in window_order(window)
    ]


_OF_RANGES = (exp.Sum, exp.Avg, exp.Count, exp.Min, exp.Max)


def key_of_range(window: Expression, frame: Frame, print_: Expressions) -> Expression:
    """Returns the key of a window over a frame of values.

    Raises Refused for a frame whose start is open, for keys that a float may not hold, and for a
    function that is no sum, mean, count or extreme of numbers.
    """
    function, (key,) = window.this, window_order(window)
    counts = isinstance(function, exp.Count) and not isinstance(function.this, exp.Distinct)
    if not counts and (
        not isinstance(function, _OF_RANGES)
        or isinstance(function.this, exp.Distinct)
        or print_.type(function.this) not in (Type.INT64, Type.FLOAT64)
    ):
        raise print_.gaps.unsupported(OTHER_RANGE, in_sql(window))
    if frame.low is None:
        raise print_.gaps.unsupported(OPEN_RANGE, in_sql(window))
    if Special.BEYOND in specials_of(key.this, print_.schema):
        raise print_.gaps.unsupported(GREAT_RANGE, in_sql(window))
    found: Expression = key.this
    return found


_UNITS = (("D", 86_400), ("h", 3600), ("m", 60), ("s", 1))
"""NumPy's names of units -> their seconds."""


def in_units(distance: timedelta) -> tuple[int, str]:
    """Returns a duration of whole seconds as a number of the largest unit that measures it."""
    seconds = round(distance.total_seconds())
    return next((seconds // size, unit) for unit, size in _UNITS if seconds % size == 0)


def distance_text(distance: Distance) -> str:
    """Returns the text of a distance between keys: ``-10``, ``np.timedelta64(-1, "h")``."""
    if not isinstance(distance, timedelta):
        return repr(distance)
    count, unit = in_units(distance)
    return f'np.timedelta64({count}, "{unit}")'
