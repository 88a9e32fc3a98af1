"""Rewrites conditions made of AND and OR."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from harness.plan.tree.nodes import Expression, conjunction, conjuncts
from harness.plan.tree.relation import aliases_in


def implied_of_each(predicate: Expression) -> list[Expression]:
    """Returns conditions on one table each that a condition on several tables implies.

    ``(a.x = 1 and b.y = 2) or (a.x = 3 and b.y = 4)`` implies ``a.x = 1 or a.x = 3``.
    """
    branches = [conjuncts(branch) for branch in disjuncts(predicate)]
    if len(branches) < 2 or len(aliases_in(predicate)) < 2:
        return []
    found = []
    for alias in sorted(aliases_in(predicate)):
        own = [[p for p in branch if aliases_in(p) == {alias}] for branch in branches]
        if all(own):
            found.append(any_of([conjunction(parts) for parts in own]))
    return found


def factored(predicate: Expression) -> list[Expression]:
    """Takes the conditions that all sides of an OR have in common out of the OR.

    ``(a and b) or (a and c)`` -> ``a``, ``b or c``.
    """
    branches = [conjuncts(branch) for branch in disjuncts(predicate)]
    common = [p for p in branches[0] if all(p in branch for branch in branches[1:])]
    if len(branches) < 2 or not common:
        return [predicate]
    rest = [[p for p in branch if p not in common] for branch in branches]
    return common + ([any_of([conjunction(parts) for parts in rest])] if all(rest) else [])


def disjuncts(condition: Expression) -> list[Expression]:
    """Splits a condition at its ORs: ``a or b`` -> ``[a, b]``."""
    if isinstance(condition, exp.Or):
        return disjuncts(condition.this) + disjuncts(condition.expression)
    return [condition]


def any_of(parts: Sequence[Expression | None]) -> Expression:
    """Joins the parts that are not None by OR."""
    present = [part.copy() for part in parts if part is not None]
    result = present[0]
    for part in present[1:]:
        result = exp.Or(this=result, expression=part)
    return result
