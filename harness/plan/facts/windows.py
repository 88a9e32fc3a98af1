"""Window functions -> a few functions over a few kinds of frames, which every engine can spell."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from harness.errors import Unsupported
from harness.plan.facts.frames import (
    Distance,
    bounds,
    distances,
    in_numbers,
    is_of_peers,
    window_order,
)
from harness.plan.facts.kinds import DEVIATIONS, is_literal
from harness.plan.facts.printing import in_sql

Expression = exp.Expr
PLACING = (exp.RowNumber, exp.Rank, exp.DenseRank, exp.Lag, exp.Lead)
"""Functions of a row's place in its partition, which ignore the frame."""
_PICKING = (exp.FirstValue, exp.LastValue, exp.NthValue)
_WHOLE = {"kind": "ROWS", "start": "UNBOUNDED", "start_side": "PRECEDING",
          "end": "UNBOUNDED", "end_side": "FOLLOWING"}  # fmt: skip


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
        return placed(e)
    if isinstance(function, exp.AggFunc) and not isinstance(function, _PICKING):
        if is_of_peers(e):
            keys = [key.this for key in window_order(e)]
            e.set("partition_by", [*(e.args.get("partition_by") or []), *keys])
            e.set("order", None)
            e.set("spec", None)
        elif (ends := distances(e)) is not None:
            return _of_values(e, *ends)
    first, last, ranged = bounds(e)
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

    ``low`` and ``high`` are the frame's ends as `distances` returns them.
    """
    if not window_order(window):
        raise Unsupported("a frame of values without an order", in_sql(window))
    (key,) = window_order(window)
    moves = low is not None and high is not None
    if low is not None and high is not None and in_numbers(low) > in_numbers(high):
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


def placed(window: Expression) -> Expression:
    """Drops the frame of a function that ignores it: some engines refuse ``lag`` with one."""
    if isinstance(window.this, PLACING):
        window.set("spec", None)
    return window


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
    first, last, ranged = bounds(window)
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


def _backwards(
    window: Expression, first: int | None, last: int | None, ranged: bool
) -> tuple[Expression, int | None, int]:
    """Reverses the order of a window and its frame, so that the frame has the same rows.

    ``first``, ``last`` and ``ranged`` are the frame as `bounds` returns it. Returns the window,
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
    `bounds` returns it. Raises Unsupported for other frames.
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
