"""Rewrites equivalent spellings of an expression to the one that the plan and the emitters know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp

from harness.plan.facts.kinds import TIMESTAMPS, is_literal
from harness.plan.facts.typed import Expression
from harness.plan.sql import functions

_DATE_PARTS: dict[type[Expression], str] = {
    exp.Year: "year",
    exp.Quarter: "quarter",
    exp.Month: "month",
    exp.Week: "week",
    exp.Day: "day",
    exp.DayOfMonth: "day",
    exp.DayOfWeek: "dow",
    exp.DayOfWeekIso: "isodow",
    exp.DayOfYear: "doy",
    exp.Hour: "hour",
    exp.Minute: "minute",
    exp.Second: "second",
}
_NEGATED: dict[type[Expression], type[Expression]] = {
    exp.EQ: exp.NEQ,
    exp.NEQ: exp.EQ,
    exp.LT: exp.GTE,
    exp.GTE: exp.LT,
    exp.GT: exp.LTE,
    exp.LTE: exp.GT,
}
_CHOICES = (exp.Case, exp.If, exp.Coalesce)
_FRACTIONS = (*exp.DataType.FLOAT_TYPES, exp.DType.DECIMAL)
_LEAVES = (exp.Column, exp.Literal, exp.DataType, exp.Identifier, exp.Var)
_NUMERIC = (exp.DataType.Type.BIGINT, exp.DataType.Type.DOUBLE)


def normalize(tree: Any) -> Any:
    """Returns the tree with each expression in one spelling, without parentheses."""
    for rule in _RULES:
        tree = bottom_up(tree, rule)
    return tree


def bottom_up(e: Expression, rule: Callable[[Expression], Expression]) -> Any:
    """Applies ``rule`` to ``e`` and every expression in it, the inner ones first.

    ``rule`` returns what replaces an expression, whose parts have been replaced already.
    """
    if not isinstance(e, _LEAVES):
        for key, value in list(e.args.items()):
            if isinstance(value, Expression):
                _put(e, key, value, bottom_up(value, rule))
            elif isinstance(value, list):
                for place, member in enumerate(value):
                    if isinstance(member, Expression):
                        _put(e, key, member, bottom_up(member, rule), place)
    kind = kind_of(e)
    return of_its_type(rule(e), kind)


def kind_of(e: Expression) -> exp.DataType | None:
    """Returns the type of a CASE or COALESCE; None of anything else, or where it is not known.

    Of dates and times it is a time.
    """
    if not isinstance(e, _CHOICES) or (isinstance(e.parent, exp.Case) and isinstance(e, exp.If)):
        return None
    if e.is_type(exp.DType.DATE):
        return next((v.type for v in _values(e) if v.is_type(*TIMESTAMPS)), e.type)
    return e.type


def of_its_type(chosen: Expression, kind: exp.DataType | None) -> Expression:
    """Returns what is left of a CASE or COALESCE of type ``kind``, cast to it if need be.

    ``coalesce(1, x)``, of a float x, is the float 1, and ``case when true then day else t end`` a
    timestamp.
    """
    values = _values(chosen)
    if kind is None or not values:
        return chosen
    if not all(_is_narrower(value.type, kind) for value in values):
        chosen.type = kind if isinstance(chosen, _CHOICES) else chosen.type
        return chosen
    wide = exp.DType.TIMESTAMP if kind.is_type(*TIMESTAMPS) else exp.DType.DOUBLE
    found = exp.Cast(this=chosen.unnest().copy(), to=wide.into_expr())
    found.this.type, found.type = values[0].type, wide.into_expr()
    return found


def _values(e: Expression) -> list[Expression]:
    """Returns the values that a choice may have, but NULLs; of any other expression itself."""
    if isinstance(e, exp.Coalesce):
        found = [e.this, *e.expressions]
    elif isinstance(e, exp.Case):
        found = [*(branch.args["true"] for branch in e.args["ifs"]), e.args.get("default")]
    elif isinstance(e, exp.If):
        found = [e.args["true"], e.args.get("false")]
    else:
        found = [e.unnest()]
    return [value for value in found if value is not None and not isinstance(value, exp.Null)]


def _is_narrower(value: Any, kind: Any) -> bool:
    """True for the type of an integer beside one with fractions, and of a date beside a time."""
    if value is None or not value.is_type(*exp.DataType.INTEGER_TYPES, exp.DType.DATE):
        return False
    wider = TIMESTAMPS if value.is_type(exp.DType.DATE) else _FRACTIONS
    return bool(kind.is_type(*wider))


def _put(parent: Expression, key: str, old: Expression, new: Any, place: int | None = None) -> None:
    """Replaces ``old``, a part of ``parent``, by ``new``, unless that is there already.

    ``key`` is the argument of ``parent`` that holds the part, ``place`` its index in a list.
    """
    if new is not old or new.parent is not parent:
        parent.set(key, new, place)


def _parentheses(e: Expression) -> Expression:
    return e.unnest() if isinstance(e, exp.Paren) else e


def _negated_flags(e: Expression) -> Expression:
    """Rewrites LIKE with sqlglot's ``negate`` to NOT LIKE."""
    if e.args.get("negate"):
        e.set("negate", None)
        return exp.Not(this=e)
    return e


def _date_parts(e: Expression) -> Expression:
    if type(e) in _DATE_PARTS:
        return exp.Extract(this=exp.var(_DATE_PARTS[type(e)]), expression=e.this)
    if isinstance(e, exp.Extract):
        return exp.Extract(this=exp.var(e.name.lower()), expression=e.expression)
    return e


def _functions(e: Expression) -> Expression:
    rewrite = _REWRITES.get(type(e))
    return rewrite(e) if rewrite is not None else e


def _stddev(e: Expression) -> Expression:
    return exp.StddevSamp(this=e.this)


def _if(e: Expression) -> Expression:
    if isinstance(e.parent, exp.Case):
        return e
    branch = exp.If(this=e.this, true=e.args["true"])
    return exp.Case(ifs=[branch], default=e.args.get("false"))


def _nullif(e: Expression) -> Expression:
    equal = exp.EQ(this=e.this.copy(), expression=e.expression)
    return exp.Case(ifs=[exp.If(this=equal, true=exp.null())], default=e.this)


def _left(e: Expression) -> Expression:
    """Rewrites ``left(s, n)``; a negative n means all but the last -n characters."""
    length = e.expression
    if not isinstance(length, exp.Literal):
        rest = exp.Add(this=exp.Length(this=e.this.copy()), expression=length.copy())
        below = exp.LT(this=length.copy(), expression=exp.Literal.number(0))
        case = exp.Case(ifs=[exp.If(this=below, true=rest)], default=length)
        length = rest if isinstance(length, exp.Neg) and _is_constant(length) else case
    return exp.Substring(this=e.this, start=exp.Literal.number(1), length=length)


def _case(e: Expression) -> Expression:
    """Rewrites ``case x when 1 then`` to ``case when x = 1 then``, and merges nested CASEs."""
    operand = e.args.get("this")
    if operand is not None:
        for branch in e.args["ifs"]:
            branch.set("this", exp.EQ(this=operand.copy(), expression=branch.this))
    branches: list[Expression] = []
    for branch in e.args["ifs"]:
        branches += _unnested(branch)
    default = e.args.get("default")
    if isinstance(default, exp.Case):
        branches += default.args["ifs"]
        default = default.args.get("default")
    return decided([branch.copy() for branch in branches], default)


def decided(branches: list[Expression], default: Expression | None) -> Expression:
    """Returns a CASE of the WHEN branches that can be reached.

    Without any it is only ELSE's value, and NULL where all values are.
    """
    possible = []
    for branch in branches:
        condition = branch.this
        if isinstance(condition, exp.Boolean) and condition.this:
            default = branch.args["true"]
            break
        if not isinstance(condition, (exp.Boolean, exp.Null)):
            possible.append(branch)
    other = default or exp.null()
    values = [branch.args["true"] for branch in possible]
    if all(isinstance(value, exp.Null) for value in (*values, other)):
        return other
    return exp.Case(ifs=possible, default=default) if possible else other


def _unnested(branch: Expression) -> list[Expression]:
    """Splits a WHEN: ``when a then (case when b then x else y end)`` -> two branches.

    They are ``when a and b then x`` and ``when a then y``. Another branch is left.
    """
    inner = branch.args["true"]
    if not isinstance(inner, exp.Case):
        return [branch]
    outer = branch.this
    found: list[Expression] = [
        exp.If(this=exp.And(this=outer.copy(), expression=nested.this), true=nested.args["true"])
        for nested in inner.args["ifs"]
    ]
    return [*found, exp.If(this=outer, true=inner.args.get("default") or exp.null())]


def _coalesce(e: Expression) -> Expression:
    """Drops operands of COALESCE after the first constant, and operands that are NULL literals."""
    operands: list[Expression] = [e.this, *e.expressions]
    operands = [x for x in operands if not isinstance(x, exp.Null)] or operands[:1]
    first = next((i for i, x in enumerate(operands) if _is_constant(x)), len(operands))
    if first == 0 or len(operands) == 1:
        return operands[0]
    return exp.Coalesce(this=operands[0], expressions=operands[1 : first + 1])


def _extreme(e: Expression) -> Expression:
    """Drops NULLs from ``greatest`` and ``least``, which ignore them."""
    operands = [x for x in (e.this, *e.expressions) if not isinstance(x, exp.Null)]
    if len(operands) < 2:
        return operands[0] if operands else exp.null()
    return type(e)(this=operands[0], expressions=operands[1:], ignore_nulls=True)


def _is_literal(e: Expression) -> bool:
    return isinstance(e, (exp.Literal, exp.Boolean))


def _is(e: Expression) -> Expression:
    """Rewrites ``x is true`` to ``coalesce(x, false)``, ``(x < y) is null`` to tests of x and y."""
    if isinstance(e.expression, exp.Null) and type(e.this) in _NEGATED:
        sides = [x for x in (e.this.this, e.this.expression) if not _is_constant(x)]
        lacking = [exp.Is(this=side, expression=exp.null()) for side in sides]
        return exp.or_(*lacking, copy=False) if lacking else exp.false()
    if not isinstance(e.expression, exp.Boolean):
        return e
    truth: Expression = e.this if e.expression.this else _not(exp.Not(this=e.this))
    return exp.Coalesce(this=truth, expressions=[exp.false()])


def _same(e: Expression) -> Expression:
    """Rewrites ``a is not distinct from b`` to ``coalesce(a = b, a is null and b is null)``."""
    for one, other in ((e.this, e.expression), (e.expression, e.this)):
        if isinstance(other, exp.Null):
            return exp.Is(this=one, expression=other)
    equal = exp.EQ(this=e.this, expression=e.expression)
    if _is_constant(e.this) or _is_constant(e.expression):
        return exp.Coalesce(this=equal, expressions=[exp.false()])
    missing = [exp.Is(this=x.copy(), expression=exp.null()) for x in (e.this, e.expression)]
    return exp.Coalesce(this=equal, expressions=[exp.And(this=missing[0], expression=missing[1])])


def _distinct_from(e: Expression) -> Expression:
    return exp.Not(this=_same(e))


def _in(e: Expression) -> Expression:
    """Rewrites IN with a member that is not constant to equalities joined by OR."""
    members = e.expressions
    if not members or all(_is_constant(member) for member in members):
        return e
    result: Expression = exp.EQ(this=e.this, expression=members[0])
    for member in members[1:]:
        result = exp.Or(this=result, expression=exp.EQ(this=e.this.copy(), expression=member))
    return result


def _is_constant(e: Expression) -> bool:
    return _is_literal(e) or (isinstance(e, (exp.Neg, exp.Cast)) and _is_literal(e.this))


def _order(e: Expression) -> Expression:
    """Drops ORDER BY keys that repeat an earlier key."""
    keys: dict[Expression, Expression] = {}
    for ordered in e.expressions:
        keys.setdefault(ordered.this, ordered)
    e.set("expressions", list(keys.values()))
    return e


def _cast(e: Expression) -> Expression:
    """Rewrites the cast of a constant to a type of numbers to a literal of that type."""
    literal, target = e.this, e.args["to"].this
    if isinstance(literal, exp.Neg) and isinstance(literal.this, exp.Literal):
        cast = exp.Cast(this=literal.this.copy(), to=e.args["to"].copy())
        written = _cast(cast)
        return e if written is cast else exp.Neg(this=written)
    if isinstance(literal, exp.Boolean):
        literal = exp.Literal.number(int(literal.this))
    if not isinstance(literal, exp.Literal) or target not in _NUMERIC:
        return e
    text = literal.name.strip(" ")
    if target is exp.DataType.Type.DOUBLE and _is_number(text):
        return exp.Literal(this=repr(float(text)), is_string=False)
    if target is exp.DataType.Type.BIGINT and text.isdecimal():
        return exp.Literal(this=text, is_string=False)
    return e


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdecimal()


def _count(e: Expression) -> Expression:
    """Rewrites ``count`` of a constant to ``count(*)``, or to 0 if the constant is NULL."""
    if _is_null(e.this):
        return e if isinstance(e.parent, exp.Window) else exp.Literal.number(0)
    return _every_row() if _is_constant(e.this) else _of_constant(e)


def _every_row() -> Expression:
    return exp.Count(this=exp.Star(), big_int=True)


def _of_constant(e: Expression) -> Expression:
    """Rewrites an aggregate of a constant: ``max(2)`` -> ``case when count(*) > 0 then 2 end``.

    In such a CASE ``sum(2)`` is ``count(*) * 2``, ``count(distinct 2)`` is 1, or 0 without rows.
    Aggregates of other values are left.
    """
    distinct = isinstance(e.this, exp.Distinct)
    value: Expression = e.this.expressions[0] if distinct else e.this
    if isinstance(e.parent, _AROUND):
        return e
    if _is_null(value):
        return exp.Literal.number(0) if isinstance(e, exp.Count) else value
    if not _is_constant(value):
        return e
    none = exp.Literal.number(0) if isinstance(e, exp.Count) else None
    if isinstance(e, exp.Count):
        value = exp.Literal.number(1)
    elif isinstance(e, (exp.Avg, exp.Median)):
        value = _cast(exp.Cast(this=value, to=exp.DataType.build("DOUBLE")))
    elif isinstance(e, exp.Sum) and not distinct:
        rows = _every_row()
        value = rows if is_literal(value, "1") else exp.Mul(this=rows, expression=value)
    some = exp.GT(this=_every_row(), expression=exp.Literal.number(0))
    return exp.Case(ifs=[exp.If(this=some, true=value)], default=none)


_AROUND = (exp.Window, exp.Filter, exp.WithinGroup)
"""What takes an aggregate as it is written."""


def _is_null(e: Expression) -> bool:
    return isinstance(e, exp.Null) or (isinstance(e, exp.Cast) and isinstance(e.this, exp.Null))


def _filtered(e: Expression) -> Expression:
    """Rewrites ``sum(x) filter (where c)`` to ``sum(case when c then x end)``."""
    aggregate: Expression = e.this
    condition = e.expression.this
    if isinstance(aggregate.this, exp.Distinct):
        argument = aggregate.this.expressions[0]
        target: Expression = aggregate.this
        target.set("expressions", [_only_where(condition, argument)])
        return aggregate
    if isinstance(aggregate.this, exp.Order):
        aggregate.this.set("this", _only_where(condition, aggregate.this.this))
        return aggregate
    argument = exp.Literal.number(1) if isinstance(aggregate.this, exp.Star) else aggregate.this
    aggregate.set("this", _only_where(condition, argument))
    return _functions(aggregate)


def _only_where(condition: Expression, value: Expression) -> Expression:
    return decided([exp.If(this=condition.copy(), true=value.copy())], None)


def _count_if(e: Expression) -> Expression:
    """Rewrites ``count_if`` to a sum, which is NULL, not 0, if the condition always is NULL."""
    total = exp.Sum(this=_cast(exp.Cast(this=e.this, to=exp.DataType.build("BIGINT"))))
    return total if isinstance(e.parent, _AROUND) else _of_constant(total)


def _percentile(e: Expression) -> Expression:
    return exp.Median(this=e.this) if is_literal(e.expression, "0.5") else e


def _concat(e: Expression) -> Expression:
    """Makes a ``concat`` skip NULLs, as DuckDB's does, unlike ``||``."""
    return exp.Concat(expressions=list(e.expressions))


def _not(e: Expression) -> Expression:
    """Pushes NOT down to comparisons; NULL stays NULL."""
    if not isinstance(e, exp.Not):
        return e
    inner = e.this
    if isinstance(inner, exp.Not):
        doubled: Expression = inner.this
        return doubled
    if type(inner) in _NEGATED:
        return _NEGATED[type(inner)](this=inner.this, expression=inner.expression)
    if isinstance(inner, exp.Between):
        below = exp.LT(this=inner.this, expression=inner.args["low"])
        above = exp.GT(this=inner.this.copy(), expression=inner.args["high"])
        return exp.Or(this=below, expression=above)
    if isinstance(inner, exp.And):
        return exp.Or(
            this=_not(exp.Not(this=inner.left)), expression=_not(exp.Not(this=inner.right))
        )
    if isinstance(inner, exp.Or):
        return exp.And(
            this=_not(exp.Not(this=inner.left)), expression=_not(exp.Not(this=inner.right))
        )
    return e


def negation(e: Expression) -> Expression:
    """Returns NOT of a condition, pushed down to its comparisons."""
    return _not(exp.Not(this=e))


def _between(e: Expression) -> Expression:
    """Rewrites ``x >= a and x <= b`` to ``x between a and b``, which every engine has."""
    if not isinstance(e, exp.And) or isinstance(e.parent, exp.And):
        return e
    parts = list(e.flatten())
    for i, low in enumerate(parts):
        for high in parts:
            bounds = isinstance(low, exp.GTE) and isinstance(high, exp.LTE)
            if bounds and low.this == high.this and _constant(low.expression, high.expression):
                parts[i] = exp.Between(this=low.this, low=low.expression, high=high.expression)
                parts = [part for part in parts if part is not high]
                return _between(_all_of(parts))
    return e


def _low_first(e: Expression) -> Expression:
    """Rewrites ``x < b and x >= a`` to ``x >= a and x < b``, the usual order of a range."""
    if not isinstance(e, exp.And) or isinstance(e.parent, exp.And):
        return e
    parts = list(e.flatten())
    for i, high in enumerate(parts):
        for j, low in enumerate(parts[i + 1 :], i + 1):
            bounds = isinstance(high, (exp.LT, exp.LTE)) and isinstance(low, (exp.GT, exp.GTE))
            if bounds and low.this == high.this and _constant(low.expression, high.expression):
                parts[i], parts[j] = low, high
                return _low_first(_all_of(parts))
    return e


def _constant(*expressions: Expression) -> bool:
    return not any(e.find(exp.Column) for e in expressions)


def _all_of(parts: list[Expression]) -> Expression:
    result = parts[0]
    for part in parts[1:]:
        result = exp.And(this=result, expression=part)
    return result


_REWRITES: dict[type[Expression], Callable[[Expression], Expression]] = {
    exp.Stddev: _stddev,
    exp.If: _if,
    exp.Nullif: _nullif,
    exp.Left: _left,
    exp.Case: _case,
    exp.Filter: _filtered,
    exp.CountIf: _count_if,
    exp.PercentileCont: _percentile,
    exp.Concat: _concat,
    exp.Coalesce: _coalesce,
    exp.Greatest: _extreme,
    exp.Least: _extreme,
    exp.Is: _is,
    exp.NullSafeEQ: _same,
    exp.NullSafeNEQ: _distinct_from,
    exp.In: _in,
    exp.Cast: _cast,
    exp.Order: _order,
    exp.Count: _count,
    **dict.fromkeys((exp.Sum, exp.Avg, exp.Median, exp.Min, exp.Max, exp.AnyValue), _of_constant),
    **functions.REWRITES,
}
_RULES = (
    _parentheses,
    functions.midnight,
    _negated_flags,
    _date_parts,
    _functions,
    _not,
    _between,
    _low_first,
)
