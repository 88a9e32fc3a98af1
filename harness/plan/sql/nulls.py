"""Simplifies expressions with a NULL literal by SQL's three-valued logic.

``replace(s, 'a', null)`` is NULL. ``k = null`` is never true and never false; ``k in (1, null)`` is
true or NULL. In WHERE, ON, HAVING, QUALIFY and WHEN a NULL has the effect of false.
"""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from harness.plan.facts.kinds import COMPARISONS
from harness.plan.facts.typed import Expression, cast_to
from harness.plan.facts.typing import STRICT
from harness.plan.sql.normalize import bottom_up, decided, negation
from harness.types import Type

_COMPARISONS = (*COMPARISONS, exp.Like, exp.ILike)
_STRICT = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.IntDiv, exp.DPipe)
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Mod, exp.IntDiv)
_DECIDING = (exp.Where, exp.Having, exp.Qualify, exp.If)


def without_nulls(tree: Any) -> Any:
    """Returns the tree without comparisons with NULL, and without NULL operands of AND and OR."""
    return bottom_up(bottom_up(tree, _logic), _clauses)


def _logic(e: Expression) -> Expression:
    if isinstance(e, exp.Between) and (_is_null(e.args["low"]) or _is_null(e.args["high"])):
        low = exp.GTE(this=e.this, expression=e.args["low"])
        high = exp.LTE(this=e.this.copy(), expression=e.args["high"])
        return _logic(exp.And(this=_logic(low), expression=_logic(high)))
    if isinstance(e, _COMPARISONS) and (_is_null(e.this) or _is_null(e.expression)):
        return cast_to(exp.null(), Type.BOOLEAN)
    if type(e) in STRICT and any(map(_is_null, _operands(e))):
        return cast_to(exp.null(), STRICT[type(e)][0])
    if isinstance(e, _ARITHMETIC) and _is_null(e) and (kind := _type_of(e.this, e.expression)):
        return cast_to(exp.null(), kind)
    if isinstance(e, exp.DPipe) and _is_null(e):
        return cast_to(exp.null(), Type.STRING)
    if isinstance(e, exp.In) and any(map(_is_null, e.expressions)):
        members = [member for member in e.expressions if not _is_null(member)]
        known = exp.In(this=e.this, expressions=members) if members else exp.null()
        return _connected(exp.Or(this=known, expression=exp.null()))
    if isinstance(e, exp.Not) and isinstance(e.this, exp.Boolean):
        return exp.convert(not e.this.this)
    if isinstance(e, exp.Not) and _is_null(e.this):
        return cast_to(exp.null(), Type.BOOLEAN)
    if isinstance(e, exp.Is) and isinstance(e.expression, exp.Null) and _is_null(e.this):
        return exp.true()
    if isinstance(e, exp.Not) and (branch := _only_branch(e.this)):
        flipped = exp.convert(not branch.args["true"].this)
        return exp.Case(ifs=[exp.If(this=branch.this, true=flipped)])
    if isinstance(e, (exp.And, exp.Or)):
        return _connected(e)
    if isinstance(e, exp.Count) and isinstance(e.this, exp.Distinct):
        value = e.this.expressions[0]
        return exp.Count(this=value) if _is_null(value) else e
    if isinstance(e, exp.Case) and e.args.get("this") is None:
        return decided([b for b in e.args["ifs"] if not _is_null(b.this)], e.args.get("default"))
    return e


def _operands(function: Expression) -> list[Any]:
    """Returns the operands that make a function NULL if they are NULL.

    The group number of ``regexp_extract`` is none of them.
    """
    names = ("this", "expression") if isinstance(function, exp.RegexpExtract) else function.args
    return [function.args.get(name) for name in names]


def _type_of(*operands: Expression) -> Type | None:
    """Returns the type of arithmetic with a NULL operand: a float if any operand is a float.

    Decimals count as floats. INT64 if only integers are known, None if no type is.
    """
    if any(x.is_type(*exp.DataType.FLOAT_TYPES, exp.DType.DECIMAL) for x in operands):
        return Type.FLOAT64
    return Type.INT64 if any(x.is_type(*exp.DataType.INTEGER_TYPES) for x in operands) else None


def _connected(e: Expression) -> Expression:
    """Rewrites AND or OR with a NULL operand: it is NULL unless the other operand decides it.

    a or null = case when a then true end
    """
    unknown: Expression = e.this
    known: Expression = e.expression
    if _is_null(known):
        unknown, known = known, unknown
    if not _is_null(unknown):
        return e
    if _is_null(known):
        return cast_to(exp.null(), Type.BOOLEAN)
    either = isinstance(e, exp.Or)
    decisive = exp.If(this=known if either else negation(known), true=exp.convert(either))
    decision = decided([decisive], None)
    return cast_to(exp.null(), Type.BOOLEAN) if isinstance(decision, exp.Null) else decision


def _clauses(e: Expression) -> Expression:
    if isinstance(e, _DECIDING) and not _is_value(e):
        e.set("this", _truth(e.this))
    elif isinstance(e, exp.Join) and e.args.get("on") is not None:
        e.set("on", _truth(e.args["on"]))
    elif isinstance(e, exp.Case) and e.args.get("this") is None:
        return decided(e.args["ifs"], e.args.get("default"))
    return e


def _is_value(branch: Expression) -> bool:
    """True if a WHEN holds a value to compare, as in ``case k when 1 then``."""
    return isinstance(branch.parent, exp.Case) and branch.parent.args.get("this") is not None


def _truth(e: Expression) -> Expression:
    """Returns a condition that is true where ``e`` is, and that no NULL literal makes NULL."""
    if _is_null(e):
        return exp.false()
    if isinstance(e, (exp.And, exp.Or)):
        parts = [_truth(e.this), _truth(e.expression)]
        dominant = isinstance(e, exp.Or)
        others = [p for p in parts if not isinstance(p, exp.Boolean)]
        if len(others) < len(parts) and any(p == exp.convert(dominant) for p in parts):
            return exp.convert(dominant)
        if len(others) == 2:
            return type(e)(this=parts[0], expression=parts[1])
        return others[0] if others else exp.convert(not dominant)
    if branch := _only_branch(e):
        return _truth(branch.this) if branch.args["true"].this else exp.false()
    return e


def _only_branch(e: Expression) -> Expression | None:
    """Returns the WHEN branch of ``case when a then true end`` or ``case when a then false end``.

    None for any other expression.
    """
    if not isinstance(e, exp.Case) or len(e.args["ifs"]) > 1 or e.args.get("default") is not None:
        return None
    branch: Expression = e.args["ifs"][0]
    return branch if isinstance(branch.args["true"], exp.Boolean) else None


def _is_null(e: Any) -> bool:
    """True if an expression is NULL in every row."""
    if isinstance(e, exp.Cast):
        return _is_null(e.this)
    if isinstance(e, _STRICT):
        return _is_null(e.this) or _is_null(e.expression)
    return isinstance(e, exp.Null)
