"""Set operations and grouping sets -> unions and aggregations, which every engine has."""

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
    """Lowers UNION, INTERSECT or EXCEPT; columns are matched by position and widened.

    Raises Unsupported if the sides have different numbers of columns, or types without a common
    one.
    """
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
    """Adds a column that numbers equal rows 1, 2, ….

    With it INTERSECT ALL and EXCEPT ALL pair them one by one.
    """
    keys = [exp.column(name) for name in node.names]
    order = exp.Order(expressions=[exp.Ordered(this=keys[0].copy(), nulls_first=False)])
    number = exp.Window(this=exp.RowNumber(), partition_by=keys, order=order)
    return Window(node, ((fresh("copy", set(node.names)), number),))


def _by_side(left: Node, right: Node, both: bool) -> Node:
    """Lowers a distinct INTERSECT (``both``) or EXCEPT to groups of rows and the sides they are on.

    Grouping counts NULLs as equal, as set operations do.
    """
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
    """Returns an input of a set operation with the left input's names and the wider types.

    ``pairs`` are the columns of both inputs, ``side`` is the place of this input's column in a
    pair.
    """
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
    source: Node,
    keys: Sequence[Item],
    sets: Sequence[Sequence[str]],
    values: tuple[Item, ...],
    *,
    each_from_rows: bool,
) -> Node:
    """Builds a union of one aggregation for each grouping set; keys not in a set are NULL.

    ``sets`` holds names of ``keys``. A set's groups are combined from the groups of a set with more
    keys, if the aggregates allow that and ``each_from_rows`` is not set.
    """
    aggregates = tuple(item for item in values if not isinstance(item[1], exp.Grouping))
    types = {c.name: c.type for c in Aggregate(source, tuple(keys), ()).schema}
    reused = not each_from_rows and all(_is_combined(e) for _, e in aggregates)
    groups: dict[frozenset[str], Node] = {}
    for chosen in sorted(map(frozenset, sets), key=len, reverse=True):
        wider = [found for found in groups if chosen < found] if reused else []
        if wider:
            over = groups[min(wider, key=len)]
            groups[chosen] = _regrouped(
                over, [name for name, _ in keys if name in chosen], aggregates
            )
        else:
            groups[chosen] = aggregated(source, [k for k in keys if k[0] in chosen], aggregates)
    parts: list[Node] = []
    for chosen in map(frozenset, sets):
        items = [
            (name, exp.column(name) if name in chosen else cast_to(exp.null(), types[name]))
            for name, _ in keys
        ]
        lacking = {e for name, e in keys if name not in chosen}
        items += [(name, _grouping(e, lacking) or exp.column(name)) for name, e in values]
        parts.append(Project(groups[chosen], tuple(items)))
    return functools.reduce(Union, parts)


_COMBINED: dict[type[Expression], type[Expression]] = {
    exp.Sum: exp.Sum,
    exp.Count: exp.Sum,
    exp.CountIf: exp.Sum,
    exp.Min: exp.Min,
    exp.Max: exp.Max,
}
"""An aggregate -> the aggregate that combines its values for parts of a group."""


def _is_combined(e: Expression) -> bool:
    """True if an aggregate of a group can be combined from those of smaller groups.

    A sum can be, an aggregate of DISTINCT values cannot.
    """
    return type(e) in _COMBINED and not isinstance(e.this, exp.Distinct)


def _regrouped(groups: Node, keys: Sequence[str], aggregates: Sequence[Item]) -> Node:
    """Combines groups to the larger groups that fewer keys, ``keys``, give.

    ``aggregates`` are those of the groups: counts are summed, for instance. Without keys there is
    one group: its counts are 0 if there are no groups to combine.
    """
    combined = [(name, _COMBINED[type(e)](this=exp.column(name))) for name, e in aggregates]
    node = aggregated(groups, _same(keys), combined)
    counts = {name for name, e in aggregates if isinstance(e, (exp.Count, exp.CountIf))}
    if keys or not counts:
        return node
    zero = exp.Literal.number(0)
    return Project(
        node,
        tuple(
            (name, exp.Coalesce(this=e, expressions=[zero.copy()]) if name in counts else e)
            for name, e in _same(node.names)
        ),
    )


def _grouping(e: Expression, lacking: set[Expression]) -> Expression | None:
    """Returns ``grouping(a, b)`` as a number: each key is a bit, 1 if it is in ``lacking``.

    These are the keys that the grouping set lacks. The last key is the lowest bit. Returns None if
    the expression is no ``grouping``.
    """
    if not isinstance(e, exp.Grouping):
        return None
    bits = ("1" if key in lacking else "0" for key in e.expressions)
    return exp.Literal.number(int("".join(bits), 2))
