"""Restricts an aggregation to the keys that a join with it reads.

``where l_quantity < (select avg(l_quantity) … where l_partkey = p_partkey)`` becomes, by
decorrelation, an average for every part. If few rows of the join's other side are left, the
aggregation's input is first restricted to their keys, as one would do by hand.
"""

from __future__ import annotations

from sqlglot import exp

from harness.plan.tree.nodes import Aggregate, Filter, Item, Join, Node, Project, Scan
from harness.plan.tree.selective import selective


def reduce(plan: Node) -> Node:
    """Returns the plan with inputs of aggregations restricted to the keys that a join reads.

    Works from the plan's inputs up.
    """
    plan = plan.with_inputs(*(reduce(child) for child in plan.inputs))
    if isinstance(plan, Join) and plan.kind in ("inner", "left", "semi") and selective(plan.left):
        for ours, theirs in plan.on:
            right = _restricted(plan.right, theirs, plan.left, ours)
            if right is not None:
                return plan.with_inputs(plan.left, right)
    return plan


def _restricted(node: Node, key: str, by: Node, by_key: str) -> Node | None:
    """Returns the node, its aggregation's input restricted to rows whose key occurs in ``by``.

    ``by_key`` is the column of ``by`` that ``key`` is joined to. None if ``key`` is no key of the
    aggregation, or if the aggregation's input is selective already.
    """
    if isinstance(node, Project):
        source = _source(node.items, key)
        below = None if source is None else _restricted(node.input, source, by, by_key)
        return None if below is None else node.with_inputs(below)
    if isinstance(node, Aggregate):
        source = _source(node.keys, key)
        if source is None or selective(node.input):
            return None
        return node.with_inputs(_semi_joined(node.input, source, by, by_key))
    return None


def _source(items: tuple[Item, ...], name: str) -> str | None:
    e = dict(items).get(name)
    return e.name if isinstance(e, exp.Column) else None


def _semi_joined(node: Node, key: str, by: Node, by_key: str) -> Node:
    """Returns the node with a semi join that keeps rows whose ``key`` is a ``by_key`` of ``by``.

    The semi join is put as far down as possible.
    """
    match node:
        case Filter() if not isinstance(node.input, Scan):  # a table's own filter comes first
            return node.with_inputs(_semi_joined(node.input, key, by, by_key))
        case Project() if (source := _source(node.items, key)) is not None:
            return node.with_inputs(_semi_joined(node.input, source, by, by_key))
        case Join(kind="inner") if key in node.left.names:
            return node.with_inputs(_semi_joined(node.left, key, by, by_key), node.right)
        case Join(kind="inner"):
            return node.with_inputs(node.left, _semi_joined(node.right, key, by, by_key))
    return Join("semi", node, by, ((key, by_key),))
