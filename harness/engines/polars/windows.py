"""Emits window functions for Polars: columns added to a frame, which is sorted if they need it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlglot import exp

from harness.engines.polars.expressions import PolarsExpressions
from harness.engines.python.gaps import OTHER_FRAME, OTHER_RUNNING
from harness.engines.python.kernel import ATOM, quoted
from harness.engines.python.windows import in_units, key_of_range
from harness.plan.facts.frames import Distance, Frame, frame_of, window_order
from harness.plan.facts.printing import in_sql
from harness.plan.tree.nodes import Expression, columns_in
from harness.types import Type

_CUMULATIVE: dict[type[Expression], str] = {
    exp.Sum: "cum_sum",
    exp.Min: "cum_min",
    exp.Max: "cum_max",
}
_ROLLING: dict[type[Expression], str] = {
    exp.Sum: "rolling_sum",
    exp.Avg: "rolling_mean",
    exp.Min: "rolling_min",
    exp.Max: "rolling_max",
}
_HORIZONTAL: dict[type[Expression], str] = {
    exp.Sum: "sum_horizontal",
    exp.Avg: "mean_horizontal",
    exp.Min: "min_horizontal",
    exp.Max: "max_horizontal",
}
_SPELT_OUT = 16
"""The most rows of a frame around a row that is spelt out, shift by shift."""
Item = tuple[str, str]
"""A column's name, and the text that computes it."""


@dataclass
class WindowPass:
    """Window functions that are computed over a frame sorted by ``order`` (() if by nothing)."""

    order: tuple[Expression, ...]
    first: list[Item] = field(default_factory=list)
    second: list[Item] = field(default_factory=list)
    """Items computed from the columns of ``first``: values that rows with equal keys share."""


class PolarsWindows:
    """Emits the window functions of one node.

    Methods take the text of the call of ``over`` that their function needs, ``.over("k")``, as the
    argument ``over``; it is empty if all rows are one partition in the frame's order.
    """

    def __init__(self, print_: PolarsExpressions) -> None:
        self.print_, self.gaps = print_, print_.gaps

    def passes(self, functions: Sequence[tuple[str, exp.Window]]) -> list[WindowPass]:
        """Returns the functions grouped by the order that their frame must have; no order is first.

        ``functions`` are pairs of a column's name and its window function.
        """
        sorted_by = {_order(e) for _, e in functions if self._needs_sorting(e)}
        found: dict[tuple[Expression, ...], WindowPass] = {}
        for name, e in functions:
            order = _order(e) if _order(e) in sorted_by else ()
            done = found.setdefault(order, WindowPass(order))
            text, shared = self._printed(e, quoted(name), presorted=bool(order))
            done.first.append((name, text))
            done.second += [(name, shared)] if shared else []
        return sorted(found.values(), key=lambda each: len(each.order) > 0)

    def _needs_sorting(self, e: exp.Window) -> bool:
        order, function = window_order(e), e.this
        if isinstance(function, (exp.Rank, exp.DenseRank)):
            return len(order) > 1 or bool(order and self._is_first(order[0]))
        ties = not isinstance(function, _PLACING) and frame_of(e).kind == "peers"
        return bool(order) and (ties or not self._one_way(order))

    def _one_way(self, order: Sequence[Expression]) -> bool:
        """True if all keys go in one direction with NULLs last, as ``over`` can sort."""
        ways = {bool(o.args.get("desc")) for o in order}
        return len(ways) < 2 and not any(map(self._is_first, order))

    def _is_first(self, key: Expression) -> bool:
        return bool(key.args.get("nulls_first")) and self.print_.nullable(key.this)

    # ------------------------------------------------------------------ one window

    def _printed(self, e: exp.Window, name: str, presorted: bool) -> tuple[str, str | None]:
        """Returns the text of a window's column, and that of a second step, or None.

        The second step, for functions that give rows with equal ORDER BY keys one value, computes
        it from the column. ``name`` is the column's name, in quotes. If ``presorted``, the frame
        is sorted by the window's keys.
        """
        function, order = e.this, [] if presorted else window_order(e)
        over = self._over(e, order)
        if isinstance(function, exp.RowNumber):
            return f"{self._numbers(over)}{over}", None
        if isinstance(function, _OF_VALUES) and not columns_in(function):
            raise self.gaps.unsupported("a constant as a value of a window", in_sql(e))
        if isinstance(function, exp.IgnoreNulls):
            return self._carried(e, name, over)
        if isinstance(function, (exp.Lag, exp.Lead)):
            return f"{self._shifted(function)}{over}", None
        if isinstance(function, (exp.Rank, exp.DenseRank)):
            return self._ranked(e, name) if presorted else (self._rank(e) + self._over(e, []), None)
        if isinstance(function, (exp.FirstValue, exp.LastValue, exp.NthValue)):
            return self._picked(e, name, over)
        frame = frame_of(e)
        if frame.kind == "whole":
            return f"{self.print_.aggregate(function, grouped=True)}{over}", None
        if frame.kind == "range":
            return self._ranged(e, frame, over), None
        text = self._over_all(self._framed(e, frame, over), over)
        return text, self._of_peers(e, name, "last") if frame.kind == "peers" else None

    def _numbers(self, over: str) -> str:
        """Returns the text of a partition's row numbers, from 1; the caller appends ``over``."""
        return "pl.int_range(1, pl.len() + 1)"

    def _over_all(self, text: str, over: str) -> str:
        """Appends ``over``, a call's text, to a whole text: ``a / b`` -> ``(a / b).over("k")``."""
        return f"({text}){over}" if over and (" / " in text or " + " in text) else f"{text}{over}"

    def _of_peers(self, e: exp.Window, name: str, call: str) -> str:
        keys = [*(e.args.get("partition_by") or []), *(o.this for o in window_order(e))]
        return f"pl.col({name}).{call}().over({self.print_.names(keys)})"

    def _ranked(self, e: exp.Window, name: str) -> tuple[str, str | None]:
        """Returns the text of a column of ranks over a sorted frame, and that of a second step.

        For ``rank`` the second step gives rows with equal keys the rank of the first of them;
        ``dense_rank`` needs none: None. ``name`` is the column's name, in quotes.
        """
        over = self._over(e, [])
        if isinstance(e.this, exp.Rank):
            return f"{self._numbers(over)}{over}", self._of_peers(e, name, "first")
        keys = self.print_.names([o.this for o in window_order(e)])
        return f"pl.struct({keys}).rle_id(){over} + 1", None

    def _rank(self, e: exp.Window) -> str:
        """Emits ranks by one key; rows with a NULL key share the last rank."""
        (order,) = window_order(e)
        dense = isinstance(e.this, exp.DenseRank)
        key = self.print_.operand(order.this, ATOM)
        descending = ", descending=True" if order.args.get("desc") else ""
        ranks = f'{key}.rank("{"dense" if dense else "min"}"{descending})'
        if not self.print_.nullable(order.this):
            return ranks
        known = f"{key}.drop_nulls().n_unique()" if dense else f"{key}.count()"
        return f"{ranks}.fill_null({known} + 1)"

    def _shifted(self, e: Expression) -> str:
        rows, default = self.print_.shift(e)
        more = "" if default is None else f", fill_value={default}"
        return f"{self.print_.number(e.this, e, ATOM)}.shift({rows}{more})"

    def _picked(self, e: exp.Window, name: str, over: str) -> tuple[str, str | None]:
        """Returns the text of ``first_value``, ``last_value`` or ``nth_value``, and a further one.

        The further one is that of a second step, which replaces the column ``name`` by
        values computed from it; None if there is none. ``nth_value`` is NULL where the frame has
        fewer than n rows.
        """
        function = e.this
        value = self.print_.operand(function.this, ATOM)
        if isinstance(function, exp.FirstValue):
            return f"{value}.first(){over}", None
        if isinstance(function, exp.LastValue):
            keys = [*(e.args.get("partition_by") or []), *(o.this for o in window_order(e))]
            return f"{value}.last().over({self.print_.names(keys)})", None
        place = int(function.args["offset"].name)
        nth, number = f"{value}.get({place - 1}, null_on_oob=True)", self._numbers(over)
        match frame_of(e).kind:
            case "whole":
                return f"{nth}{over}", None
            case "rows":
                return f"pl.when({number} >= {place}).then({nth}){over}", None
        last = self._of_peers(e, name, "last")
        return f"{number}{over}", f"pl.when({last} >= {place}).then({nth}{self._over(e, [])})"

    def _carried(self, e: exp.Window, name: str, over: str) -> tuple[str, str | None]:
        """Returns the text of ``last_value`` without NULLs, and that of a second step, or None.

        The second step gives rows with equal keys the value of the last of them.
        """
        frame, value = frame_of(e), self.print_.operand(e.this.this.this, ATOM)
        text = self._moved(f"{value}{self._filled(over)}", frame.last) + over
        return text, self._of_peers(e, name, "last") if frame.kind == "peers" else None

    # ------------------------------------------------------------------ aggregates of frames

    def _framed(self, e: exp.Window, frame: Frame, over: str) -> str:
        function = e.this
        if frame.first is None:
            return self._growing(function, frame.last, over)
        assert frame.width is not None
        if frame.last <= 0 and self._rolls(function):
            return self._rolling(function, frame.width, -frame.last)
        if frame.width > _SPELT_OUT or not isinstance(function, (*_HORIZONTAL, exp.Count)):
            raise self.gaps.unsupported(
                OTHER_FRAME,
                in_sql(e),
            )
        return self._horizontal(e, range(frame.first, frame.last + 1))

    def _rolls(self, e: Expression) -> bool:
        """True if Polars can compute an aggregate over a moving frame; of texts it cannot."""
        if isinstance(e, exp.Count):
            return not isinstance(e.this, exp.Distinct)
        return type(e) in _ROLLING and self.print_.type(e.this) is not Type.STRING

    def _growing(self, e: Expression, last: int, over: str) -> str:
        """Emits an aggregate from the partition's first row to ``last`` rows after this one."""
        if isinstance(e, exp.Avg):
            total = self._growing(exp.Sum(this=e.this), last, over)
            return f"{total} / {self._growing(exp.Count(this=e.this), last, over)}"
        if isinstance(e, exp.Count):
            return self._moved(self._running_count(e, over), last, nothing="0")
        if type(e) not in _CUMULATIVE or isinstance(e.this, exp.Distinct):
            raise self.gaps.unsupported(OTHER_RUNNING, in_sql(e))
        text = f"{self.print_.number(e.this, e, ATOM)}.{_CUMULATIVE[type(e)]}()"
        if self.print_.nullable(e.this):
            text += self._filled(over)
        return self._moved(text, last)

    def _filled(self, over: str) -> str:
        """Returns the text of a call that gives rows with NULL the value of the row before."""
        return ".forward_fill()"

    def _running_count(self, e: Expression, over: str) -> str:
        if isinstance(e.this, exp.Distinct):
            raise self.gaps.unsupported("a running count of distinct values", in_sql(e))
        if isinstance(e.this, exp.Star) or not self.print_.nullable(e.this):
            return self._numbers(over)
        return f"{self.print_.operand(e.this, ATOM)}.cum_count()"

    def _moved(self, text: str, last: int, nothing: str = "") -> str:
        """Emits a running value, moved so that each row has that of ``last`` rows later.

        If ``last`` is negative, rows with too few before them get ``nothing``, by default NULL;
        else rows with too few after them get the last value.
        """
        if last > 0:
            return f"{text}.shift({-last}, fill_value={text}.last())"
        filled = f", fill_value={nothing}" if nothing else ""
        return f"{text}.shift({-last}{filled})" if last else text

    def _rolling(self, e: Expression, width: int, back: int) -> str:
        value, call = self._summable(e)
        text = f"{value}.{call}({width}, min_samples=1)"
        return self._moved(text, -back, nothing="0" if isinstance(e, exp.Count) else "")

    def _summable(self, e: Expression) -> tuple[str, str]:
        """Returns the text of what a moving aggregate is of, and its call; a count is a sum."""
        if isinstance(e, exp.Count):
            return f"{self._counts_row(e)}.cast(pl.Int64)", _ROLLING[exp.Sum]
        return self.print_.number(e.this, e, ATOM), _ROLLING[type(e)]

    def _counts_row(self, e: Expression) -> str:
        """Returns the text of a condition that is true of the rows which ``count(…)`` counts."""
        if isinstance(e.this, exp.Star) or not self.print_.nullable(e.this):
            return "pl.repeat(True, pl.len())"
        return f"{self.print_.operand(e.this, ATOM)}.is_not_null()"

    def _horizontal(self, e: exp.Window, places: Iterable[int]) -> str:
        """Emits a small frame's rows side by side, as shifted columns, and reduces them.

        ``places`` are the frame's rows, relative to the current one: -1 is the row before.
        """
        function = e.this
        if isinstance(function, exp.Count):
            there = f"{self._counts_row(function)}.cast(pl.Int64)"
            return f"pl.sum_horizontal({self._side_by_side(there, places)})"
        values = self._side_by_side(self.print_.number(function.this, function, ATOM), places)
        text = f"pl.{_HORIZONTAL[type(function)]}({values})"
        if isinstance(function, exp.Sum) and self.print_.nullable(e):  # NULL, not 0, of NULLs only
            text = f"pl.when(pl.max_horizontal({values}).is_not_null()).then({text})"
        return text

    def _side_by_side(self, value: str, places: Iterable[int]) -> str:
        return ", ".join(f"{value}.shift({-at})" if at else value for at in places)

    # ------------------------------------------------------------------ frames of values

    def _ranged(self, e: exp.Window, frame: Frame, over: str) -> str:
        """Emits an aggregate over the rows whose keys lie within a range of the row's key.

        One up to the row's key is a call that sorts by itself, and gives NULL for a key that is
        NULL; there the frame is the key's peers.
        """
        function, key = e.this, key_of_range(e, frame, self.print_)
        assert frame.low is not None
        if self.print_.type(key) is Type.FLOAT64:
            raise self.gaps.unsupported("a frame of values of floats", in_sql(e))
        if frame.low == frame.high:
            raise self.gaps.unsupported("a frame of one other value", in_sql(e))
        by = self.print_.name_or_text(key)
        if frame.high:
            return self._around(e, frame, by, over)
        value, call = self._summable(function)
        size = _span(-frame.low)
        text = f'{value}.{call}_by({by}, {quoted(size)}, closed="both", min_samples=1)'
        text += self._over(e, [])
        if not self.print_.nullable(key):
            return text
        known = f"{self.print_.operand(key, ATOM)}.is_not_null()"
        names = self.print_.names([*(e.args.get("partition_by") or []), key])
        aggregate = self.print_.aggregate(function, grouped=True)
        return f"pl.when({known}).then({text}).otherwise({aggregate}.over({names}))"

    def _around(self, e: exp.Window, frame: Frame, by: str, over: str) -> str:
        """Emits an aggregate of groups of rows, one for each row; ``by`` is the key's text."""
        (key,) = window_order(e)
        if self.print_.nullable(key.this):
            reason = "a frame of values beyond the row by what may be NULL"
            raise self.gaps.unsupported(reason, in_sql(e))
        assert frame.low is not None
        period = _span(frame.high - frame.low)  # type: ignore[operator]
        frames = f'period="{period}", offset="{_span(frame.low)}", closed="both"'
        aggregate = self.print_.aggregate(e.this, grouped=frame.has_current_row)
        return f"{aggregate}.rolling({by}, {frames}){over}"

    # ------------------------------------------------------------------ partitions

    def _over(self, e: Expression, order: Sequence[Expression]) -> str:
        keys = [self.print_.name_or_text(k) for k in e.args.get("partition_by") or []]
        if order:
            by = [self.print_.name_or_text(o.this) for o in order]
            keys.append(f"order_by={by[0] if len(by) == 1 else '[' + ', '.join(by) + ']'}")
            keys += ["descending=True"] if order[0].args.get("desc") else []
            keys += ["nulls_last=True"] if any(self.print_.nullable(o.this) for o in order) else []
        return f".over({', '.join(keys)})" if keys else ""


_OF_VALUES = (exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue, exp.IgnoreNulls)
_PLACING: tuple[type[Expression], ...] = (exp.RowNumber, exp.Lag, exp.Lead, exp.FirstValue)


def _span(distance: Distance) -> str:
    """Returns a distance between keys in Polars' language of durations: ``-1h``, ``10i``."""
    if not isinstance(distance, timedelta):
        return f"{distance}i"
    count, unit = in_units(distance)
    return f"{count}{unit.lower()}"


def _order(e: exp.Window) -> tuple[Expression, ...]:
    return tuple(window_order(e))
