"""A plan -> the same plan without columns that nobody reads and steps that do nothing."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import replace

from sqlglot import exp

from harness.plan.nodes import (
    Aggregate,
    Distinct,
    Expression,
    Filter,
    Item,
    Join,
    Limit,
    Node,
    Project,
    Scan,
    SetOperation,
    Sort,
    TopPerGroup,
    Window,
    columns_in,
)
from harness.plan.typing import window_order


def prune(plan: Node) -> Node:
    """The plan with every column dropped as early as nobody needs it any more."""
    return _merged(_prune(plan, set(plan.names)))


def _prune(node: Node, need: Set[str]) -> Node:
    match node:
        case Scan():
            columns = tuple(c for c in node.columns if c[1].name in need)
            return replace(node, columns=columns or node.columns[:1])
        case Filter():
            return _pruned_filter(node, need)
        case TopPerGroup():
            read = {*node.keys, *(key.column for key in node.order)}
            return replace(node, input=_prune(node.input, need | read))
        case Project():
            items = tuple(item for item in node.items if item[0] in need) or node.items[:1]
            return Project(_prune(node.input, columns_in(*_values(items))), items)
        case Aggregate():
            aggregates = tuple(item for item in node.aggregates if item[0] in need)
            read = columns_in(*_values(node.keys + aggregates))
            return Aggregate(_prune(node.input, read), node.keys, aggregates)
        case Join():
            return _pruned_join(node, need)
        case Window():
            return _pruned_window(node, need)
        case Sort():
            return replace(node, input=_prune(node.input, need | {k.column for k in node.keys}))
        case Limit():
            return replace(node, input=_prune(node.input, need))
        case Distinct():
            return replace(node, input=_prune(node.input, set(node.names)))
        case SetOperation():
            kept = need if node.kind == "union" and node.all else set(node.names)
            return node.with_inputs(*(_prune(child, kept) for child in node.inputs))
    raise TypeError(f"no rule to prune {type(node).__name__}")


def _pruned_filter(node: Filter, need: Set[str]) -> Node:
    pruned = Filter(_prune(node.input, need | columns_in(node.condition)), node.condition)
    kept = tuple(name for name in pruned.names if name in need)
    return replace(pruned, columns=None if kept == pruned.names else kept)


def _values(items: tuple[Item, ...]) -> list[Expression]:
    return [e for _, e in items]


def _pruned_join(node: Join, need: Set[str]) -> Node:
    read = need | columns_in(node.residual)
    left_keys, right_keys = {a for a, _ in node.on}, {b for _, b in node.on}
    left = _prune(node.left, (read & set(node.left.names)) | left_keys)
    right = _prune(node.right, (read & set(node.right.names)) | right_keys)
    pruned = replace(node, left=left, right=right, columns=None)
    kept = tuple(name for name in pruned.names if name in need)
    return replace(pruned, columns=None if kept == pruned.names else kept)


def _pruned_window(node: Window, need: Set[str]) -> Node:
    functions = tuple(f for f in node.functions if f[0] in need)
    if not functions:
        return _prune(node.input, need)
    read = columns_in(
        *(e for _, e in functions), *(o for _, e in functions for o in window_order(e))
    )
    return Window(_prune(node.input, (need & set(node.input.names)) | read), functions)


def _merged(node: Node) -> Node:
    """Projections folded into one another, and those that change nothing left out."""
    node = node.with_inputs(*(_merged(child) for child in node.inputs))
    if not isinstance(node, Project):
        return node
    if node.items == tuple((name, exp.column(name)) for name in node.input.names):
        return node.input
    inner = node.input
    if isinstance(inner, Project) and (_only_columns(node) or _only_columns(inner)):
        values = dict(inner.items)
        items = tuple((name, _substituted(e, values)) for name, e in node.items)
        return _merged(Project(inner.input, items))
    return node


def _only_columns(project: Project) -> bool:
    return all(isinstance(e, exp.Column) for _, e in project.items)


def _substituted(e: Expression, values: Mapping[str, Expression]) -> Expression:
    return e.copy().transform(lambda x: values[x.name].copy() if isinstance(x, exp.Column) else x)
