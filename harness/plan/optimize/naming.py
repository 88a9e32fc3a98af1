"""Columns and frames of a plan under the names that one would give them by hand.

Decorrelation joins ``avg(l_quantity)`` per ``subquery1_l_partkey``, a name that nobody reads.
Under the name of the key it is joined to, the join is ``on="p_partkey"``.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from sqlglot import exp

from harness.plan.facts.columns import columns_of, with_columns
from harness.plan.tree.nodes import (
    Aggregate,
    Expression,
    Filter,
    Item,
    Join,
    Node,
    Project,
    Scan,
    uses,
)


def with_key_names(plan: Node) -> Node:
    """The plan with computed right keys of joins, read by nobody else, named as the left keys."""
    return _renamed_keys(plan, uses(plan))


def _renamed_keys(node: Node, used: Counter[Node]) -> Node:
    if isinstance(node, Join) and node.kind in ("inner", "left", "semi", "anti"):
        for ours, theirs in node.on:
            if ours != theirs and not _read_above(node, theirs):
                right = _under(node.right, theirs, ours, used)
                if right is not None:
                    pairs = ((ours, ours) if p == (ours, theirs) else p for p in node.on)
                    node = replace(node, right=right, on=tuple(pairs))
    return node.with_inputs(*(_renamed_keys(child, used) for child in node.inputs))


def _read_above(join: Join, name: str) -> bool:
    """Whether a right column goes on from a join, or is one of several keys."""
    goes_on = join.kind in ("inner", "left") and name in join.names
    return goes_on or sum(name == theirs for _, theirs in join.on) > 1 or join.residual is not None


def _under(node: Node, old: str, new: str, used: Counter[Node]) -> Node | None:
    """The node with a column renamed where it is computed.

    None where it is not, where others read it, or where it has the name that its table gives it. A
    name that was given to a table's column for the query's sake is taken back.
    """
    if new in node.names or used[node] > 1:
        return None
    match node:
        case Project():
            items = dict(node.items)
            source = items[old]
            if isinstance(source, exp.Column) and _readers(node, source.name) == 1:
                below = _under(node.input, source.name, new, used)
                if below is not None:
                    renamed = (
                        (new, exp.column(new)) if n == old else (n, e) for n, e in node.items
                    )
                    return _without_effect(Project(below, tuple(renamed), label=node.label))
            return replace(node, items=tuple((new if n == old else n, e) for n, e in node.items))
        case Aggregate() if dict(node.keys).get(old, exp.column(old)) != exp.column(old):
            return replace(node, keys=tuple((new if n == old else n, e) for n, e in node.keys))
        case Filter():
            below = _under(node.input, old, new, used)
            if below is None:
                return None
            names = node.columns and tuple(new if n == old else n for n in node.columns)
            condition = _read_as(node.condition, old, new)
            return replace(node, input=below, condition=condition, columns=names)
        case Scan() if node.renames.get(new) == old:
            columns = (
                (source, replace(c, name=new) if c.name == old else c) for source, c in node.columns
            )
            return replace(node, columns=tuple(columns))
    return None


def _named(items: tuple[Item, ...], old: str, new: str) -> tuple[Item, ...]:
    return tuple((new if name == old else name, e) for name, e in items)


def _readers(project: Project, name: str) -> int:
    return sum(column.name == name for _, e in project.items for column in columns_of(e))


def _without_effect(project: Project) -> Node:
    """The project's input, where it only puts a key and one other column in another order."""
    kept = {name for name, e in project.items if e == exp.column(name)}
    same = kept == set(project.names) == set(project.input.names)
    return project.input if same and len(kept) <= 2 else project


def _read_as(e: Expression, old: str, new: str) -> Expression:
    return with_columns(e, lambda column: exp.column(new) if column.name == old else None)


def frame_name(node: Node) -> str:
    """What a frame is called: as its CTE, else the one thing it computes, or what it is grouped by.

    Any other has the name of its first table.
    """
    below = node
    while not isinstance(below, Scan):
        if below.label is not None:
            return below.label
        if (computed := _computed(below)) is not None:
            return computed
        if isinstance(below, Aggregate) and below.keys:
            return "_".join(["by", *(name for name, _ in below.keys)])
        below = below.inputs[0]
    return below.label or below.table


def _computed(node: Node) -> str | None:
    """The only column that an aggregate, or a choice from one, has beside its keys."""
    keys = _group_keys(node)
    if keys is None:
        return None
    others = [name for name in node.names if name not in keys]
    return others[0] if len(others) == 1 else None


def _group_keys(node: Node) -> set[str] | None:
    match node:
        case Aggregate():
            return {name for name, _ in node.keys}
        case Filter():
            return _group_keys(node.input)
        case Project():
            keys = _group_keys(node.input)
            if keys is None:
                return None
            return {n for n, e in node.items if isinstance(e, exp.Column) and e.name in keys}
    return None
