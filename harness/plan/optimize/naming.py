"""Gives a plan's columns and frames names that one would choose by hand.

Decorrelation joins ``avg(l_quantity)`` on a column ``subquery1_l_partkey``. Renamed to the key on
the left, it is joined ``on="p_partkey"``.
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
    Values,
    uses,
)


def with_key_names(plan: Node) -> Node:
    """Gives computed right keys of joins the left keys' names, where nothing else reads them."""
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
    """True if a node above, a residual or another key may read a join's right key ``name``."""
    goes_on = join.kind in ("inner", "left") and name in join.names
    return goes_on or sum(name == theirs for _, theirs in join.on) > 1 or join.residual is not None


def _under(node: Node, old: str, new: str, used: Counter[Node]) -> Node | None:
    """Returns the node with its column ``old`` called ``new`` where it is computed, or None.

    None if the column is not computed in or below the node, if several nodes read the node
    (``used`` counts them), if ``new`` is taken, or if the column has the name that its table gives
    it. A table's column that was renamed in the query gets the table's name back.
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
                    return _without_swap(Project(below, tuple(renamed), label=node.label))
            return replace(node, items=_named(node.items, old, new))
        case Aggregate() if dict(node.keys).get(old, exp.column(old)) != exp.column(old):
            return replace(node, keys=_named(node.keys, old, new))
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


def _without_swap(project: Project) -> Node:
    """Returns the input of a projection that only changes the order of at most two columns.

    Returns any other projection as it is.
    """
    same_name = {name for name, e in project.items if e == exp.column(name)}
    same = same_name == set(project.names) == set(project.input.names)
    return project.input if same and len(same_name) <= 2 else project


def _read_as(e: Expression, old: str, new: str) -> Expression:
    return with_columns(e, lambda column: exp.column(new) if column.name == old else None)


def frame_name(node: Node) -> str:
    """Returns the name of the variable that holds a node's frame in a program.

    That is the name of the node's CTE, or else of its only computed column, or else ``by_`` and its
    keys, or else its first table.
    """
    below = node
    while not isinstance(below, Scan):
        if below.label is not None:
            return below.label
        if isinstance(below, Values):
            return "rows"
        if (computed := _computed(below)) is not None:
            return computed
        if isinstance(below, Aggregate) and below.keys:
            return "_".join(["by", *(name for name, _ in below.keys)])
        below = below.inputs[0]
    return below.label or below.table


def _computed(node: Node) -> str | None:
    """Returns the only column that an aggregation has beside its keys.

    None if there are several, or if the node is no aggregation.
    """
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
