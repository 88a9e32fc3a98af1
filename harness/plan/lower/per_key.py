"""A correlated subquery of groups or with a LIMIT -> its rows for each key that ties it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from harness.answer import SortKey
from harness.errors import Unsupported
from harness.plan.facts.columns import fresh
from harness.plan.facts.printing import in_sql
from harness.plan.sql.grouping import grouping_sets, is_grouped
from harness.plan.tree.nodes import Expression, Node, top_per_group
from harness.plan.tree.relation import Relation, aliases_in

Pairs = tuple[tuple[Expression, Expression], ...]
"""(outer, inner): expressions that are equal in rows that match."""


def split(relation: Relation, correlated: Sequence[Expression]) -> tuple[Pairs, list[Expression]]:
    """Splits correlated predicates into pairs (outer, inner) of equal expressions, and others."""
    pairs, residual = [], []
    for p in correlated:
        equality = isinstance(p, exp.EQ)
        left = aliases_in(p.this) if equality else frozenset()
        right = aliases_in(p.expression) if equality else frozenset()
        if left and left <= relation.aliases and not right & relation.aliases:
            pairs.append((p.expression, p.this))
        elif right and right <= relation.aliases and not left & relation.aliases:
            pairs.append((p.this, p.expression))
        else:
            residual.append(p)
    return tuple(pairs), residual


def per_key(
    select: exp.Select, inners: Sequence[Expression], finished: Callable[[exp.Select], Node]
) -> tuple[Node, list[str]]:
    """Returns the plan of a subquery's rows for all keys at once, and the names of the keys.

    ``inners`` are the subquery's own expressions, each of which an outer value has to equal. They
    become columns: further keys of GROUP BY, of the partitions of windows, and of DISTINCT; a LIMIT
    applies to the rows of each key. ``finished`` lowers the clauses after WHERE of a SELECT. The
    first column is the subquery's. Raises Unsupported for what does not work key by key.
    """
    _refuse_others(select)
    for window in list(select.find_all(exp.Window)):
        if window.parent_select is select:
            own = window.args.get("partition_by") or []
            window.set("partition_by", [*own, *(inner.copy() for inner in inners)])
    keys = [_named(select, inner) or _added(select, inner) for inner in inners]
    if is_grouped(select):
        for inner in inners:
            select.args["group"].append("expressions", inner.copy())
    limit = select.args.get("limit")
    if limit is None:
        select.set("order", None)
        return finished(select), keys
    order = tuple(_shown_key(select, ordered) for ordered in select.args["order"].expressions)
    select.set("limit", None)
    select.set("order", None)
    return top_per_group(finished(select), tuple(keys), order, int(limit.expression.name)), keys


def _refuse_others(select: exp.Select) -> None:
    """Raises Unsupported for a subquery whose rows cannot be found key by key."""
    group, limit, order = (select.args.get(clause) for clause in ("group", "limit", "order"))
    if select.args.get("offset") is not None or (group is not None and grouping_sets(group)):
        raise Unsupported("a correlated subquery of grouping sets or with OFFSET", in_sql(select))
    if is_grouped(select) and group is None:
        raise Unsupported("a correlated total of all rows with a LIMIT", in_sql(select))
    if limit is None:
        return
    if order is None or not (isinstance(limit.expression, exp.Literal) and limit.expression.is_int):
        raise Unsupported("a correlated subquery with a LIMIT of no order", in_sql(select))
    hidden = [ordered for ordered in order.expressions if _named(select, ordered.this) is None]
    if hidden and select.args.get("distinct") is not None:
        raise Unsupported("DISTINCT in the order of something else", in_sql(select))


def sort_key(column: str, ordered: Expression) -> SortKey:
    """Returns a column as the sort key that a key of ORDER BY (exp.Ordered) makes of it."""
    nulls_first = bool(ordered.args.get("nulls_first"))
    return SortKey(column, bool(ordered.args.get("desc")), nulls_first)


def _shown_key(select: exp.Select, ordered: exp.Ordered) -> SortKey:
    """Returns a key of ORDER BY; one that is no column of the answer is added to it."""
    return sort_key(_named(select, ordered.this) or _added(select, ordered.this), ordered)


def _named(select: exp.Select, key: Expression) -> str | None:
    """Returns the name of the SELECT list's item that an expression is or names, or None."""
    for item in select.selects:
        if key in (item.unalias(), exp.column(item.alias_or_name)):
            return str(item.alias_or_name)
    return None


def _added(select: exp.Select, e: Expression) -> str:
    """Adds an expression to the SELECT list; returns its name there."""
    taken = {item.alias_or_name for item in select.selects}
    name = fresh(e.name if isinstance(e, exp.Column) else "key", taken)
    select.append("expressions", exp.alias_(e.copy(), name))
    return name
