"""Tests of groups, windows, orders, joins and sets for gaps."""

from __future__ import annotations

from sqlglot import exp

from harness.engines.sql.rules import is_constant, kind
from harness.plan.facts.frames import window_order
from harness.plan.facts.printing import Expression
from harness.plan.sql.grouping import grouping_sets


def as_of(e: Expression) -> bool:
    return isinstance(e, exp.Join) and e.method == "ASOF"


def bag(e: Expression) -> bool:
    """True for INTERSECT ALL and EXCEPT ALL."""
    return isinstance(e, (exp.Intersect, exp.Except)) and not e.args.get("distinct")


MOST_GROUPS = 2**22
"""The most groups for which memory may be reserved before they are read."""


def many_first_groups(e: Expression) -> bool:
    """True for ``order by … limit n`` of groups, if memory for n groups would be gigabytes."""
    query = e.parent if isinstance(e, exp.Limit) else None
    if query is None or query.args.get("order") is None or not e.expression.is_int:
        return False
    grouped = query.find(exp.Group, exp.Distinct, exp.Union) is not None
    return grouped and int(e.expression.name) > MOST_GROUPS


def shift_by_null(e: Expression) -> bool:
    return isinstance(e, (exp.Lag, exp.Lead)) and isinstance(e.args.get("offset"), exp.Null)


def condition_without_from(e: Expression) -> bool:
    """True for ``select 1 where …``: a condition, but no table that it is about."""
    return isinstance(e, exp.Select) and not e.args.get("from_") and bool(e.args.get("where"))


def constant_key(e: Expression) -> bool:
    """True for a GROUP BY whose keys are all constants, as ``group by 'x'``.

    `rules.without_constant_keys` drops constants beside other keys.
    """
    if not isinstance(e, exp.Group) or grouping_sets(e) is not None:
        return False
    return bool(e.expressions) and all(map(is_constant, e.expressions))


def order_of_full_joins(e: Expression) -> bool:
    """True for ORDER BY over two FULL JOINs, one of a query with ``where c = 1``.

    There ``c`` is 1 or NULL after the joins, and no constant.
    """
    if not isinstance(e, exp.Order) or not isinstance(e.parent, exp.Select):
        return False
    full = [join for join in e.parent.find_all(exp.Join) if join.side.upper() == "FULL"]
    fixed = any(is_constant(eq.expression) for eq in e.parent.find_all(exp.EQ))
    return len(full) > 1 and fixed


def key_named_as_a_value(e: Expression) -> bool:
    """True for a grouped SELECT with a computed key called like a column that an aggregate reads.

    ``select a % 2 as a, sum(a) … group by a % 2``
    """
    if not isinstance(e, exp.Select) or e.args.get("group") is None:
        return False
    read = {c.name for f in e.find_all(exp.AggFunc) for c in f.find_all(exp.Column)}
    computed = (item for item in e.selects if not isinstance(item.unalias(), exp.Column))
    return any(item.alias in read and not item.find(exp.AggFunc) for item in computed)


def frame_past_the_row(e: Expression) -> bool:
    """True for an aggregate over a frame that ends n rows before or after the row, not at it."""
    spec = e.args.get("spec") if isinstance(e, exp.Window) else None
    if spec is None or not isinstance(e.this, (exp.Sum, exp.Avg, exp.Count, exp.Min, exp.Max)):
        return False
    return isinstance(spec.args.get("end"), exp.Expr)


def frame_of_values(e: Expression) -> bool:
    """True for a window over a frame whose rows have keys in a range around the row's own."""
    return isinstance(e, exp.Window) and bool(_distances(e))


def frame_of_times(e: Expression) -> bool:
    """True for a window over a frame of values whose keys are dates or timestamps."""
    return frame_of_values(e) and any(isinstance(d, exp.Interval) for d in _distances(e))


def frame_of_days(e: Expression) -> bool:
    """True for a window over a frame of values whose keys are dates."""
    return frame_of_times(e) and any(kind(key.this) == "DATE" for key in window_order(e))


def _distances(window: Expression) -> list[Expression]:
    """Returns how far the ends of a frame of values are from the row's key, where it is written."""
    spec = window.args.get("spec")
    if spec is None or spec.args["kind"].upper() != "RANGE":
        return []
    return [end for key in ("start", "end") if isinstance(end := spec.args.get(key), exp.Expr)]


_BY_PLACE = (exp.RowNumber, exp.Ntile, exp.Lag, exp.Lead)


def places_in_sorted_rows(e: Expression) -> bool:
    """True for ranks, or rows before or after, without an order over a subquery that has one.

    An example is ``select row_number() over () from (select … order by k)``.
    """
    ranked = isinstance(e, exp.Window) and e.find(*_BY_PLACE) is not None
    select = e.find_ancestor(exp.Select) if ranked and not window_order(e) else None
    if select is None:
        return False
    ctes = {cte.alias: cte.this for cte in e.root().find_all(exp.CTE)}
    clauses = [select.args.get("from_"), *(select.args.get("joins") or [])]
    sources = [clause.this for clause in clauses if clause is not None]
    queries = [ctes.get(s.name) if isinstance(s, exp.Table) else s.this for s in sources]
    return any(q is not None and q.args.get("order") is not None for q in queries)


def quantile_over(e: Expression) -> bool:
    """True for a quantile or median over a partition."""
    quantiles = (exp.PercentileCont, exp.PercentileDisc, exp.Median)
    return isinstance(e, exp.Window) and isinstance(e.this, quantiles)


def grouping_by_one_name(e: Expression) -> bool:
    """True for GROUP BY where a key of all grouping sets and one of some sets have one name.

    An example is ``group by a.k, rollup(b.k)``.
    """
    sets = [set(keys) for keys in (grouping_sets(e) if isinstance(e, exp.Group) else None) or []]
    of_all = set.intersection(*sets) if sets else set()
    of_some = set().union(*sets) - of_all
    return bool(
        {key.name for key in of_all if isinstance(key, exp.Column)}
        & {key.name for key in of_some if isinstance(key, exp.Column)}
    )


def several_groupings(e: Expression) -> bool:
    return isinstance(e, exp.Group) and grouping_sets(e) is not None


def total_of_all(e: Expression) -> bool:
    """True for ROLLUP, CUBE and sets with ``()``, whose total is a row even where no rows are."""
    return isinstance(e, exp.Group) and [] in (grouping_sets(e) or [])
