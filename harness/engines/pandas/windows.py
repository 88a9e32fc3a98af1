"""Emits window functions for pandas: series that align with the frame by their index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from sqlglot import exp

from harness.answer import SortKey
from harness.engines.pandas.expressions import PandasExpressions
from harness.engines.pandas.gaps import GREAT_EXTREME
from harness.engines.pandas.values import MASKED
from harness.engines.python.gaps import OTHER_FRAME, OTHER_RUNNING
from harness.engines.python.kernel import Variables, one_or_list, quoted
from harness.engines.python.windows import (
    distance_text,
    key_of_range,
    partition_names,
    sort_keys_of,
)
from harness.plan.facts.frames import Frame, frame_of
from harness.plan.facts.printing import in_sql
from harness.plan.facts.special import specials_of
from harness.plan.facts.typed import Typed
from harness.plan.tree.nodes import Expression
from harness.special import Special
from harness.types import Type

_CUMULATIVE: dict[type[Expression], str] = {
    exp.Sum: "cumsum",
    exp.Min: "cummin",
    exp.Max: "cummax",
}
ROLLING: dict[type[Expression], str] = {
    exp.Sum: "sum",
    exp.Avg: "mean",
    exp.Min: "min",
    exp.Max: "max",
    exp.Count: "count",
}
_SPELT_OUT = 16
"""The most rows of a frame around a row that is spelt out, shift by shift."""
_READING_ONCE = (exp.RowNumber, exp.Lag, exp.Lead, exp.FirstValue)
"""Functions that read a sorted frame once, so that it needs no variable."""


@dataclass(frozen=True)
class Partitions:
    """The partitions of a frame, and the texts of calls of ``groupby`` that group by them.

    ``frame`` is the frame's text, in which the rows are sorted by ``order``.
    """

    frame: str
    keys: tuple[str, ...]
    order: tuple[SortKey, ...]
    keep_missing: bool
    """Whether a key is nullable, so that NULL must be a group."""

    @property
    def groups(self) -> str:
        """The text of the grouped frame, or of the frame itself if there is one partition."""
        if not self.keys:
            return self.frame
        return f"{self.frame}.groupby({one_or_list(self.keys)}, {self._options()})"

    def of(self, series: str) -> str:
        """Returns the text of a series grouped by partition; it must have the frame's index."""
        return self._by(series, self.keys, self.keep_missing) if self.keys else series

    def peers(self, series: str) -> str:
        """Returns the text of a series grouped by partition and by rows that tie in the order."""
        return self._by(series, (*self.keys, *(key.column for key in self.order)), True)

    def _by(self, series: str, keys: Sequence[str], keep_missing: bool) -> str:
        columns = [f"{self.frame}[{quoted(key)}]" for key in keys]
        by = columns[0] if len(columns) == 1 else f"[{', '.join(columns)}]"
        missing = ", dropna=False" if keep_missing else ""
        return f"{series}.groupby({by}, sort=False{missing})"

    def _options(self) -> str:
        return "sort=False" + (", dropna=False" if self.keep_missing else "")


class PandasWindows:
    """Emits the window functions of one node over columns of ``frame``.

    ``statements`` receives the statements that must run first; ``sort`` maps ORDER BY keys to the
    text of a call that sorts a frame by them.
    """

    counting: ClassVar[str] = ""
    """A call on booleans before their cumulative sum."""
    without_keys: ClassVar[str] = ".droplevel({})"
    """The call that removes the keys from the index of a grouped rolling aggregate."""

    def __init__(
        self,
        print_: PandasExpressions,
        statements: list[str],
        variables: Variables,
        sort: Callable[[Sequence[SortKey]], str],
    ) -> None:
        self.print_, self.gaps, self.frame = print_, print_.gaps, print_.frame
        self.statements, self.variables, self.sort = statements, variables, sort
        self.frames: dict[str, str] = {}
        """The text of a call -> the variable that holds the frames that it returns."""
        self.sorted: dict[tuple[SortKey, ...], str] = {}

    def values(self, windows: Mapping[str, Expression]) -> list[tuple[str, str]]:
        """Returns (column, text of its series) for each window."""
        uses = Counter(tuple(sort_keys_of(e)) for e in windows.values())
        shared = {order for order, count in uses.items() if count > 1}
        return [(name, self._value(e, shared)) for name, e in windows.items()]

    def _value(self, e: Expression, shared: set[tuple[SortKey, ...]]) -> str:
        order = tuple(sort_keys_of(e))
        if (bounds := frame_of(e)).kind == "range":
            return self._ranged(e, bounds)
        if isinstance(e.this, (exp.Rank, exp.DenseRank)) and self._ranks(order, e):
            return self._ranked(e.this, self._partitions(e, self.frame), order[0])
        reads_once = isinstance(e.this, _READING_ONCE) and bool(partition_names(e))
        in_one_call = reads_once and order not in shared
        frame = f"{self.frame}{self.sort(order)}" if in_one_call else self._sorted(order)
        return self._printed(e, self._partitions(e, frame))

    def _ranks(self, order: tuple[SortKey, ...], e: Expression) -> bool:
        """True if the method ``rank`` can compute the ranks of the window ``e``.

        It can if ``order``, the window's ORDER BY, has one key; the frame need not be sorted then.
        """
        return len(order) == 1

    def _sorted(self, order: tuple[SortKey, ...]) -> str:
        """Returns the variable of the frame sorted by ``order``; emits the sort if it is new."""
        if not order:
            return self.frame
        if order not in self.sorted:
            self.sorted[order] = self.variables.fresh("ordered")
            self.statements.append(f"{self.sorted[order]} = {self.frame}{self.sort(order)}")
        return self.sorted[order]

    def _partitions(self, e: Expression, frame: str) -> Partitions:
        keys = tuple(partition_names(e))
        keep_missing = any(self.print_.nullable(exp.column(key)) for key in keys)
        return Partitions(frame, keys, tuple(sort_keys_of(e)), keep_missing)

    def _printed(self, e: Expression, rows: Partitions) -> str:
        function = e.this
        if isinstance(function, exp.RowNumber):
            return self._row_number(rows)
        if isinstance(function, (exp.Rank, exp.DenseRank)):
            return self._rank(function, rows)
        if isinstance(function, (exp.Lag, exp.Lead)):
            return self._shifted(function, rows)
        if isinstance(function, exp.IgnoreNulls):
            return self._carried(function.this, frame_of(e), rows)
        if isinstance(function, (exp.FirstValue, exp.LastValue, exp.NthValue)):
            return self._picked(e, rows)
        frame = frame_of(e)
        if frame.kind == "whole":
            return self._whole(function, rows)
        if frame.first is not None:
            return self._bounded(e, frame, rows)
        text = self._growing(function, frame.last, rows)
        return f'{rows.peers(_operand(text))}.transform("last")' if frame.kind == "peers" else text

    # ------------------------------------------------------------------ places

    def _row_number(self, rows: Partitions) -> str:
        if not rows.keys:
            places = f"range(1, len({self.frame}) + 1), index={rows.frame}.index"
            return f"{self.print_.library}.Series({places})"
        return f"{rows.groups}.cumcount() + 1"

    def _ranked(self, e: Expression, rows: Partitions, key: SortKey) -> str:
        """Emits ``rank`` or ``dense_rank`` by one key: a call of pandas' ``rank``, as int64."""
        options = [f'method="{"dense" if isinstance(e, exp.DenseRank) else "min"}"']
        options += ["ascending=False"] if key.descending else []
        if self.print_.nullable(exp.column(key.column)):
            options += [f'na_option="{"top" if key.nulls_first else "bottom"}"']
        ranks = f"{rows.groups}[{quoted(key.column)}].rank({', '.join(options)})"
        return f'{ranks}.astype("int64")'

    def _rank(self, e: Expression, rows: Partitions) -> str:
        """Emits ranks by several keys; rows with equal keys, peers, share a rank.

        ``rank`` is the row number of the first peer; ``dense_rank`` counts groups of peers.
        """
        if not rows.order:
            raise self.gaps.unsupported("a rank without an order", in_sql(e))
        if isinstance(e, exp.Rank):
            return f'{rows.peers(_operand(self._row_number(rows)))}.transform("first")'
        first = f"({rows.peers(self._any_column(rows))}.cumcount() == 0)"
        return f"{rows.of(first + self.counting)}.cumsum()"

    def _any_column(self, rows: Partitions) -> str:
        return f"{rows.frame}[{quoted(rows.order[0].column)}]"

    def _shifted(self, e: Expression, rows: Partitions) -> str:
        by, default = self.print_.shift(e)
        more = "" if default is None else f", fill_value={default}"
        return f"{self._with_mask(e.this, rows).groups}[{quoted(e.this.name)}].shift({by}{more})"

    def _with_mask(self, column: Expression, rows: Partitions) -> Partitions:
        """Returns the partitions, in their frame ``column`` cast to a dtype that allows NULL.

        Columns that are no integers or booleans, or have that dtype already, are not cast.
        """
        kind = self.print_.type(column)
        if kind not in MASKED or self.print_.nullable(column) or not self.print_.masks:
            return rows
        dtype = str(self.print_.dtype(Typed(kind, nullable=True)))
        frame = f"{rows.frame}.astype({{{quoted(column.name)}: {quoted(dtype)}}})"
        return Partitions(frame, rows.keys, rows.order, rows.keep_missing)

    def _picked(self, e: Expression, rows: Partitions) -> str:
        """Emits ``first_value``, ``last_value`` or ``nth_value``; NULLs are not skipped."""
        function = e.this
        column = quoted(function.this.name)
        if isinstance(function, exp.FirstValue):
            if not rows.keys:
                return self._nth(exp.NthValue(this=function.this), 1, "whole", rows)
            return f"{rows.groups}[{column}].{self.transform('first', 'skipna=False')}"
        if isinstance(function, exp.LastValue):
            series = f"{rows.frame}[{column}]"
            return f"{rows.peers(series)}.{self.transform('last', 'skipna=False')}"
        return self._nth(function, int(function.args["offset"].name), frame_of(e).kind, rows)

    def _nth(self, e: Expression, place: int, kind: str, rows: Partitions) -> str:
        masked, number = self._with_mask(e.this, rows), _operand(self._row_number(rows))
        only = f"{masked.frame}[{quoted(e.this.name)}].where({number} == {place})"
        nth = f'{rows.of(only)}.transform("first")' if rows.keys else f"{only}.bfill().ffill()"
        if kind == "peers":
            number = f'{rows.peers(number)}.transform("last")'
        return nth if kind == "whole" else f"{nth}.where({number} >= {place})"

    def _carried(self, e: Expression, frame: Frame, rows: Partitions) -> str:
        """Emits ``last_value`` without NULLs: values are carried forward to rows without one."""
        masked = self._with_mask(e.this, rows) if frame.last else rows
        text = f"{masked.groups}[{quoted(e.this.name)}].ffill()"
        if frame.kind == "peers":
            return f'{rows.peers(text)}.transform("last")'
        return self._moved(text, frame.last, rows)

    # ------------------------------------------------------------------ aggregates

    def _whole(self, e: Expression, rows: Partitions) -> str:
        if not rows.keys:
            return self.print_.total(e)
        if isinstance(e.this, exp.Star):
            return f'{rows.groups}[{quoted(rows.keys[0])}].transform("size")'
        argument = e.this.expressions[0] if isinstance(e.this, exp.Distinct) else e.this
        if not isinstance(argument, exp.Column):
            raise self.gaps.unsupported("a window over a computed value", in_sql(e))
        call, options = self.print_.reduction(e).removesuffix(")").split("(")
        if isinstance(e, exp.Sum) and not self.print_.nullable(argument):
            options = ""
        return f"{rows.groups}[{quoted(argument.name)}].{self.transform(call, options)}"

    def transform(self, call: str, options: str) -> str:
        """Returns the text of a call that gives each row its group's aggregate.

        ``call`` is pandas' name of the aggregate, ``options`` the text of its options.
        """
        return f'transform("{call}"{f", {options}" if options else ""})'

    def _growing(self, e: Expression, last: int, rows: Partitions) -> str:
        """Emits an aggregate from the partition's first row to ``last`` rows after this one."""
        if last > 0:
            raise self.gaps.unsupported("a running aggregate of rows to come", in_sql(e))
        if isinstance(e, exp.Count):
            return self._moved(self._running_count(e, rows), last, rows, nothing="0")
        self._check(e)
        series = f"{rows.groups}[{quoted(e.this.name)}]"
        text = f"{series}.{_CUMULATIVE.get(type(e), 'cumsum')}()"
        if isinstance(e, exp.Avg):
            text = f"{text} / {_operand(self._running_count(exp.Count(this=e.this), rows))}"
        if self.print_.nullable(e.this):  # rows with NULL have the value of the row before
            text = f"{rows.of(_operand(text))}.ffill()"
        return self._moved(text, last, rows, whole=self.print_.type(e) is Type.INT64)

    def _check(self, e: Expression) -> None:
        numeric = self.print_.type(e.this) in (Type.INT64, Type.FLOAT64)
        temporal = self.print_.type(e.this) in (Type.DATE, Type.TIMESTAMP)
        known = isinstance(e, (exp.Sum, exp.Avg)) or type(e) in _CUMULATIVE
        extreme = isinstance(e, (exp.Min, exp.Max))
        if not known or not (numeric or (temporal and extreme)) or isinstance(e.this, exp.Distinct):
            raise self.gaps.unsupported(OTHER_RUNNING, in_sql(e))

    def _running_count(self, e: Expression, rows: Partitions) -> str:
        if isinstance(e.this, exp.Distinct):
            raise self.gaps.unsupported("a running count of distinct values", in_sql(e))
        if isinstance(e.this, exp.Star) or not self.print_.nullable(e.this):
            return self._row_number(rows)
        known = f"{rows.frame}[{quoted(e.this.name)}].notna(){self.counting}"
        return f"{rows.of(known)}.cumsum()"

    def _moved(
        self, text: str, last: int, rows: Partitions, nothing: str = "", whole: bool = False
    ) -> str:
        """Emits the values of ``text``, each moved to a later row of its partition.

        ``last`` is 0 or negative: a row gets the value of the row ``-last`` rows before it, or
        ``nothing``, by default NULL, if the partition has no such row. ``whole`` says that the
        values are integers, which get a dtype with NULL.
        """
        if not last:
            return text
        filled = f", fill_value={nothing}" if nothing else ""
        masked = whole and self.print_.masks
        text = _operand(text)
        text = f"{text}.astype({quoted(self.print_.whole(True))})" if masked else text
        return f"{rows.of(text)}.shift({-last}{filled})"

    def _bounded(self, e: Expression, frame: Frame, rows: Partitions) -> str:
        """Emits an aggregate over a frame of a fixed number of rows around the current one."""
        function, width = e.this, frame.width
        assert frame.first is not None and width is not None
        if type(function) not in ROLLING or isinstance(function.this, exp.Distinct):
            raise self.gaps.unsupported(
                OTHER_FRAME,
                in_sql(e),
            )
        column = self._counted(function) if isinstance(function, exp.Count) else function.this
        is_float = self.print_.type(column) is Type.FLOAT64 or isinstance(function, exp.Avg)
        if frame.last <= 0 and is_float and not isinstance(function, exp.Count):
            return self._rolling(function, function.this, width, frame.last, rows)
        if width > _SPELT_OUT:
            raise self.gaps.unsupported(
                OTHER_FRAME,
                in_sql(e),
            )
        return self._side_by_side(e, column, range(frame.first, frame.last + 1), rows)

    def _counted(self, e: Expression) -> Expression:
        """Returns the column that a count can count instead: its own, or one without NULLs.

        Raises Unsupported for ``count(*)`` if all columns may be NULL.
        """
        if isinstance(e.this, exp.Column):
            return e.this
        sure = [c for c in self.print_.schema if not c.nullable]
        if not sure:
            raise self.gaps.unsupported("a count of rows without a sure column", in_sql(e))
        return exp.column(sure[0].name)

    def _rolling(
        self,
        e: Expression,
        column: Expression,
        width: int,
        last: int,
        rows: Partitions,
        centred: str = "",
    ) -> str:
        series = f"{rows.groups}[{quoted(column.name)}]"
        text = f"{series}.rolling({width}, min_periods=1{centred}).{ROLLING[type(e)]}()"
        levels = list(range(len(rows.keys)))
        if levels:
            text += self.without_keys.format(levels[0] if len(levels) == 1 else levels)
        if isinstance(e, exp.Count) and self.print_.nullable(column):
            text += ".fillna(0)"
        return self._moved(text, last, rows, nothing="0" if isinstance(e, exp.Count) else "")

    def _side_by_side(
        self, e: Expression, column: Expression, places: Sequence[int], rows: Partitions
    ) -> str:
        """Emits a small frame's rows side by side, as shifted columns, and reduces them.

        ``places`` are the frame's rows, relative to the current one: -1 is the row before.
        """
        masked, name = self._with_mask(column, rows), quoted(column.name)
        groups = f"{masked.groups}[{name}]"
        columns = [f"{groups}.shift({-at})" if at else f"{rows.frame}[{name}]" for at in places]
        least = ", min_count=1" if isinstance(e.this, exp.Sum) else ""
        beside = f"{self.print_.library}.concat([{', '.join(columns)}], axis=1)"
        text = f"{beside}.{ROLLING[type(e.this)]}(axis=1{least})"
        if self.print_.type(e) is Type.INT64 and not isinstance(e.this, exp.Count):
            text += f'.astype("{self.print_.dtype(Typed(Type.INT64, self.print_.nullable(e)))}")'
        return text

    # ------------------------------------------------------------------ frames of values

    def _ranged(self, e: Expression, frame: Frame) -> str:
        """Emits an aggregate over the rows whose keys lie within a range of the row's key.

        ``rolling`` computes in floats, so that integers are summed without it.
        """
        function, key = e.this, key_of_range(e, frame, self.print_)
        by_partition = [SortKey(name, False, False) for name in partition_names(e)]
        rows = self._partitions(e, self._sorted((*by_partition, *sort_keys_of(e))))
        frames = self._frames(rows, key, frame)
        if isinstance(function, exp.Count):
            return self._counted_in(function, rows, frames)
        values, kind = f"{rows.frame}[{quoted(function.this.name)}]", self.print_.type(e)
        dtype = quoted(self.print_.whole(self.print_.nullable(e)))
        if kind is Type.INT64 and isinstance(function, exp.Sum):
            return f"sums_in({frames}, {values}).astype({dtype})"
        text = f"{values}.rolling({frames}, min_periods=1).{ROLLING[type(function)]}()"
        if kind is not Type.INT64:
            return text
        if Special.BEYOND in specials_of(function.this, self.print_.schema):
            raise self.gaps.unsupported(GREAT_EXTREME, in_sql(e))
        return f"{text}.astype({dtype})"

    def _frames(self, rows: Partitions, key: Expression, frame: Frame) -> str:
        """Returns the variable with the frames of values, which is assigned if it is new."""
        number = self.print_.type(key) in (Type.INT64, Type.FLOAT64)
        as_floats = number and self.print_.nullable(key)
        options = '"float64", na_value=np.nan' if as_floats else ""
        keys = f"{rows.frame}[{quoted(key.name)}].to_numpy({options})"
        sizes = f"{rows.groups}.size()" if rows.keys else f"[len({rows.frame})]"
        assert frame.low is not None
        ends = f"{distance_text(frame.low)}, {distance_text(frame.high)}"
        call = f"range_frames({keys}, {sizes}, {ends})"
        if call not in self.frames:
            self.frames[call] = self.variables.fresh("frames")
            self.statements.append(f"{self.frames[call]} = {call}")
        return self.frames[call]

    def _counted_in(self, e: Expression, rows: Partitions, frames: str) -> str:
        if isinstance(e.this, exp.Star) or not self.print_.nullable(e.this):
            counts = f"{frames}.ends - {frames}.starts, {rows.frame}.index"
            return f"{self.print_.library}.Series({counts})"
        known = f"{rows.frame}[{quoted(e.this.name)}].notna()"
        return f'{known}.rolling({frames}, min_periods=0).sum().astype("int64")'


def _operand(text: str) -> str:
    """Returns the text with parentheses, if it needs them for a method call."""
    loose = any(sign in text for sign in (" + ", " / ", " == "))
    return f"({text})" if loose and not text.startswith("(") else text
