"""Emits window functions as calls on a table: Acero has none, but lists of row numbers serve."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from harness.engines.pyarrow.aggregates import call_of
from harness.engines.pyarrow.expressions import ArrowExpressions
from harness.engines.pyarrow.flow import sort_keys
from harness.engines.python.gaps import OTHER_FRAME
from harness.engines.python.kernel import Variables, listing, quoted
from harness.engines.python.windows import (
    distance_text,
    key_of_range,
    partition_names,
    sort_keys_of,
)
from harness.plan.facts.frames import Frame, frame_of
from harness.plan.facts.printing import in_sql
from harness.plan.facts.windows import PLACING
from harness.plan.tree.nodes import Expression
from harness.types import Type

_RANKS: dict[type[Expression], str] = {exp.Rank: "ranks", exp.DenseRank: "dense_ranks"}
_PICKING = (exp.FirstValue, exp.LastValue, exp.NthValue)
_COMBINED: dict[type[Expression], str] = {
    exp.Sum: "sum_of",
    exp.Min: "pc.min_element_wise",
    exp.Max: "pc.max_element_wise",
}
_UFUNCS: dict[type[Expression], str] = {
    exp.Sum: "np.add",
    exp.Min: "np.minimum",
    exp.Max: "np.maximum",
}
_WIDEST_FRAME = 64
"""The most rows of a frame: the program computes a shifted column for each."""


class WindowPrinter:
    """Emits window functions over a table that a variable holds.

    ``statements`` receives the statements that must run first.
    """

    def __init__(
        self, print_: ArrowExpressions, table: str, variables: Variables, statements: list[str]
    ) -> None:
        self.print_, self.gaps, self.table = print_, print_.gaps, table
        self.variables, self.statements = variables, statements
        self.assigned: dict[str, str] = {}
        """The text of a call -> the variable that holds its result."""

    def values(self, e: Expression) -> str:
        """Returns the text of an array with a window function's values, in the table's order."""
        function, keys, order = e.this, partition_names(e), sort_keys_of(e)
        if isinstance(function, exp.RowNumber) and not (order or keys):
            return f"pa.arange(1, {self.table}.num_rows + 1)"
        if not isinstance(function, (*PLACING, *_PICKING)) and frame_of(e).kind == "whole":
            return self._over(keys, function)
        if not order:
            raise self.gaps.unsupported("a ranking without an order", in_sql(e))
        rows = self._rows(keys, sort_keys(order))
        return f"placed({self._ordered(e, rows)}, {rows})"

    def _rows(self, keys: Sequence[str], order: str) -> str:
        """Returns the variable that holds the row numbers of each partition, in the window's order.

        ``keys`` are the partition's columns, ``order`` is the text of the sort keys.
        """
        return self._assigned("rows", f"ranked_rows({self.table}, {listing(keys)}, {order})")

    def _assigned(self, name: str, call: str) -> str:
        """Returns the variable that holds a call's result; assigns it to a new one if none does."""
        if call not in self.assigned:
            self.assigned[call] = self.variables.fresh(name)
            self.statements.append(f"{self.assigned[call]} = {call}")
        return self.assigned[call]

    def _over(self, keys: Sequence[str], e: Expression) -> str:
        """Returns the text of an array: for each row the aggregate ``e`` of its partition.

        Without ``keys``, the columns of PARTITION BY, all rows are one partition.
        """
        call = call_of(e, self.print_)
        argument = "[]" if call.argument is None else quoted(call.argument.name)
        if keys:
            options = f", {call.options}" if call.options else ""
            aggregate = f"({argument}, {quoted(call.function)}{options})"
            return f"over({self.table}, {listing(keys)}, {aggregate})"
        value = f"{self.table}.num_rows"
        if call.argument is not None:
            options = f", options={call.options}" if call.options else ""
            value = f"pc.{call.function}({self.table}[{argument}]{options})"
        return f"pa.repeat({value}, {self.table}.num_rows)"

    # ------------------------------------------------------------------ in order

    def _ordered(self, e: Expression, rows: str) -> str:
        """Emits a window function's values, partition by partition, in the window's order.

        ``rows`` is the variable with the row numbers of each partition.
        """
        function = e.this
        if isinstance(function, exp.RowNumber):
            return f"row_numbers({rows})"
        if type(function) in _RANKS:
            return f"{_RANKS[type(function)]}({rows}, {self._keys(e, rows)})"
        if isinstance(function, (exp.Lag, exp.Lead)):
            return self._shifted(function, rows)
        if isinstance(function, _PICKING):
            return self._picked(e, rows)
        frame = frame_of(e)
        if isinstance(function, exp.IgnoreNulls):
            text = f"carried({self._column(function.this.this, rows)}, {rows})"
            if frame.kind == "peers":
                return f"last_peers({text}, {rows}, {self._keys(e, rows)})"
            return f"shifted({text}, {rows}, {frame.last})" if frame.last else text
        if frame.kind == "range":
            return self._ranged(function, rows, self._frames(e, rows, frame))
        text = self._framed(function, rows, frame)
        return (
            f"last_peers({text}, {rows}, {self._keys(e, rows)})" if frame.kind == "peers" else text
        )

    def _keys(self, e: Expression, rows: str) -> str:
        keys = [key.column for key in sort_keys_of(e)]
        return f"{self.table}.select({listing(keys)}).take({rows}.flatten())"

    def _column(self, e: Expression, rows: str) -> str:
        return f"{self.table}[{quoted(e.name)}].take({rows}.flatten())"

    def _shifted(self, e: Expression, rows: str) -> str:
        by, default = self.print_.shift(e)
        shift = str(-by) if default is None else f"{-by}, {default}"
        return f"shifted({self._column(e.this, rows)}, {rows}, {shift})"

    def _picked(self, e: Expression, rows: str) -> str:
        """Emits ``first_value``, ``last_value`` or ``nth_value``.

        ``nth_value`` is NULL where the frame has fewer than n rows.
        """
        function, kind = e.this, frame_of(e).kind
        column = self._column(function.this, rows)
        if isinstance(function, exp.LastValue):
            return f"last_peers({column}, {rows}, {self._keys(e, rows)})"
        place = 1 if isinstance(function, exp.FirstValue) else int(function.args["offset"].name)
        nth, number = f"nth({column}, {rows}, {place})", f"row_numbers({rows})"
        if kind == "whole":
            return nth
        if kind == "peers":
            number = f"last_peers({number}, {rows}, {self._keys(e, rows)})"
        return f"pc.if_else(pc.greater_equal({number}, {place}), {nth}, None)"

    # ------------------------------------------------------------------ aggregates of frames

    def _frames(self, e: Expression, rows: str, frame: Frame) -> str:
        """Returns the variable with the frames of values: the places where each begins and ends."""
        key = self._column(key_of_range(e, frame, self.print_), rows)
        assert frame.low is not None
        ends = f"{distance_text(frame.low)}, {distance_text(frame.high)}"
        return self._assigned("frames", f"range_frames({key}, {rows}, {ends})")

    def _ranged(self, e: Expression, rows: str, frames: str) -> str:
        if isinstance(e, exp.Avg):
            total = self._ranged(exp.Sum(this=e.this), rows, frames)
            return self._mean(e, total, self._ranged(exp.Count(this=e.this), rows, frames))
        sure = isinstance(e.this, exp.Star) or not self.print_.nullable(e.this)
        if isinstance(e, exp.Count) and sure:
            return f"pa.array({frames}[1] - {frames}[0])"
        values = self._column(e.this, rows)
        if isinstance(e, exp.Count):
            return f"counted_in({frames}, {values})"
        return f"combined_in({frames}, {values}, {_UFUNCS[type(e)]})"

    def _mean(self, e: Expression, total: str, count: str) -> str:
        """Returns the text of means of values: their sum divided by their count."""
        count = f'pc.if_else(pc.greater({count}, 0), {count}, None).cast("float64")'
        whole = self.print_.type(e.this) is Type.INT64  # a float may not hold it exactly
        rounds = ", safe=False" if whole else ""
        return f'pc.divide(pc.cast({total}, "float64"{rounds}), {count})'

    def _framed(self, e: Expression, rows: str, frame: Frame) -> str:
        if isinstance(e, exp.Avg):
            total = self._framed(exp.Sum(this=e.this), rows, frame)
            return self._mean(e, total, self._framed(exp.Count(this=e.this), rows, frame))
        if isinstance(e, exp.Count) and not isinstance(e.this, exp.Distinct):
            return self._counted(e, rows, frame)
        kind = self.print_.type(e.this)
        if type(e) not in _COMBINED or kind is Type.BOOLEAN or isinstance(e.this, exp.Distinct):
            raise self.gaps.unsupported(
                OTHER_FRAME,
                in_sql(e),
            )
        return self._combined(type(e), self._column(e.this, rows), rows, frame)

    def _counted(self, e: Expression, rows: str, frame: Frame) -> str:
        everything = isinstance(e.this, exp.Star) or not self.print_.nullable(e.this)
        if everything and frame.first is None and not frame.last:
            return f"row_numbers({rows})"
        there = f"pa.repeat(1, {self.table}.num_rows)"
        if not everything:
            there = f'{self._column(e.this, rows)}.is_valid().cast("int64")'
        counts = self._combined(exp.Sum, there, rows, frame)
        return counts if frame.first is None and not frame.last else f"pc.coalesce({counts}, 0)"

    def _combined(self, kind: type[Expression], values: str, rows: str, frame: Frame) -> str:
        """Emits, for each row, the aggregate ``kind`` of ``values`` over the row's frame.

        ``rows`` is the variable with the row numbers of each partition, ``values`` the text of a
        column in their order.
        """
        if frame.first is not None and (frame.width or 0) > _WIDEST_FRAME:
            raise self.gaps.unsupported(f"a frame of more than {_WIDEST_FRAME} rows")
        if frame.first is not None:
            return f"framed({values}, {rows}, {frame.first}, {frame.last}, {_COMBINED[kind]})"
        text = f"running({values}, {rows}, {_COMBINED[kind]})"
        if frame.last > 0:
            raise self.gaps.unsupported("a running aggregate of rows to come")
        return f"shifted({text}, {rows}, {frame.last})" if frame.last else text
