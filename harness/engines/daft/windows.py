"""Emits window functions for Daft: a window's definition, and a function over it."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from harness.engines.daft.expressions import DaftExpressions
from harness.engines.daft.gaps import NTH, RANGE
from harness.engines.python.kernel import ATOM, quoted
from harness.plan.facts.frames import Frame, frame_of, window_order
from harness.plan.facts.printing import in_sql
from harness.plan.facts.windows import PLACING
from harness.plan.tree.nodes import Expression

_NUMBERS: dict[type[Expression], str] = {
    exp.RowNumber: "row_number()",
    exp.Rank: "rank()",
    exp.DenseRank: "dense_rank()",
}
_PICKING = (exp.FirstValue, exp.LastValue)
WHOLE = ".rows_between(Window.unbounded_preceding, Window.unbounded_following)"
RUNNING = ".rows_between(Window.unbounded_preceding, Window.current_row)"


class DaftWindows:
    """Emits the window functions of one node.

    ``defined`` returns the variable that holds a window with this text, for which it may use a
    name like the one given.
    """

    def __init__(self, print_: DaftExpressions, defined: Callable[[str, str], str]) -> None:
        self.print_, self.defined = print_, defined

    def shares(self, e: exp.Window) -> bool:
        """True if rows with equal keys share the value of a function of the rows up to them.

        Daft computes it row by row, whatever its ``range_between`` is told. So that of the last of
        these rows is looked up in a second step.
        """
        return not isinstance(e.this, PLACING) and frame_of(e).kind == "peers"

    def function(self, e: exp.Window) -> str:
        """Returns the text of a window's function, over the window in a variable."""
        function, window = e.this, self.window(e)
        over = f".over({window})"
        if type(function) in _NUMBERS:
            return f"{_NUMBERS[type(function)]}{over}"
        if isinstance(function, (exp.Lag, exp.Lead)):
            return f"{self._shifted(function)}{over}"
        if isinstance(function, exp.NthValue):
            raise self.print_.gaps.unsupported(NTH, in_sql(e))
        if isinstance(function, exp.IgnoreNulls):
            value = self.print_.operand(function.this.this, ATOM)
            return f"{value}.last_value(ignore_nulls=True){over}"
        if isinstance(function, _PICKING):
            call = "first_value" if isinstance(function, exp.FirstValue) else "last_value"
            return f"{self.print_.operand(function.this, ATOM)}.{call}(){over}"
        return self._aggregate(e, over)

    def _aggregate(self, e: exp.Window, over: str) -> str:
        self.print_.over = over
        text = self.print_.text(e.this)
        self.print_.over = ""
        empty = isinstance(e.this, exp.Count) and not frame_of(e).has_current_row
        return f'{text}.cast("int64").fill_null(0)' if empty else text

    def _shifted(self, e: Expression) -> str:
        rows, default = self.print_.shift(e)
        call, rows = ("lag", rows) if isinstance(e, exp.Lag) else ("lead", -rows)
        if rows < 0:
            call, rows = ("lead" if call == "lag" else "lag"), -rows
        more = "" if default is None else f", {default}"
        return f"{self.print_.operand(e.this, ATOM)}.{call}({rows}{more})"

    # ------------------------------------------------------------------ windows

    def window(self, e: exp.Window) -> str:
        """Returns the variable of a function's window."""
        keys = e.args.get("partition_by") or []
        text = f"Window(){self._partition(e)}{self._order(e)}{self._frame(e)}"
        plain = keys and all(isinstance(key, exp.Column) for key in keys)
        return self.defined(
            text, "_".join(["by", *(key.name for key in keys)]) if plain else "window"
        )

    def _partition(self, e: exp.Window) -> str:
        """Returns the call that partitions a window; only rankings can do without."""
        keys = [self.print_.name_or_text(key) for key in e.args.get("partition_by") or []]
        if not keys and type(e.this) in _NUMBERS and window_order(e):
            return ""
        return f".partition_by({', '.join(keys) or 'lit(1)'})"

    def _order(self, e: exp.Window) -> str:
        order = window_order(e)
        if not order:
            return ".order_by(lit(1))" if isinstance(e.this, PLACING) else ""
        keys, options = self.print_.sorting(order)
        return f".order_by({', '.join(keys)}{options})"

    def _frame(self, e: exp.Window) -> str:
        """Returns the call that gives a window its frame."""
        if isinstance(e.this, PLACING):
            return ""
        frame = frame_of(e)
        if frame.kind == "range":
            raise self.print_.gaps.unsupported(RANGE, in_sql(e))
        if frame.kind == "whole":
            return WHOLE if isinstance(e.this, _PICKING) else ""
        return RUNNING if frame.kind == "peers" else _rows(frame)

    def peers(self, e: exp.Window, row: str) -> str:
        """Returns the variable of the window of a row's peers, ordered by the column ``row``."""
        keys = [*(e.args.get("partition_by") or []), *(o.this for o in window_order(e))]
        names = ", ".join(map(self.print_.name_or_text, keys))
        return self.defined(
            f"Window().partition_by({names}).order_by({quoted(row)}){WHOLE}", "peers"
        )


def _rows(frame: Frame) -> str:
    first = "Window.unbounded_preceding" if frame.first is None else _row(frame.first)
    return f".rows_between({first}, {_row(frame.last)})"


def _row(place: int) -> str:
    return "Window.current_row" if place == 0 else str(place)
