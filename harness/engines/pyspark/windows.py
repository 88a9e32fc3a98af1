"""Emits window functions for PySpark: a window's definition, and a function over it."""

from __future__ import annotations

from sqlglot import exp

from harness.engines.pyspark.expressions import SparkExpressions
from harness.plan.facts.windows import PLACING, frame_of, window_order
from harness.plan.tree.nodes import Expression


class SparkWindows:
    """Emits the window functions of one node."""

    def __init__(self, print_: SparkExpressions) -> None:
        self.print_ = print_

    def name(self, e: exp.Window) -> str:
        """Returns a name for the variable with a window: ``by_`` and its keys, or ``window``."""
        keys = e.args.get("partition_by") or []
        plain = keys and all(isinstance(key, exp.Column) for key in keys)
        return "_".join(["by", *(key.name for key in keys)]) if plain else "window"

    def definition(self, e: exp.Window) -> str:
        """Returns the text of a window: ``Window.partitionBy("g").orderBy("o")`` and a frame."""
        order = self.print_.sorting(window_order(e))
        if not order and isinstance(e.this, PLACING):  # Spark wants an order, even an empty one
            order = "F.lit(1)"
        keys = self.print_.arguments(e.args.get("partition_by") or [])
        text = f"Window.partitionBy({keys})" if keys or not order else "Window"
        return f"{text}.orderBy({order}){self._frame(e)}" if order else text

    def _frame(self, e: exp.Window) -> str:
        """Returns the text of a frame; without one, it ends with the row's peers."""
        frame = frame_of(e)
        if isinstance(e.this, PLACING) or frame.kind == "peers":
            return ""
        whole = frame.kind == "whole"
        first = "Window.unboundedPreceding" if frame.first is None else _row(frame.first)
        last = "Window.unboundedFollowing" if whole else _row(frame.last)
        return f".rowsBetween({first}, {last})"

    def function(self, e: exp.Window, window: str) -> str:
        """Returns the text of a window's function over the window in a variable."""
        function, over = e.this, f".over({window})"
        if type(function) in _NUMBERS:
            return f"F.{_NUMBERS[type(function)]}(){over}"
        if isinstance(function, (exp.Lag, exp.Lead)):
            return f"F.{self._shifted(function)}{over}"
        if isinstance(function, (exp.FirstValue, exp.LastValue)):
            call = "first" if isinstance(function, exp.FirstValue) else "last"
            return f"F.{call}({self.print_.argument(function.this)}){over}"
        if isinstance(function, exp.NthValue):
            place = function.args["offset"].name
            return f"F.nth_value({self.print_.argument(function.this)}, {place}){over}"
        self.print_.over = over
        text = self.print_.text(function)
        self.print_.over = ""
        return text

    def _shifted(self, e: Expression) -> str:
        rows, default = self.print_.shift(e)
        call, rows = ("lag", rows) if isinstance(e, exp.Lag) else ("lead", -rows)
        more = f", {rows}" if rows != 1 or default is not None else ""
        more += "" if default is None else f", {default}"
        return f"{call}({self.print_.argument(e.this)}{more})"


_NUMBERS: dict[type[Expression], str] = {
    exp.RowNumber: "row_number",
    exp.Rank: "rank",
    exp.DenseRank: "dense_rank",
}


def _row(place: int) -> str:
    return "Window.currentRow" if place == 0 else str(place)
