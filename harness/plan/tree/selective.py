"""Judges from a plan's conditions which of its steps keep few rows."""

from __future__ import annotations

from sqlglot import exp

from harness.plan.tree.nodes import Expression, Filter, Join, Node, Project, columns_in, conjuncts


def selective(node: Node) -> bool:
    """True if a filter in or below the node names single values: ``=``, ``in`` or ``like``.

    Ranges do not count: they often keep half of the rows.
    """
    match node:
        case Filter():
            return any(map(_names_values, conjuncts(node.condition))) or selective(node.input)
        case Project():
            return selective(node.input)
        case Join(kind="inner"):
            return selective(node.left) or selective(node.right)
        case Join(kind="semi"):
            return selective(node.left) or selective(node.right)
        case Join(kind="anti" | "left" | "single"):
            return selective(node.left)
    return False


def narrowed(node: Node) -> bool:
    """True if a filter in or below the node leaves rows out, also one for a range."""
    match node:
        case Filter():
            return True
        case Project():
            return narrowed(node.input)
        case Join(kind="inner" | "semi"):
            return narrowed(node.left) or narrowed(node.right)
        case Join(kind="anti" | "left" | "single"):
            return narrowed(node.left)
    return False


def _names_values(condition: Expression) -> bool:
    if isinstance(condition, exp.Or):
        return all(_names_values(part) for part in condition.flatten())
    if isinstance(condition, exp.And):
        return any(_names_values(part) for part in condition.flatten())
    if isinstance(condition, exp.EQ):
        return not (columns_in(condition.this) and columns_in(condition.expression))
    return isinstance(condition, (exp.In, exp.Like, exp.ILike))
