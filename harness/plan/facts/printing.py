"""Expressions -> SQL for people to read, with the parentheses that the plan does without."""

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
"""What binds least tightly comes first."""
_LEVEL = {kind: level for level, kinds in enumerate(_LEVELS) for kind in kinds}


def in_sql(e: Expression, *, lower: bool = False) -> str:
    """The expression in DuckDB's SQL, on one line, perhaps with lower names of functions."""
    copy = e.copy()
    parenthesise(copy)
    names = "lower" if lower else "upper"
    text = copy.sql("duckdb", normalize_functions=names, unsupported_level=ErrorLevel.IGNORE)
    return text.replace("\n", " ")


def parenthesise(e: Expression) -> None:
    """Puts parentheses, in place, around operands that would fall apart without."""
    for operand in reversed(list(e.walk())):  # what is inside comes first
        if type(operand) in _LEVEL and operand is not e and _binds_less(operand):
            operand.replace(exp.Paren(this=operand.copy()))


def _binds_less(operand: Expression) -> bool:
    """Whether an operand would fall apart beside the operator that it belongs to."""
    parent = operand.parent
    if parent is None or type(parent) not in _LEVEL:
        return False
    own, outer = _LEVEL[type(operand)], _LEVEL[type(parent)]
    second = operand.arg_key != "this" and not isinstance(parent, (exp.And, exp.Or))
    chained = type(operand) in _COMPARISONS  # a = b = c is no SQL
    return own < outer or (own == outer and (second or chained))
