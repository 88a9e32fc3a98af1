"""Expressions -> SQL for people to read, with parentheses where precedence needs them."""

from __future__ import annotations

from sqlglot import ErrorLevel, exp

from harness.plan.facts.kinds import COMPARING

Expression = exp.Expr
_COMPARISONS: tuple[type[Expression], ...] = (*COMPARING, exp.Is, exp.Like)
_LEVELS: tuple[tuple[type[Expression], ...], ...] = (
    (exp.Or,),
    (exp.And,),
    (exp.Not,),
    _COMPARISONS,
    (exp.Add, exp.Sub, exp.DPipe),
    (exp.Mul, exp.Div, exp.IntDiv, exp.Mod),
    (exp.Neg,),
    (exp.Pow,),
)
"""Operators by precedence, the loosest first."""
_LEVEL = {kind: level for level, kinds in enumerate(_LEVELS) for kind in kinds}


def in_sql(e: Expression, *, lower: bool = False) -> str:
    """Returns the expression in DuckDB's SQL on one line.

    ``lower`` prints function names in lower case.
    """
    copy = e.copy()
    parenthesise(copy)
    names = "lower" if lower else "upper"
    text = copy.sql("duckdb", normalize_functions=names, unsupported_level=ErrorLevel.IGNORE)
    return text.replace("\n", " ")


def parenthesise(e: Expression) -> None:
    """Changes ``e`` in place: puts operands that bind less than their operator in parentheses."""
    for operand in reversed(list(e.walk())):  # from the inside out
        if type(operand) in _LEVEL and operand is not e and _binds_less(operand):
            operand.replace(exp.Paren(this=operand.copy()))


def _binds_less(operand: Expression) -> bool:
    """True if an operand needs parentheses beside its operator."""
    parent = operand.parent
    if parent is None or type(parent) not in _LEVEL:
        return False
    own, outer = _LEVEL[type(operand)], _LEVEL[type(parent)]
    second = operand.arg_key != "this" and not isinstance(parent, (exp.And, exp.Or))
    chained = type(operand) in _COMPARISONS  # a = b = c is not SQL
    return own < outer or (own == outer and (second or chained))
