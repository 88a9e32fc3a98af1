"""An aggregation joined to a join that holds all its rows -> an aggregation over that join.

``p_partkey = l_partkey and l_quantity < (select avg(l_quantity) from lineitem where l_partkey =
p_partkey)``: the join of part and lineitem already holds every line item of the parts that are
left, so the average is taken over it, and lineitem is not read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sqlglot import exp

from harness.plan.facts.columns import with_columns
from harness.plan.facts.printing import in_sql
from harness.plan.tree.nodes import (
    Aggregate,
    Expression,
    Filter,
    Item,
    Join,
    Node,
    Project,
    Scan,
    columns_in,
    conjuncts,
)

TableColumn = tuple[str, str]
"""A table and one of its columns."""

_INDIFFERENT = (exp.Min, exp.Max, exp.Avg)
"""Aggregates that do not change if every row of a group occurs equally often."""


@dataclass(frozen=True)
class InnerJoins:
    """Tables that are inner-joined by equalities only.

    ``conditions`` are each table's filters; ``sources`` maps a column to the table's column that it
    is; ``classes`` are sets of columns that are equal in every row.
    """

    conditions: Mapping[str, frozenset[str]]
    sources: Mapping[str, TableColumn]
    classes: frozenset[frozenset[TableColumn]]

    def class_of(self, column: TableColumn) -> frozenset[TableColumn]:
        return next((c for c in self.classes if column in c), frozenset({column}))


def over_join(plan: Node) -> Node:
    """Makes aggregations read the join that they are joined to, where it holds all their rows.

    Returns the plan; works from its inputs up.
    """
    plan = plan.with_inputs(*(over_join(child) for child in plan.inputs))
    if isinstance(plan, Join) and plan.kind == "inner" and len(plan.on) == 1:
        ((ours, theirs),) = plan.on
        right = _moved(plan.right, theirs, plan.left, ours)
        if right is not None:
            return plan.with_inputs(plan.left, right)
    return plan


def _moved(node: Node, key: str, left: Node, left_key: str) -> Node | None:
    """Returns an aggregation by ``key`` that reads ``left`` instead, and groups by ``left_key``.

    ``node`` is the aggregation, or a projection of it. None for other nodes, and if its
    result would differ.
    """
    if isinstance(node, Project):
        source = dict(node.items).get(key)
        if not isinstance(source, exp.Column):
            return None
        below = _moved(node.input, source.name, left, left_key)
        return None if below is None else node.with_inputs(below)
    if not (isinstance(node, Aggregate) and [name for name, _ in node.keys] == [key]):
        return None
    if not all(isinstance(e, _INDIFFERENT) for _, e in node.aggregates):
        return None
    names = _contained(node, left, left_key)
    if names is None:
        return None
    aggregates = tuple((name, _renamed(e, names)) for name, e in node.aggregates)
    keys = ((key, exp.column(left_key)),)
    return replace(node, input=left, keys=keys, aggregates=aggregates)


def _contained(node: Aggregate, left: Node, left_key: str) -> dict[str, str] | None:
    """Maps the columns that aggregates read to their names in ``left``, which they could read.

    ``left_key`` is the column of ``left`` that the aggregation's key is joined to. None if ``left``
    may lack rows of the aggregation's input, or lacks a column.
    """
    inner, outer = inner_joins(node.input), inner_joins(left)
    key = node.keys[0][1]
    if inner is None or outer is None or not isinstance(key, exp.Column):
        return None
    column = inner.sources[key.name]
    tables = set(inner.conditions)
    if not tables < set(outer.conditions) or left_key not in outer.sources:
        return None
    if any(inner.conditions[table] != outer.conditions[table] for table in tables):
        return None
    if outer.class_of(outer.sources[left_key]) != outer.class_of(column):
        return None
    if not _connected_by_key_only(inner, outer, tables, column):
        return None
    found = {there: name for name, there in outer.sources.items()}
    wanted = columns_in(*(e for _, e in node.aggregates))
    if any(inner.sources[name] not in found for name in wanted):
        return None
    return {name: found[inner.sources[name]] for name in wanted}


def _connected_by_key_only(
    inner: InnerJoins, outer: InnerJoins, tables: set[str], key: TableColumn
) -> bool:
    """True if only ``key`` joins ``tables``, those of ``inner``, to the further ones of ``outer``.

    False also if ``inner`` and ``outer`` join the tables that both have by different keys.
    """
    for shared in outer.classes:
        common = frozenset(p for p in shared if p[0] in tables)
        if common != shared and common and key not in common:
            return False
        if len(common) > 1 and any(inner.class_of(p) != common for p in common):
            return False
    return all(outer.class_of(next(iter(c))) >= c for c in inner.classes)


def inner_joins(node: Node) -> InnerJoins | None:
    """Describes a tree of inner joins; None for any other plan, and for a self-join."""
    match node:
        case Scan():
            sources = {column.name: (node.table, source) for source, column in node.columns}
            return InnerJoins({node.table: frozenset()}, sources, frozenset())
        case Filter(input=Scan(table=table)):
            below = inner_joins(node.input)
            assert below is not None
            conditions = frozenset(_in_source(p, below.sources) for p in conjuncts(node.condition))
            return InnerJoins({table: conditions}, below.sources, frozenset())
        case Project() if all(isinstance(e, exp.Column) for _, e in node.items):
            below = inner_joins(node.input)
            return None if below is None else _projected(below, node.items)
        case Join(kind="inner", residual=None):
            return _joined(node)
    return None


def _projected(below: InnerJoins, items: Iterable[Item]) -> InnerJoins:
    sources = {name: below.sources[e.name] for name, e in items}
    return InnerJoins(below.conditions, sources, below.classes)


def _joined(node: Join) -> InnerJoins | None:
    left, right = inner_joins(node.left), inner_joins(node.right)
    if left is None or right is None or set(left.conditions) & set(right.conditions):
        return None
    classes = set(left.classes | right.classes)
    for ours, theirs in node.on:
        pair = {left.sources[ours], right.sources[theirs]}
        met = {c for c in classes if c & pair}
        classes = (classes - met) | {frozenset(pair).union(*met)}
    sources = {**right.sources, **left.sources}
    conditions = {**left.conditions, **right.conditions}
    return InnerJoins(conditions, sources, frozenset(classes))


def _in_source(condition: Expression, sources: Mapping[str, TableColumn]) -> str:
    return in_sql(_renamed(condition, {name: source for name, (_, source) in sources.items()}))


def _renamed(e: Expression, names: Mapping[str, str]) -> Expression:
    return with_columns(e, lambda column: exp.column(names[column.name]))
