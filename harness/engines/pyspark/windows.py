"""Emits window functions for PySpark: a window's definition, and a function over it."""

from __future__ import annotations

from datetime import timedelta

from sqlglot import exp

from harness.engines.pyspark.expressions import SparkExpressions
from harness.engines.pyspark.gaps import FRACTION
from harness.plan.facts.frames import Distance, Frame, frame_of, window_order
from harness.plan.facts.printing import in_sql
from harness.plan.facts.windows import PLACING
from harness.plan.tree.nodes import Expression
from harness.types import Type


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
        frame = frame_of(e)
        order = self.print_.sorting(window_order(e), self._measured(e, frame))
        if not order and isinstance(e.this, PLACING):  # Spark wants an order, even an empty one
            order = "F.lit(1)"
        keys = self.print_.arguments(e.args.get("partition_by") or [])
        text = f"Window.partitionBy({keys})" if keys or not order else "Window"
        return f"{text}.orderBy({order}){self._frame(e, frame)}" if order else text

    def _measured(self, e: exp.Window, frame: Frame) -> str:
        """Returns the call that makes a number of a frame's key: days of a date, microseconds."""
        if not isinstance(frame.high, timedelta):
            return "{}"
        return _AS_NUMBER[self.print_.type(window_order(e)[0].this)]

    def _frame(self, e: exp.Window, frame: Frame) -> str:
        """Returns the text of a frame; without one, it ends with the row's peers."""
        if frame.kind == "range":
            return self._ranged(e, frame)
        if isinstance(e.this, PLACING) or frame.kind == "peers":
            return ""
        whole = frame.kind == "whole"
        first = "Window.unboundedPreceding" if frame.first is None else _row(frame.first)
        last = "Window.unboundedFollowing" if whole else _row(frame.last)
        return f".rowsBetween({first}, {last})"

    def _ranged(self, e: exp.Window, frame: Frame) -> str:
        """Returns the text of a frame of values; its ends are numbers of the key's units."""
        if isinstance(frame.high, float) or isinstance(frame.low, float):
            raise self.print_.gaps.unsupported(FRACTION, in_sql(e))
        days = self.print_.type(window_order(e)[0].this) is Type.DATE
        unit = timedelta(days=1) if days else timedelta(microseconds=1)
        first = "Window.unboundedPreceding"
        if frame.low is not None:
            first = _row(-_units(-frame.low, unit))
        return f".rangeBetween({first}, {_row(_units(frame.high, unit))})"

    def function(self, e: exp.Window, window: str) -> str:
        """Returns the text of a window's function over the window in a variable."""
        function, over = e.this, f".over({window})"
        if type(function) in _NUMBERS:
            return f"F.{_NUMBERS[type(function)]}(){over}"
        if isinstance(function, (exp.Lag, exp.Lead)):
            return f"F.{self._shifted(function)}{over}"
        if isinstance(function, exp.IgnoreNulls):
            value = self.print_.argument(function.this.this)
            return f"F.last({value}, ignorenulls=True){over}"
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


_AS_NUMBER: dict[Type | None, str] = {
    Type.DATE: "F.unix_date({})",
    Type.TIMESTAMP: "F.unix_micros(F.to_timestamp_ltz({}))",
}


def _units(distance: Distance, unit: timedelta) -> int:
    """Returns how many whole units there are in a duration; a number is returned as it is."""
    return distance // unit if isinstance(distance, timedelta) else int(distance)


def _row(place: int) -> str:
    return "Window.currentRow" if place == 0 else str(place)
