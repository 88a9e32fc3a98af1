"""Kinds of expressions of which several rules speak."""

from __future__ import annotations

from sqlglot import exp

COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)
"""Of one value with another."""
COMPARING = (*COMPARISONS, exp.In, exp.Between)
"""Of one value with others."""
CONDITIONS = (*COMPARING, exp.And, exp.Or, exp.Not, exp.Is, exp.Like, exp.ILike)
"""What is true, false or NULL."""
DEVIATIONS = (exp.StddevSamp, exp.StddevPop, exp.Variance, exp.VariancePop)


def is_literal(e: exp.Expr | None, text: str) -> bool:
    """Whether an expression is this constant itself: ``-1`` and a column called 1 have its name."""
    return isinstance(e, exp.Literal) and e.name == text
