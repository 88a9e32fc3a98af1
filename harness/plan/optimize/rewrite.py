"""Replaces patterns in a plan by one step each: a filter on a row number by TopPerGroup …"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import replace

from sqlglot import exp

from harness.answer import SortKey
from harness.plan.facts.columns import fresh
from harness.plan.facts.frames import window_order
from harness.plan.facts.typing import Inference
from harness.plan.optimize.prune import only
from harness.plan.tree.nodes import (
    Aggregate,
    Distinct,
    Expression,
    Filter,
    Join,
    Limit,
    Node,
    Project,
    Scan,
    Sort,
    Union,
    Values,
    Window,
    columns_in,
    conjunction,
    conjuncts,
    top_per_group,
)
from harness.plan.tree.values import is_value, values_of
from harness.types import Type


def rewrite(plan: Node) -> Node:
    """Returns the plan after this module's rules, each for a pattern, from the inputs up.

    Every node has its columns in the order of the node that it replaces.
    """
    plan = plan.with_inputs(*(rewrite(child) for child in plan.inputs))
    rules = (_top_per_group, _anti_join, _without_needless_distinct, _without_constant_keys)
    for rule in (*rules, _first_of_sorted, _constant_rows, _without_needless_coalesce):
        plan = only(rule(plan), plan.names)
    return plan


def _first_of_sorted(node: Node) -> Node:
    """Takes the first rows of a sorted frame before columns of it are chosen, not after.

    Dask would choose the columns before it sorts by others.
    """
    match node:
        case Limit(input=Project(input=Sort()) as chosen):
            return replace(chosen, input=replace(node, input=chosen.input))
    return node


def _top_per_group(node: Node) -> Node:
    """Replaces a filter on a row number by TopPerGroup, if nothing else reads the row number."""
    filtered = _filter_first(node)
    match filtered:
        case Filter(input=Window(functions=((name, window),)) as ranked) if (
            name not in filtered.names
        ):
            parts = conjuncts(filtered.condition)
            counts = [_first_rows(part, name) for part in parts]
            rest = conjunction(p for p, n in zip(parts, counts, strict=True) if n is None)
            keys, order = _partition(window), _order(window)
            found = [n for n in counts if n is not None]
            if len(found) == 1 and keys and order and _numbers_rows(window, rest, name):
                top = top_per_group(ranked.input, keys, order, found[0])
                columns = tuple((column, exp.column(column)) for column in filtered.names)
                return Project(top, columns) if rest is None else Filter(top, rest, filtered.names)
    return node


def _anti_join(node: Node) -> Node:
    """Replaces ``left join r … where r.key is null`` by an anti join if r is not read otherwise."""
    match node:
        case Filter(input=Join(kind="left", residual=None) as join):
            parts = conjuncts(node.condition)
            tests = [part for part in parts if _is_unmatched(part, join)]
            rest = conjunction(part for part in parts if part not in tests)
            theirs = set(join.right.names) - join.shared_keys
            if tests and not theirs & {*columns_in(rest), *node.names}:
                left = join.left if rest is None else Filter(join.left, rest)
                columns = None if node.names == left.names else node.names
                return Join("anti", left, join.right, join.on, columns=columns, label=node.label)
    return node


def _without_needless_distinct(node: Node) -> Node:
    """Drops DISTINCT below another DISTINCT, and below a join that only looks for matches."""
    match node:
        case Join(kind="semi" | "anti"):
            read = {theirs for _, theirs in node.on} | columns_in(node.residual)
            return node.with_inputs(node.left, _repeated(node.right, read))
        case Distinct():
            return node.with_inputs(_repeated(node.input, set(node.names)))
    return node


def _repeated(node: Node, read: Set[str]) -> Node:
    """Simplifies a node of which only the columns ``read`` matter, and not how often a row occurs.

    DISTINCT is dropped, and an inner join becomes a semi join if no right column is in ``read``.
    """
    match node:
        case Distinct(input=rows):
            return _repeated(rows, read)
        case Union():
            return node.with_inputs(*(_repeated(side, set(side.names)) for side in node.inputs))
        case Project():
            return node.with_inputs(_repeated(node.input, columns_in(*(e for _, e in node.items))))
        case Filter():
            if (groups := _groups_that_differ(node, read)) is not None:
                return groups
            rows = _repeated(node.input, read | columns_in(node.condition))
            columns = None if node.columns is None else _still(node.columns, rows)
            return replace(node, input=rows, columns=columns)
        case Join(kind="inner", residual=None, on=[_]) if read <= set(node.left.names):
            left = _repeated(node.left, read | {ours for ours, _ in node.on})
            right = _repeated(node.right, {theirs for _, theirs in node.on})
            columns = _still(node.names, left)
            return Join("semi", left, right, node.on, columns=columns, label=node.label)
    return node


def _still(columns: Sequence[str], node: Node) -> tuple[str, ...]:
    return tuple(column for column in columns if column in node.names)


def _groups_that_differ(node: Filter, read: Set[str]) -> Node | None:
    """Turns a self-join that looks for unequal values into groups; None for any other filter.

    ``a join a as b on a.k = b.k where a.x <> b.x``, of which only k is read, becomes the groups of
    k whose least x is below their greatest.
    """
    match node:
        case Filter(
            input=Join(kind="inner", left=Scan() as one, right=Scan() as other, on=[(key, theirs)]),
            condition=exp.NEQ(this=exp.Column(name=ours), expression=exp.Column(name=its)),
        ) if one.table == other.table and read <= {key}:
            ours, its = (ours, its) if ours in one.names else (its, ours)
            pairs = ((key, theirs), (ours, its))
            if any(_source(one, a) != _source(other, b) or not _source(one, a) for a, b in pairs):
                return None
            if Type.FLOAT64 in (one.column(key).type, one.column(ours).type):
                return None  # for which libraries order NaN otherwise
            least, most = (fresh(f"{end}_{ours}", set(one.names)) for end in ("least", "most"))
            ends = (
                (least, exp.Min(this=exp.column(ours))),
                (most, exp.Max(this=exp.column(ours))),
            )
            groups = Aggregate(one, ((key, exp.column(key)),), ends)
            differ: Expression = exp.LT(this=exp.column(least), expression=exp.column(most))
            if one.column(key).nullable:
                null = exp.Is(this=exp.column(key), expression=exp.null())
                differ = exp.and_(exp.Not(this=null), differ, copy=False)
            return Filter(groups, differ, (key,), label=node.label)
    return None


def _source(scan: Scan, name: str) -> str:
    """Returns the name that a scan's column ``name`` has in its table; "" if there is none."""
    return next((source for source, column in scan.columns if column.name == name), "")


def _constant_rows(node: Node) -> Node:
    """Writes constants that are computed of one row, and unions of such rows, as VALUES."""
    match node:
        case Project(input=Values(rows=[_])) if all(is_value(e) for _, e in node.items):
            made = values_of([[e for _, e in node.items]], node.names)
            return replace(made, label=node.label)
        case Union(left=Values() as first, right=Values() as second):
            return Values(node.schema, first.rows + second.rows, label=node.label)
    return node


def _without_constant_keys(node: Node) -> Node:
    """Drops sort keys that are the same in all rows."""
    match node:
        case Sort(input=Project(items=items) as rows):
            constant = {name for name, e in items if not columns_in(e)}
            keys = tuple(key for key in node.keys if key.column not in constant)
            return replace(node, keys=keys) if keys else rows
    return node


def _without_needless_coalesce(node: Node) -> Node:
    """Drops ``coalesce`` round what is never NULL, and ``coalesce(…, false)`` in a condition.

    A row whose condition is NULL is dropped as one whose condition is false.
    """
    match node:
        case Filter():
            known = Inference(node.input.schema)
            return replace(node, condition=_of_true_rows(node.condition, known))
        case Project() if node.input.schema:
            known = Inference(node.input.schema)
            items = tuple((name, _never_null(e, known)) for name, e in node.items)
            return node if items == node.items else replace(node, items=items)
    return node


def _of_true_rows(e: Expression, known: Inference) -> Expression:
    if isinstance(e, (exp.And, exp.Or)):
        parts = (_of_true_rows(part, known) for part in (e.this, e.expression))
        return type(e)(**dict(zip(("this", "expression"), parts, strict=True)))
    if isinstance(e, exp.Coalesce) and e.expressions == [exp.false()]:
        return _of_true_rows(e.this, known)
    return _never_null(e, known)


def _never_null(e: Expression, known: Inference) -> Expression:
    """Returns an expression without ``coalesce`` round values of its type that are never NULL."""
    needless = [c for c in e.find_all(exp.Coalesce) if known.of(c.this) == known.of(c)]
    needless = [c for c in needless if not known.of(c).nullable]
    return e if not needless else e.transform(lambda part: part.this if part in needless else part)


def _is_unmatched(condition: Expression, join: Join) -> bool:
    """True if a condition is true only of rows without a match: ``key is null``."""
    match condition:
        case exp.Is(this=exp.Column(name=name), expression=exp.Null()):
            keys = {theirs for ours, theirs in join.on if ours != theirs}
            known = {c.name for c in join.right.schema if not c.nullable} - join.shared_keys
            return name in keys | known
    return False


def _filter_first(node: Node) -> Node:
    """Moves a filter below a projection that only leaves columns out."""
    match node:
        case Filter(input=Project(computed=()) as chosen) if not chosen.renames:
            return Filter(chosen.input, node.condition, node.names)
    return node


def _numbers_rows(window: exp.Window, rest: Expression | None, name: str) -> bool:
    return isinstance(window.this, exp.RowNumber) and name not in columns_in(rest)


def _first_rows(condition: Expression, name: str) -> int | None:
    """Returns the n of ``name <= n``, ``name < n + 1`` or ``name = 1``, or None."""
    if not (
        isinstance(condition, (exp.LTE, exp.LT, exp.EQ)) and condition.left == exp.column(name)
    ):
        return None
    bound = condition.right
    if not (isinstance(bound, exp.Literal) and bound.is_int):
        return None
    count = int(bound.name) - isinstance(condition, exp.LT)
    return count if count == 1 or (count > 1 and not isinstance(condition, exp.EQ)) else None


def _partition(window: exp.Window) -> tuple[str, ...] | None:
    keys = window.args.get("partition_by") or []
    return tuple(k.name for k in keys) if all(isinstance(k, exp.Column) for k in keys) else None


def _order(window: exp.Window) -> tuple[SortKey, ...] | None:
    order = window_order(window)
    if not all(isinstance(o.this, exp.Column) for o in order):
        return None
    return tuple(
        SortKey(o.this.name, bool(o.args.get("desc")), bool(o.args.get("nulls_first")))
        for o in order
    )
