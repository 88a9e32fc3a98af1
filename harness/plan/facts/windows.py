"""Window functions -> a few functions over a few kinds of frames, which every engine can spell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from sqlglot import exp

from harness.errors import Unsupported
from harness.plan.facts.kinds import DEVIATIONS, MOST_SECONDS, SECONDS, is_literal
from harness.plan.facts.printing import in_sql
from harness.special import EXACT

Expression = exp.Expr
Distance = int | float | timedelta
"""How far a key is from the current row's: of numbers, or of dates and timestamps."""
PLACING = (exp.RowNumber, exp.Rank, exp.DenseRank, exp.Lag, exp.Lead)
"""Functions of a row's place in its partition, which ignore the frame."""
_PICKING = (exp.FirstValue, exp.LastValue, exp.NthValue)
_WHOLE = {"kind": "ROWS", "start": "UNBOUNDED", "start_side": "PRECEDING",
          "end": "UNBOUNDED", "end_side": "FOLLOWING"}  # fmt: skip


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
            starts = self.low is None or _in_numbers(self.low) <= 0
            return starts and _in_numbers(self.high) >= 0
        return self.kind != "rows" or (self.last >= 0 and (self.first or 0) <= 0)

    @property
    def moves(self) -> bool:
        """True if rows leave the frame as it moves on."""
        return self.first is not None or self.low is not None

    @property
    def width(self) -> int | None:
        """The number of rows in a frame of kind ``rows``; None if it grows from row to row."""
        return None if self.first is None else self.last - self.first + 1


def _in_numbers(distance: Distance) -> float:
    """Returns a distance, a duration in seconds."""
    return distance.total_seconds() if isinstance(distance, timedelta) else distance


def frame_of(window: Expression) -> Frame:
    """Returns the frame of a window that `normal_window` has rewritten."""
    if (ends := _distances(window)) is not None:
        low, high = ends
        assert high is not None
        return Frame("range", low=low, high=high)
    first, last, ranged = _bounds(window)
    if first is None and last is None:
        return Frame("whole")
    if last is None:
        raise Unsupported("a frame up to the last row", in_sql(window))
    return Frame("peers") if ranged else Frame("rows", first, last)


def normal_window(e: Expression) -> Expression:
    """Rewrites a window function until its frame is one that :class:`Frame` describes.

    A frame that is open towards the end is reversed: the same rows in the opposite order. So is one
    of values in a descending order. A frame of peers is a partition of its own.
    ``ntile``, ``percent_rank`` and ``cume_dist`` become arithmetic on row numbers and counts.
    Without an order all rows tie. A function of a frame that ends before it starts becomes its
    value for no rows.
    """
    _drop_needless_keys(e)
    function = e.this
    if type(function) in _TIED and not window_order(e):
        return exp.Literal.number(_TIED[type(function)])
    if type(function) in _RELATIVE:
        return _RELATIVE[type(function)](e)
    if isinstance(function, PLACING):
        e.set("spec", None)
        return e
    if isinstance(function, exp.AggFunc) and not isinstance(function, _PICKING):
        if _is_of_peers(e):
            keys = [key.this for key in window_order(e)]
            e.set("partition_by", [*(e.args.get("partition_by") or []), *keys])
            e.set("order", None)
            e.set("spec", None)
        elif (ends := _distances(e)) is not None:
            return _of_values(e, *ends)
    first, last, ranged = _bounds(e)
    if first is not None and last is not None and first > last:
        return _of_no_rows(e)
    open_ended = last is None and first is not None
    if open_ended or (first is not None and last is not None and first >= 0 and last > 0):
        e, first, last = _backwards(e, first, last, ranged)
    if isinstance(function, _PICKING):
        return _picked(e, first, last, ranged)
    if first is None and last is None:
        e.set("spec", None)
        e.set("order", None)
    elif ranged:
        e.set("spec", None)
    return e


def _of_values(window: Expression, low: Distance | None, high: Distance | None) -> Expression:
    """Rewrites a window over a frame of values until its order ascends, or its start is open.

    ``low`` and ``high`` are the frame's ends as `_distances` returns them.
    """
    if not window_order(window):
        raise Unsupported("a frame of values without an order", in_sql(window))
    (key,) = window_order(window)
    moves = low is not None and high is not None
    if low is not None and high is not None and _in_numbers(low) > _in_numbers(high):
        raise Unsupported("a frame of values that ends before it begins", in_sql(window))
    if high is None or (moves and key.args.get("desc")):
        _reverse(window)
        window.set("spec", _reversed(window.args["spec"]))
    if moves:
        key.set("nulls_first", False)
    return window


def _reversed(spec: Expression) -> exp.WindowSpec:
    """Returns a frame with the same rows for the opposite order."""
    other = {"PRECEDING": "FOLLOWING", "FOLLOWING": "PRECEDING"}
    bounds = {
        there: {
            there: spec.args.get(here) or "CURRENT ROW",
            f"{there}_side": other.get((spec.args.get(f"{here}_side") or "").upper()),
        }
        for here, there in (("start", "end"), ("end", "start"))
    }
    return exp.WindowSpec(kind="RANGE", **bounds["start"], **bounds["end"])


def function_of(window: Expression) -> Expression:
    """Returns a window's function, without the IGNORE NULLS around it."""
    function: Expression = window.this
    return function.this if isinstance(function, exp.IgnoreNulls) else function


def ignoring_nulls(window: Expression) -> Expression:
    """Rewrites functions that ignore NULLs to those of all rows, or to values carried forward.

    ``first_value`` and ``nth_value`` from the partition's start sort rows that have a value first;
    up to the current row they are NULL until one row, or n, had a value. In an order, DuckDB's
    ``any_value`` is such a first value. What stays is ``last_value`` up to the current row or a row
    before it. ``first_value`` from the current row on, or a later one, is that in reverse order;
    ``lag`` and ``lead`` by one row are it, too.
    """
    if isinstance(window.this, exp.AnyValue) and window_order(window):
        window.set("this", exp.IgnoreNulls(this=exp.FirstValue(this=window.this.this)))
    if not isinstance(window.this, exp.IgnoreNulls):
        return window
    function = window.this.this
    if not window_order(window):
        raise Unsupported("a value without NULLs without an order", in_sql(window))
    if isinstance(function, (exp.Lag, exp.Lead)):
        return _neighbour(window, function)
    first, last, ranged = _bounds(window)
    if isinstance(function, exp.LastValue) and first is last is None:
        _reverse(window)
        function = exp.FirstValue(this=function.this)
    if isinstance(function, (exp.FirstValue, exp.NthValue)) and first is None:
        return _first_known(window, function, last)
    if isinstance(function, exp.LastValue) and first is None and last is not None and last <= 0:
        return window
    if isinstance(function, exp.FirstValue) and last is None and first is not None and first >= 0:
        return _carried(window, function, -first, ranged)
    raise Unsupported("this function without NULLs in this frame", in_sql(window))


def _carried(window: Expression, function: Expression, last: int, ranged: bool) -> Expression:
    """Rewrites a value found from a row on to the last one up to that row, in reverse order.

    The row is ``last``, relative to the current one in reverse order, and 0 or less. If ``ranged``,
    its peers count, too.
    """
    _reverse(window)
    window.set("this", exp.IgnoreNulls(this=exp.LastValue(this=function.this)))
    window.set("spec", None if ranged else _spec(None, last))
    return window


def _neighbour(window: Expression, function: exp.Lag | exp.Lead) -> Expression:
    """Rewrites ``lag(x ignore nulls)`` to the last value up to the row before; ``lead`` alike."""
    offset, default = function.args.get("offset"), function.args.get("default")
    if offset is not None and not is_literal(offset, "1"):
        raise Unsupported("lag or lead without NULLs by other than one row", in_sql(window))
    if default is not None and not isinstance(default, exp.Null):
        raise Unsupported("lag or lead without NULLs with a default", in_sql(window))
    if isinstance(function, exp.Lead):
        return _carried(window, function, -1, ranged=False)
    window.set("this", exp.IgnoreNulls(this=exp.LastValue(this=function.this)))
    window.set("spec", _spec(None, -1))
    return window


def _first_known(window: Expression, function: Expression, last: int | None) -> Expression:
    """Rewrites a ``first_value`` or ``nth_value`` that ignores NULLs to sort these last.

    Its frame begins with the partition and ends at row ``last``, or with the partition if None.
    """
    picked = _over(window, function)
    missing = exp.Is(this=function.this.copy(), expression=exp.null())
    picked.args["order"].expressions.insert(0, exp.Ordered(this=missing, nulls_first=False))
    picked.set("spec", exp.WindowSpec(**_WHOLE))
    if last is None:
        return picked
    window.set("this", exp.Count(this=function.this.copy(), big_int=True))
    enough = exp.GTE(this=window, expression=function.args.get("offset") or _number(1))
    return exp.Case(ifs=[exp.If(this=enough, true=picked)])


def _of_no_rows(window: Expression) -> Expression:
    """Returns the expression for what a function gives in an empty frame.

    That is 0 for a count, else NULL of the function's type.
    """
    function, value = window.this, window.this.this
    if isinstance(function, exp.Count):
        return _number(0)
    if isinstance(value, exp.Distinct):
        (value,) = value.expressions
    missing = exp.Is(this=value.copy(), expression=exp.null())
    nothing = exp.Case(ifs=[exp.If(this=missing, true=value.copy())])
    if isinstance(function, (exp.Sum, exp.Min, exp.Max, exp.AnyValue, *_PICKING)):
        return nothing
    if isinstance(function, (exp.Avg, exp.Median, *DEVIATIONS)):
        return exp.Cast(this=nothing, to=exp.DataType.build("DOUBLE"))
    raise Unsupported("this function of a frame without rows", in_sql(window))


def _drop_needless_keys(window: Expression) -> None:
    """Drops keys of PARTITION BY and ORDER BY that decide nothing: constants and repeated keys.

    If there was an ORDER BY, at least one of its keys is left.
    """
    keys = [e for e in window.args.get("partition_by") or [] if e.find(exp.Column)]
    order = [key for key in window_order(window) if key.this.find(exp.Column)]
    window.set("partition_by", list(dict.fromkeys(keys)))
    by_value = {key.this: key for key in reversed(order)}
    new = [key for key in order if key is by_value[key.this] and key.this not in keys]
    window.set("order", exp.Order(expressions=new or order[:1]) if order else None)


def _bounds(window: Expression) -> tuple[int | None, int | None, bool]:
    """Returns a frame's first and last row, and whether it includes the rows that tie with these.

    Rows are relative to the current row; None means the start or the end of the partition.
    """
    spec = window.args.get("spec")
    if spec is None:
        return None, 0 if window_order(window) else None, True
    kind, exclude = spec.args["kind"].upper(), spec.args.get("exclude")
    if kind == "GROUPS" or exclude is not None:
        raise Unsupported("a frame of groups, or with EXCLUDE", in_sql(window))
    if _distances(window) is not None:
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


def _is_of_peers(window: Expression) -> bool:
    """True if a frame has the current row's peers only."""
    spec = window.args.get("spec")
    if spec is None or spec.args["kind"].upper() != "RANGE" or spec.args.get("exclude"):
        return False
    ends = (spec.args["start"], spec.args.get("end") or "CURRENT ROW")
    if all(isinstance(end, str) for end in ends):
        return all(end.upper() == "CURRENT ROW" for end in ends)
    return all(end is not None and not end for end in _distances(window) or ())


def _distances(window: Expression) -> tuple[Distance | None, Distance | None] | None:
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


def _backwards(
    window: Expression, first: int | None, last: int | None, ranged: bool
) -> tuple[Expression, int | None, int]:
    """Reverses the order of a window and its frame, so that the frame has the same rows.

    ``first``, ``last`` and ``ranged`` are the frame as `_bounds` returns it. Returns the window,
    and the first and last row of its reversed frame.
    """
    _reverse(window)
    first, last = (None if last is None else -last), -(first or 0)
    if isinstance(window.this, (exp.FirstValue, exp.LastValue)):
        other = exp.LastValue if isinstance(window.this, exp.FirstValue) else exp.FirstValue
        window.set("this", other(this=window.this.this))
    elif isinstance(window.this, exp.NthValue):
        raise Unsupported("nth_value in a frame that is not open at its start", window.sql())
    if not ranged:
        window.set("spec", _spec(first, last))
    else:
        window.set("spec", None)
    return window, first, last


def _reverse(window: Expression) -> None:
    for key in window_order(window):
        key.set("desc", not key.args.get("desc"))
        key.set("nulls_first", not key.args.get("nulls_first"))


def _spec(first: int | None, last: int) -> exp.WindowSpec:
    """Returns ``ROWS BETWEEN first AND last``, relative to the current row: -1 is ``1 PRECEDING``.

    None is the start of the partition.
    """
    bounds: dict[str, object] = {"kind": "ROWS"}
    for name, at in (("start", first), ("end", last)):
        side = "PRECEDING" if at is None or at < 0 else "FOLLOWING"
        text: object = "UNBOUNDED" if at is None else exp.Literal.number(abs(at))
        bounds |= {name: text or "CURRENT ROW", f"{name}_side": side}
        if at == 0:
            bounds |= {name: "CURRENT ROW", f"{name}_side": None}
    return exp.WindowSpec(**bounds)


def _picked(e: Expression, first: int | None, last: int | None, ranged: bool) -> Expression:
    """Rewrites a ``first_value``, ``last_value`` or ``nth_value`` to one of a simple frame.

    That is one over the whole partition, or up to the current row: ``last_value`` over the whole
    is ``first_value`` in reverse order. ``first``, ``last`` and ``ranged`` are its frame as
    `_bounds` returns it. Raises Unsupported for other frames.
    """
    function, whole = e.this, last is None
    if not window_order(e):
        raise Unsupported("a value by its place without an order", in_sql(e))
    if isinstance(function, exp.NthValue):
        up_to_here = first is None and last == 0
        place = function.args["offset"]
        if not (whole or up_to_here) or not _is_whole(place) or is_literal(place, "0"):
            raise Unsupported("nth_value in this frame", in_sql(e))
        e.set("spec", exp.WindowSpec(**_WHOLE) if whole else None if ranged else _spec(None, 0))
        return e
    if isinstance(function, exp.LastValue) and whole:
        _reverse(e)
        e.set("this", exp.FirstValue(this=function.this))
    elif isinstance(function, exp.LastValue):
        return _last(e, last or 0, ranged)
    elif first is not None or (last or 0) < 0:
        raise Unsupported("first_value in a frame that moves", in_sql(e))
    e.set("spec", exp.WindowSpec(**_WHOLE))
    return e


def _is_whole(e: Expression) -> bool:
    return isinstance(e, exp.Literal) and e.is_int


def _last(e: Expression, last: int, ranged: bool) -> Expression:
    """Rewrites ``last_value`` over a frame that ends ``last`` rows after the current row.

    That is the current row's value for 0, ``lag`` for less; more is refused. If ``ranged``, the
    frame ends with the last row that ties with the current row.
    """
    value: Expression = e.this.this
    if ranged:
        e.set("spec", None)
        return e
    if last > 0:
        raise Unsupported("last_value of rows that follow", in_sql(e))
    if last == 0:
        return value
    return _over(e, exp.Lag(this=value, offset=exp.Literal.number(-last)))


def _over(e: Expression, function: Expression, ordered: bool = True) -> exp.Window:
    """Returns ``function`` over the partition of the window ``e``, without the frame of ``e``.

    If ``ordered``, it has the ORDER BY of ``e``, else none.
    """
    keys = [key.copy() for key in e.args.get("partition_by") or []]
    order = e.args.get("order") if ordered else None
    return exp.Window(
        this=function, partition_by=keys, order=order.copy() if order is not None else None
    )


def _rows_of(e: Expression) -> exp.Window:
    return _over(e, exp.Count(this=exp.Star(), big_int=True), ordered=False)


def _number(value: int) -> Expression:
    return exp.Literal.number(value)


def _ntile(e: Expression) -> Expression:
    """Rewrites ``ntile(n)`` to arithmetic on row numbers.

    The first ``rows % n`` of n buckets have one row more than the others. A row is in bucket
    ``max(early, late) + 1``: ``early`` divides the row's place by the larger size, ``late`` divides
    it by the smaller size after the surplus rows are taken off. ``early`` is right for rows in the
    larger buckets, ``late`` for the others; where one is right, the other is not greater.
    """
    buckets = e.this.this
    if not _is_whole(buckets) or int(buckets.name) < 1:
        raise Unsupported("ntile of a computed number", in_sql(e))
    place = exp.Sub(this=_over(e, exp.RowNumber()), expression=_number(1))
    size: Expression = exp.IntDiv(this=_rows_of(e), expression=buckets.copy())
    larger = exp.Mod(this=_rows_of(e), expression=buckets.copy())
    early = exp.IntDiv(this=place, expression=exp.Add(this=size, expression=_number(1)))
    late = exp.IntDiv(
        this=exp.Sub(this=place.copy(), expression=larger),
        expression=exp.Greatest(this=size.copy(), expressions=[_number(1)], ignore_nulls=True),
    )
    bucket = exp.Greatest(this=early, expressions=[late], ignore_nulls=True)
    return exp.Add(this=bucket, expression=_number(1))


def _percent_rank(e: Expression) -> Expression:
    """Rewrites ``percent_rank()`` to (rank - 1) / (rows - 1), or 0 if there is a single row."""
    one = _number(1)
    before = exp.Sub(this=_over(e, exp.Rank()), expression=one)
    others = exp.Sub(this=_rows_of(e), expression=one.copy())
    several = exp.GT(this=_rows_of(e), expression=one.copy())
    ratio = exp.Div(this=before, expression=others, typed=False, safe=True)
    return exp.Case(ifs=[exp.If(this=several, true=ratio)], default=exp.Literal.number("0e0"))


def _cume_dist(e: Expression) -> Expression:
    """Rewrites ``cume_dist()`` to a division of counts of rows.

    It is the share of a partition's rows that come no later than the current row.
    """
    until = _over(e, exp.Count(this=exp.Star(), big_int=True))
    return exp.Div(this=until, expression=_rows_of(e), typed=False, safe=True)


_TIED: dict[type[Expression], str] = {
    exp.Rank: "1",
    exp.DenseRank: "1",
    exp.PercentRank: "0e0",
    exp.CumeDist: "1e0",
}
"""The ranks of rows that all tie; an exponent makes a literal a float, not a decimal."""
_RELATIVE: dict[type[Expression], Callable[[Expression], Expression]] = {
    exp.Ntile: _ntile,
    exp.PercentRank: _percent_rank,
    exp.CumeDist: _cume_dist,
}


def resolve_names(select: exp.Select) -> None:
    """Changes ``select`` in place: replaces ``over w`` by what the WINDOW clause calls w.

    A window of the clause may refer to one before it. A subquery has its own clause.
    """
    named: dict[str, Expression] = {}
    for definition in select.args.get("windows") or []:
        _inherit(definition, named)
        named[definition.this.name] = definition
    definitions = {id(definition) for definition in named.values()}
    for use in list(select.find_all(exp.Window)):
        if use.parent_select is select and id(use) not in definitions:
            _inherit(use, named)
    select.set("windows", None)


def _inherit(window: Expression, named: Mapping[str, Expression]) -> None:
    """Changes ``window`` in place: takes what it lacks from the named window it refers to.

    That is PARTITION BY, ORDER BY or the frame. ``named`` maps names to windows.
    """
    name = window.args.get("alias")
    definition = None if name is None else named.get(name.name)
    if definition is None:
        return
    for part in ("partition_by", "order", "spec"):
        value = definition.args.get(part)
        if value and not window.args.get(part):
            window.set(part, [v.copy() for v in value] if isinstance(value, list) else value.copy())
    window.set("alias", None)
