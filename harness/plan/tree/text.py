"""A plan -> the text that ``harness plan`` and the report print."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from harness.answer import SortKey
from harness.plan.facts.printing import in_sql
from harness.plan.tree.nodes import (
    Aggregate,
    AsOfJoin,
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
    Values,
    Window,
)


def tree(plan: Node, types: bool = False) -> str:
    """Returns the plan as lines, inputs indented below their step; ``types`` adds column types.

    A node that is read several times is computed once, so its inputs are printed once.
    """
    return "\n".join(_lines(plan, 0, types, set()))


def _lines(node: Node, depth: int, types: bool, shown: set[Node]) -> list[str]:
    indent = "  " * depth
    line = f"{indent}{type(node).__name__} {_detail(node)}".rstrip()
    if node in shown and node.inputs:
        return [f"{line} (as above)"]
    shown.add(node)
    lines = [line]
    if types:
        lines.append(f"{indent}  → {', '.join(map(str, node.schema))}")
    for child in node.inputs:
        lines += _lines(child, depth + 1, types, shown)
    return lines


def _detail(node: Node) -> str:
    match node:
        case Scan():
            names = (s if s == c.name else f"{s} as {c.name}" for s, c in node.columns)
            return f"{node.table} ({', '.join(names)})"
        case Values():
            rows = f"{len(node.rows)} row{'s' * (len(node.rows) > 1)}"
            return f"{rows} ({', '.join(node.names)})"
        case Filter():
            return _sql(node.condition)
        case Project():
            return _items(node.items)
        case Aggregate():
            return " ".join(filter(None, [_by(node.keys), _items(node.aggregates)]))
        case Join():
            return _join(node)
        case AsOfJoin():
            keys = [a if a == b else f"{a} = {b}" for a, b in node.by]
            nearest = f"{node.on[0]} {node.comparison} {node.on[1]}"
            return f"{'left' if node.outer else 'inner'} on {' and '.join([*keys, nearest])}"
        case Window():
            return _items(node.functions)
        case Sort():
            return _order(node.keys)
        case TopPerGroup():
            return f"{node.count} per {', '.join(node.keys)} by {_order(node.order)}"
        case Limit():
            rows = "all" if node.count is None else str(node.count)
            return rows + (f" after {node.offset}" if node.offset else "")
    return ""


def _order(keys: Sequence[SortKey]) -> str:
    return ", ".join(
        key.column + " desc" * key.descending + " nulls first" * key.nulls_first for key in keys
    )


def _by(keys: tuple[Item, ...]) -> str:
    return f"by {_items(keys)}:" if keys else ""


def _join(node: Join) -> str:
    pairs = [a if a == b else f"{a} = {b}" for a, b in node.on]
    residual = [] if node.residual is None else [_sql(node.residual)]
    return f"{node.kind}" + (f" on {' and '.join(pairs + residual)}" if pairs + residual else "")


def _items(items: tuple[tuple[str, Expression], ...]) -> str:
    return ", ".join(
        name if isinstance(e, exp.Column) and e.name == name else f"{_sql(e)} as {name}"
        for name, e in items
    )


def _sql(e: Expression) -> str:
    return in_sql(e, lower=True)
