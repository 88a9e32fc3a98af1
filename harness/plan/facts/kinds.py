"""Groups of sqlglot's expression classes that several rules share."""

from __future__ import annotations

from sqlglot import exp

COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)
"""Expressions that compare one value with another."""
COMPARING = (*COMPARISONS, exp.In, exp.Between)
"""Expressions that compare one value with one or more others."""
CONDITIONS = (*COMPARING, exp.And, exp.Or, exp.Not, exp.Is, exp.Like, exp.ILike)
"""Expressions that are true, false or NULL."""
OF_POSITIVES = (exp.Sqrt, exp.Ln, exp.Log)
"""Functions that are NaN for numbers below 0."""
PARTIAL = (*OF_POSITIVES, exp.Asin, exp.Acos)
"""Functions that are NaN for some numbers; an arc sine is for those beyond 1."""
SECONDS = {"WEEK": 604_800, "DAY": 86_400, "HOUR": 3600, "MINUTE": 60, "SECOND": 1}
"""Unit of an interval of fixed length -> its seconds."""
MOST_SECONDS = 2**63 // 10**9
"""The most seconds of an interval, whose nanoseconds 64 bits hold: 292 years of them."""
TIMESTAMPS = frozenset({exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ, exp.DType.DATETIME})
"""sqlglot's names for DuckDB's TIMESTAMP, by how an expression came by its type."""
DEVIATIONS = (exp.StddevSamp, exp.StddevPop, exp.Variance, exp.VariancePop)


def is_literal(e: exp.Expr | None, text: str) -> bool:
    """True if an expression is a literal, number or text, that is spelled ``text``.

    A negative number is none: sqlglot has it as a minus before a literal.
    """
    return isinstance(e, exp.Literal) and e.name == text


def has_no_fraction(e: exp.Expr) -> bool:
    """True if an expression rounds to whole numbers or to tens: ``floor(x)``, ``round(x, -1)``.

    The type of its result may still be a float.
    """
    e = e.unnest()
    places = e.args.get("decimals")
    return isinstance(e, _STEPS) and (places is None or isinstance(places, exp.Neg))


_STEPS = (exp.Round, exp.Floor, exp.Ceil, exp.Trunc)
