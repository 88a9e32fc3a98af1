"""Removes from a plan the columns that nothing reads and the steps that do nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlglot import exp

from harness.plan.facts.columns import with_columns
from harness.plan.facts.frames import window_order
from harness.plan.tree.nodes import (
    Aggregate,
    AsOfJoin,
    Distinct,
    Expression,
    Filter,
    Item,
    Join,
    Limit,
    Node,
    Project,
    Scan,
    Sort,
    TopPerGroup,
    Union,
    Values,
    Window,
    columns_in,
    walk,
)


def prune(plan: Node) -> Node:
    """Returns the plan with every column dropped as soon as nothing reads it any more.

    A node that several others read keeps the columns that any of them reads, so that it stays one.
    """
    needs = {plan: frozenset(plan.names)}
    for node in reversed(list(walk(plan))):
        for child, read in zip(node.inputs, _reads(node, needs[node]), strict=True):
            needs[child] = needs.get(child, frozenset()) | (read & set(child.names))
    pruned: dict[Node, Node] = {}
    for node in walk(plan):
        inputs = [pruned[child] for child in node.inputs]
        pruned[node] = _narrowed(node, inputs, needs[node])
    return merged(pruned[plan])


def _reads(node: Node, need: frozenset[str]) -> list[frozenset[str]]:
    """Returns, for each input, the names of its columns that a node reads to compute ``need``."""
    match node:
        case Scan() | Values():
            return []
        case Filter():
            return [need | columns_in(node.condition)]
        case TopPerGroup():
            return [need | {*node.keys, *(key.column for key in node.order)}]
        case Project():
            return [frozenset(columns_in(*_values(_needed(node.items, need))))]
        case Aggregate():
            return [frozenset(columns_in(*_values(node.keys + _aggregates(node, need))))]
        case Join():
            read = need | columns_in(node.residual)
            return [read | {a for a, _ in node.on}, read | {b for _, b in node.on}]
        case AsOfJoin():
            pairs = (node.on, *node.by)
            return [need | {a for a, _ in pairs}, need | {b for _, b in pairs}]
        case Window():
            windows = [e for name, e in node.functions if name in need]
            keys = [key for e in windows for key in window_order(e)]
            return [need | columns_in(*windows, *keys)]
        case Sort():
            return [need | {key.column for key in node.keys}]
        case Limit():
            return [need]
        case Distinct():
            return [frozenset(node.names)]
        case Union():
            return [_of_union(node, need)] * 2
    raise TypeError(f"no rule to prune {type(node).__name__}")


def _narrowed(node: Node, inputs: Sequence[Node], need: frozenset[str]) -> Node:
    """Returns the node over its pruned inputs, computing only the columns in ``need``."""
    match node:
        case Scan():
            columns = tuple(c for c in node.columns if c[1].name in need)
            return replace(node, columns=columns or node.columns[:1])
        case Values():
            return node.only(need)
        case Filter():
            return _only_needed(replace(node, input=inputs[0], columns=None), need)
        case Join() | AsOfJoin():
            return _only_needed(replace(node, left=inputs[0], right=inputs[1], columns=None), need)
        case Project():
            return replace(node, input=inputs[0], items=_needed(node.items, need))
        case Aggregate():
            aggregates = _aggregates(node, need)
            return _counting(replace(node, input=inputs[0], aggregates=aggregates))
        case Window():
            functions = tuple(f for f in node.functions if f[0] in need)
            return replace(node, input=inputs[0], functions=functions) if functions else inputs[0]
        case Union():
            names = tuple(name for name in node.names if name in _of_union(node, need))
            return node.with_inputs(*(only(child, names) for child in inputs))
    return node.with_inputs(*inputs)


def _counting(node: Aggregate) -> Aggregate:
    """Returns the aggregate of a table without columns if it is ``count(*)``; else the node itself.

    Libraries know the number of rows of a Parquet file without reading a column.
    """
    counts = not node.keys and all(isinstance(e.this, exp.Star) for _, e in node.aggregates)
    if counts and isinstance(node.input, Scan):
        return replace(node, input=replace(node.input, columns=()))
    return node


def _only_needed(node: Filter | Join | AsOfJoin, need: frozenset[str]) -> Node:
    """Returns the node with only the columns in ``need``, or its first one if there are none.

    It needs one column even so, since its rows may still be counted.
    """
    names = tuple(name for name in node.names if name in need) or node.names[:1]
    return node if names == node.names else replace(node, columns=names)


def _needed(items: tuple[Item, ...], need: frozenset[str]) -> tuple[Item, ...]:
    return tuple(item for item in items if item[0] in need) or items[:1]


def _aggregates(node: Aggregate, need: frozenset[str]) -> tuple[Item, ...]:
    """Returns the aggregates in ``need``; the first one if there are none, and no keys either.

    A node has to have a column, since its rows may still be counted.
    """
    if node.keys:
        return tuple(item for item in node.aggregates if item[0] in need)
    return _needed(node.aggregates, need)


def _values(items: tuple[Item, ...]) -> list[Expression]:
    return [e for _, e in items]


def _of_union(node: Union, need: frozenset[str]) -> frozenset[str]:
    """Returns the columns to read of a union: ``need``, or its first one if ``need`` is empty."""
    return need or frozenset(node.names[:1])


def only(node: Node, names: tuple[str, ...]) -> Node:
    """Returns a projection to the columns ``names``, or the node itself if it has no others."""
    if node.names == names:
        return node
    return Project(node, tuple((name, exp.column(name)) for name in names))


def merged(node: Node) -> Node:
    """Merges projections into each other, and drops those that change nothing."""
    node = node.with_inputs(*(merged(child) for child in node.inputs))
    if isinstance(node, Aggregate) and isinstance(node.input, Project) and _chooses(node.input):
        return node.with_inputs(node.input.input)
    if not isinstance(node, Project):
        return node
    if node.items == tuple((name, exp.column(name)) for name in node.input.names):
        return replace(node.input, label=node.label or node.input.label)
    inner = node.input
    if isinstance(inner, Project) and (_only_columns(node) or _only_columns(inner)):
        values = dict(inner.items)
        items = tuple((name, _substituted(e, values)) for name, e in node.items)
        return merged(replace(node, input=inner.input, items=items))
    return node


def _only_columns(project: Project) -> bool:
    return all(isinstance(e, exp.Column) for _, e in project.items)


def _chooses(project: Project) -> bool:
    """True if a projection only chooses and reorders columns: none is computed or renamed."""
    return not project.computed and not project.renames


def _substituted(e: Expression, values: Mapping[str, Expression]) -> Expression:
    return with_columns(e, lambda column: values[column.name].copy())
