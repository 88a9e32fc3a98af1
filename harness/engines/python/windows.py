"""Rewrites windows over computed values to windows over columns, for engines that need these."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import exp

from harness.answer import SortKey
from harness.plan.facts.columns import fresh
from harness.plan.facts.typing import infer
from harness.plan.facts.windows import window_order
from harness.plan.tree.nodes import Expression, Window
from harness.types import Schema

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
        argument = window.this.this if isinstance(window.this, exp.Func) else None
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


def sort_keys_of(window: Expression) -> list[SortKey]:
    """Returns the ORDER BY keys of a window over columns."""
    return [
        SortKey(o.this.name, bool(o.args.get("desc")), bool(o.args.get("nulls_first")))
        for o in window_order(window)
    ]
