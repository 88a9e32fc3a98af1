"""Set operations and grouping sets -> unions and aggregates, which every engine has."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence

from sqlglot import exp

from harness.errors import Unsupported
from harness.plan.facts.columns import fresh
from harness.plan.facts.typed import cast_to
from harness.plan.lower.distinct import aggregated
from harness.plan.tree.nodes import (
    Aggregate,
    Distinct,
    Expression,
    Filter,
    Item,
    Node,
    Project,
    Union,
    Window,
)
from harness.types import Column, Type


def set_operation(tree: exp.SetOperation, left: Node, right: Node) -> Node:
    """UNION, INTERSECT or EXCEPT; columns go by position and widen to a common type."""
    if len(left.schema) != len(right.schema):
        raise Unsupported("a set operation over different numbers of columns")
    pairs = list(zip(left.schema, right.schema, strict=True))
    left, right = _widened(left, pairs, 0), _widened(right, pairs, 1)
    distinct = bool(tree.args.get("distinct"))
    if isinstance(tree, exp.Union):
        union = Union(left, right)
        return Distinct(union) if distinct else union
    both, names = isinstance(tree, exp.Intersect), left.names
    if distinct:
        return _by_side(left, right, both)
    return Project(_by_side(_numbered(left), _numbered(right), both), _same(names))


def _numbered(node: Node) -> Node:
    """Equal rows numbered among themselves, so that each is paired with one of the other side."""
    keys = [exp.column(name) for name in node.names]
    order = exp.Order(expressions=[exp.Ordered(this=keys[0].copy(), nulls_first=False)])
    number = exp.Window(this=exp.RowNumber(), partition_by=keys, order=order)
    return Window(node, ((fresh("copy", set(node.names)), number),))


def _by_side(left: Node, right: Node, both: bool) -> Node:
    """Grouping counts NULLs as equal, as set operations do: which sides does each row stand on?"""
    side = fresh("side", set(left.names))
    first, last = fresh("first_side", set(left.names)), fresh("last_side", set(left.names))
    marked = [_marked(node, side, number) for number, node in enumerate((left, right), start=1)]
    keys = _same(left.names)
    extremes = (
        (first, exp.Min(this=exp.column(side))),
        (last, exp.Max(this=exp.column(side))),
    )
    groups = Aggregate(Union(*marked), keys, extremes)
    condition: Expression = exp.EQ(this=exp.column(last), expression=exp.Literal.number(1))
    if both:
        condition = exp.LT(this=exp.column(first), expression=exp.column(last))
    return Project(Filter(groups, condition), keys)


def _marked(node: Node, side: str, number: int) -> Node:
    return Project(node, (*_same(node.names), (side, exp.Literal.number(number))))


def _same(names: Iterable[str]) -> tuple[Item, ...]:
    return tuple((name, exp.column(name)) for name in names)


def _widened(node: Node, pairs: Sequence[tuple[Column, Column]], side: int) -> Node:
    """An input under the left one's names and the wider of both types."""
    items: list[Item] = []
    for pair in pairs:
        e: Expression = exp.column(pair[side].name)
        wider = _wider({column.type for column in pair})
        items.append((pair[0].name, e if pair[side].type is wider else cast_to(e, wider)))
    return Project(node, tuple(items))


def _wider(types: set[Type]) -> Type:
    if len(types) == 1:
        return next(iter(types))
    if all(t.numeric for t in types):
        return Type.FLOAT64
    if all(t.temporal for t in types):
        return Type.TIMESTAMP
    raise Unsupported(f"a set operation over {' and '.join(sorted(types))}")


def over_sets(
    source: Node, keys: Sequence[Item], sets: Sequence[Sequence[str]], values: tuple[Item, ...]
) -> Node:
    """One aggregation for each set of key names; keys that are not in a set are NULL."""
    every: tuple[Item, ...] = tuple(keys)
    aggregates = tuple(item for item in values if not isinstance(item[1], exp.Grouping))
    types = {c.name: c.type for c in Aggregate(source, every, ()).schema}
    parts: list[Node] = []
    for chosen in sets:
        part: Node = aggregated(source, [k for k in every if k[0] in chosen], aggregates)
        items = [
            (name, exp.column(name) if name in chosen else cast_to(exp.null(), types[name]))
            for name, _ in every
        ]
        lacking = {e for name, e in every if name not in chosen}
        items += [(name, _grouping(e, lacking) or exp.column(name)) for name, e in values]
        parts.append(Project(part, tuple(items)))
    return functools.reduce(Union, parts)


def _grouping(e: Expression, lacking: set[Expression]) -> Expression | None:
    """``grouping(a, b)``: a bit for each key that is lacking, the last one's worth 1."""
    if not isinstance(e, exp.Grouping):
        return None
    bits = ("1" if key in lacking else "0" for key in e.expressions)
    return exp.Literal.number(int("".join(bits), 2))
