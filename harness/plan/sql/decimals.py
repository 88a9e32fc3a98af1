"""Decimals -> integers and a power of ten, which libraries compute as exactly as DuckDB.

A literal with a point is a decimal to DuckDB, and so are sums, differences and products of decimals
and integers: ``3 * 0.1 = 0.3`` is true of decimals, but not of floats. So what is compared, rounded
or grouped by, and what an inner query gives, is computed in integers. At the end one division makes
a float of it, rounded as DuckDB's cast of a decimal is. What is only shown in the answer is
computed in floats.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sqlglot import exp

from harness.errors import Unsupported
from harness.plan.facts.kinds import COMPARISONS
from harness.plan.facts.printing import in_sql
from harness.plan.facts.typed import Expression
from harness.plan.facts.typing import DECIMAL
from harness.plan.sql.grouping import grouping_sets

MOST_PLACES = 15
"""The most digits after the point that are computed in 64-bit integers."""
_LEAST, _GREATEST = -(2**63), 2**63 - 1
_TURNED: dict[type[Expression], type[Expression]] = {
    exp.LT: exp.GT,
    exp.GT: exp.LT,
    exp.LTE: exp.GTE,
    exp.GTE: exp.LTE,
}
_WHOLE = exp.DataType.INTEGER_TYPES


@dataclass(frozen=True)
class _Scaled:
    """A number as ``whole / 10**places``; ``decimal`` is False if it is an integer in DuckDB.

    ``whole`` is an integer expression, ``places`` the number of digits after the point.
    """

    whole: Expression
    places: int
    decimal: bool

    @property
    def value(self) -> Fraction | None:
        """Returns the number as a fraction if it is a constant, else None."""
        number = _constant(self.whole)
        return None if number is None else Fraction(number, 10**self.places)

    def at(self, places: int) -> Expression:
        """Returns the integer expression for the number times ``10**places``."""
        return _times(self.whole.copy(), 10 ** (places - self.places))


def in_whole_numbers(tree: Any) -> Any:
    """Returns the tree with decimals computed as integers; the tree's types must be known.

    Raises Unsupported where libraries would compute something else.
    """
    _nullif_as_case(tree)
    for select in tree.find_all(exp.Select):
        _mark_keys(select)
    if isinstance(tree, exp.Select) and not tree.args.get("distinct"):
        _mark_shown(tree)
    return _rewritten(tree)


def _nullif_as_case(tree: Expression) -> None:
    """Replaces ``nullif(a, b)`` of decimals by the CASE that it stands for."""
    for e in list(tree.find_all(exp.Nullif)):
        if _is_decimal(e.this):
            equal = exp.EQ(this=e.this.copy(), expression=e.expression.copy())
            case = exp.Case(ifs=[exp.If(this=equal, true=exp.Null())], default=e.this.copy())
            case.type = e.this.type
            e.replace(case)


def _mark_shown(select: exp.Select) -> None:
    """Marks arithmetic whose result is only shown in the answer: nothing else depends on it."""
    order = select.args.get("order")
    sorted_by = {key.this.name for key in order.expressions} if order is not None else set()
    waiting = [e.unalias() for e in select.selects if e.alias_or_name not in sorted_by]
    while waiting:
        part = waiting.pop()
        if isinstance(part, _SHOWING) and not (part.meta.get(_KEY) or _makes_decimal(part)):
            part.meta[_SHOWN] = True
            waiting += [part.this] if isinstance(part, exp.Window) else part.iter_expressions()


def _mark_keys(select: exp.Select) -> None:
    """Marks expressions in the SELECT list and HAVING that are GROUP BY keys.

    There each is one value that the groups have, not arithmetic to compute.
    """
    group = select.args.get("group")
    sets = (grouping_sets(group) if group else None) or []
    by = [*(group.expressions if group else ()), *itertools.chain(*sets)]
    keys = {e.unnest() for e in by if not isinstance(e, exp.Column)}
    if any(map(_is_decimal, keys)):
        for part in (
            p for c in (*select.selects, select.args.get("having")) if c for p in c.walk()
        ):
            if part in keys:
                part.meta[_KEY] = True


_KEY, _SHOWN, _SCALED, _PLACES = "key", "shown", "scaled", "places"
"""Keys of sqlglot's ``meta``: what an expression is marked as; see where they are set."""


def _is_decimal(e: Expression) -> bool:
    return bool(e.is_type(exp.DType.DECIMAL))


def _rewritten(e: Expression) -> Expression:
    rule = _RULES.get(type(e))
    found = rule(e) if rule is not None else None
    if found is not None:
        return found
    whole = isinstance(e, _ARITHMETIC) and _is_decimal(e) and not isinstance(e.parent, _AROUND)
    if whole and not e.meta.get(_SHOWN):
        scaled = _scaled(e, within=True)
        if scaled is not None and scaled.decimal and scaled.places:
            return _float(scaled)
    for key, value in list(e.args.items()):
        if isinstance(value, Expression):
            _put(e, key, value)
        elif isinstance(value, list):
            for place, member in enumerate(value):
                if isinstance(member, Expression):
                    _put(e, key, member, place)
    return e


def _put(parent: Expression, key: str, child: Expression, place: int | None = None) -> None:
    other = _rewritten(child)
    if other is not child or other.parent is not parent:
        parent.set(key, other, place)


# ---------------------------------------------------------------------- decimals as whole numbers


def _scaled(e: Expression, within: bool = False) -> _Scaled | None:
    """Returns an expression of decimals and integers as an integer with its digits after the point.

    Returns None for other expressions, and for a GROUP BY key used in the rest of its SELECT,
    unless ``within`` is set.
    """
    if e.meta.get(_KEY) and not within:
        return None
    if isinstance(e, exp.Literal):
        return _of_literal(e)
    if isinstance(e, exp.Null) or (isinstance(e, exp.Cast) and isinstance(e.this, exp.Null)):
        return _Scaled(exp.null(), 0, False)
    if isinstance(e, exp.Paren):
        return _scaled(e.this)
    if isinstance(e, (exp.Neg, exp.Abs)):
        inner = _scaled(e.this)
        return inner and _Scaled(type(e)(this=inner.whole.copy()), inner.places, inner.decimal)
    if isinstance(e, (exp.Add, exp.Sub, exp.Mod)):
        return _aligned(e, lambda sides: type(e)(this=sides[0], expression=sides[1]))
    if isinstance(e, exp.Mul):
        return _product(e)
    if isinstance(e, (exp.Sum, exp.Min, exp.Max)) and not isinstance(e.this, exp.Distinct):
        inner = _scaled(e.this)
        return inner and _Scaled(type(e)(this=inner.whole.copy()), inner.places, inner.decimal)
    if isinstance(e, (exp.Coalesce, exp.Greatest, exp.Least)):
        options = {k: v for k, v in e.args.items() if k not in ("this", "expressions")}
        return _aligned(e, lambda all_: type(e)(this=all_[0], expressions=all_[1:], **options))
    if isinstance(e, exp.Case):
        return _of_case(e)
    if _makes_decimal(e):
        return _of_cast(e)
    if isinstance(e, exp.Filter) and isinstance(e.this, (exp.Sum, exp.Min, exp.Max)):
        inner = _scaled(e.this)
        if inner is None:
            return None
        whole = exp.Filter(this=inner.whole, expression=_rewritten(e.expression.copy()))
        return _Scaled(whole, inner.places, inner.decimal)
    return _Scaled(_rewritten(e.copy()), 0, False) if e.is_type(*_WHOLE) else None


def _of_literal(literal: Expression) -> _Scaled | None:
    if literal.is_string or "e" in literal.name.lower():
        return None
    whole, _, places = literal.name.partition(".")
    if not (whole + places).isdecimal():
        return None
    places = places.rstrip("0")
    number = exp.Literal.number(int(whole + places or "0"))
    return _Scaled(number, len(places), "." in literal.name)


def _aligned(e: Expression, made: Callable[[list[Expression]], Expression]) -> _Scaled | None:
    """Returns what ``made`` builds of ``e``'s operands as integers with equally many places.

    Places are digits after the point: 1.5 and 0.25 are 150 and 25 with two. None if an operand is
    neither a decimal nor an integer.
    """
    operands = [_scaled(x) for x in e.iter_expressions()]
    found = [x for x in operands if x is not None]
    if len(found) < len(operands):
        return None
    places = max(x.places for x in found)
    decimal = any(x.decimal for x in found)
    return _few_places(_Scaled(made([x.at(places) for x in found]), places, decimal))


def _product(e: Expression) -> _Scaled | None:
    left, right = _scaled(e.this), _scaled(e.expression)
    if left is None or right is None:
        return None
    places, decimal = left.places + right.places, left.decimal or right.decimal
    one, other = left.whole.copy(), right.whole.copy()
    if (factor := _constant(other)) is not None:
        whole = _times(one, factor)
    elif (factor := _constant(one)) is not None:
        whole = _times(other, factor)
    else:
        whole = exp.Mul(this=one, expression=other)
    return _few_places(_Scaled(whole, places, decimal))


def _of_case(e: Expression) -> _Scaled | None:
    values = [branch.args["true"] for branch in e.args["ifs"]]
    default = e.args.get("default")
    values += [default] if default is not None else []
    scaled = [_scaled(value) for value in values]
    found = [x for x in scaled if x is not None]
    if len(found) < len(scaled) or e.args.get("this") is not None:
        return None
    places = max(x.places for x in found)
    wholes = [x.at(places) for x in found]
    conditions = [_rewritten(branch.this.copy()) for branch in e.args["ifs"]]
    ifs = [exp.If(this=c, true=w) for c, w in zip(conditions, wholes, strict=False)]
    last = wholes[-1] if default is not None else None
    return _few_places(
        _Scaled(exp.Case(ifs=ifs, default=last), places, any(x.decimal for x in found))
    )


def _makes_decimal(e: Expression) -> bool:
    return isinstance(e, exp.Cast) and bool(e.args["to"].is_type(exp.DType.DECIMAL))


def _of_cast(e: Expression) -> _Scaled:
    """Returns a number cast to a decimal, as an integer with its digits after the point.

    Halves are rounded away from zero.
    """
    value, places = e.this, _places_of_type(e.args["to"])
    scaled = _scaled(value)
    if places > MOST_PLACES:
        raise Unsupported(f"a decimal of more than {MOST_PLACES} places", in_sql(e))
    if scaled is None and value.is_type(exp.DType.DOUBLE):
        tens = exp.Literal.number(f"{10**places}e0")
        product = exp.Mul(this=exp.paren(_rewritten(value.copy())), expression=tens)
        rounded = exp.Round(this=product if places else product.this)
        return _Scaled(exp.Cast(this=rounded, to=exp.DataType.build("BIGINT")), places, True)
    if scaled is None and _is_decimal(value):
        raise Unsupported(DECIMAL, in_sql(value))
    if scaled is None:
        raise Unsupported("a cast to a decimal of anything but a number", in_sql(e))
    if scaled.places <= places:
        return _Scaled(scaled.whole, scaled.places, True)
    rounded = exp.Round(this=_over(scaled.whole.copy(), scaled.places - places))
    return _Scaled(exp.Cast(this=rounded, to=exp.DataType.build("BIGINT")), places, True)


def _places_of_type(kind: Expression) -> int:
    """Returns the digits after the point: of ``DECIMAL(7, 2)`` 2, of ``DECIMAL`` 3."""
    digits = [int(each.name) for each in kind.expressions]
    return 3 if not digits else digits[1] if len(digits) > 1 else 0


def _few_places(scaled: _Scaled) -> _Scaled | None:
    if scaled.places > MOST_PLACES:
        raise Unsupported(f"a decimal of more than {MOST_PLACES} places", in_sql(scaled.whole))
    return scaled


def _constant(e: Expression) -> int | None:
    if isinstance(e, (exp.Neg, exp.Paren)):
        inner = _constant(e.this)
        return -inner if inner is not None and isinstance(e, exp.Neg) else inner
    return int(e.name) if isinstance(e, exp.Literal) and e.is_int else None


def _number(value: int) -> Expression:
    literal: Expression = exp.Literal.number(abs(value))
    return exp.Neg(this=literal) if value < 0 else literal


def _times(e: Expression, factor: int) -> Expression:
    """Returns an integer expression times ``factor``."""
    if factor == 1 or isinstance(e, exp.Null):
        return e
    if (value := _constant(e)) is not None:
        return _number(value * factor)
    if isinstance(e, exp.Mul) and (own := _constant(e.expression)) is not None:
        return _times(e.this.copy(), own * factor)
    product = exp.Mul(this=e, expression=_number(factor))
    product.meta[_SCALED] = True
    return product


def is_scaled(product: Expression) -> bool:
    """True if a product stands for a decimal: an integer times a power of ten.

    It may exceed 64 bits where DuckDB's decimal does not.
    """
    return bool(product.meta.get(_SCALED))


def _over(whole: Expression, places: int) -> Expression:
    """Returns the division that gives the decimal ``whole / 10**places`` as a float."""
    divisor = 10**places
    if isinstance(whole, exp.Mul) and (own := _constant(whole.expression)) is not None:
        common = math.gcd(own, divisor)
        if common > 1 and divisor > common:
            whole, divisor = _times(whole.this.copy(), own // common), divisor // common
    quotient = exp.Div(this=whole, expression=exp.Literal.number(divisor))
    quotient.type = exp.DataType.build("DECIMAL")
    quotient.meta[_PLACES] = places
    return quotient


def places_of(quotient: Expression) -> int | None:
    """Returns the digits after the point of the decimal that a division stands for.

    None if it stands for no decimal.
    """
    places: int | None = quotient.meta.get(_PLACES)
    return places


def _float(scaled: _Scaled) -> Expression:
    if not scaled.places:
        return exp.Cast(this=scaled.whole.copy(), to=exp.DataType.build("DOUBLE"))
    return _over(scaled.whole.copy(), scaled.places)


# ---------------------------------------------------------------------- what steps at a value


def _comparison(e: Expression) -> Expression | None:
    """Rewrites a comparison of decimals, or with constants beyond 64 bits, to one of integers.

    Returns None for other comparisons.
    """
    if not any(map(_needs_whole_numbers, (e.this, e.expression))):
        return None
    left, right = _scaled(e.this), _scaled(e.expression)
    for side, scaled in ((e.this, left), (e.expression, right)):
        if scaled is None:
            _refuse_inexact(side)
    if left is None or right is None:
        return None
    if left.value is not None and right.value is None:
        turned = _TURNED.get(type(e), type(e))
        return _comparison(turned(this=e.expression.copy(), expression=e.this.copy()))
    bound = right.value
    if bound is not None and left.value is None:
        beyond = not _LEAST <= bound <= _GREATEST
        return (
            _compared_to_bound(e, left, bound) if left.decimal or right.decimal or beyond else None
        )
    if not (left.decimal or right.decimal):
        return None
    places = max(left.places, right.places)
    return type(e)(this=left.at(places), expression=right.at(places))


def _compared_to_bound(e: Expression, left: _Scaled, bound: Fraction) -> Expression:
    """Rewrites ``whole / 10**places <= bound`` to ``whole <= floor(bound * 10**places)``.

    Other comparisons of a decimal with a constant alike; ``left`` is the decimal.
    """
    whole, bound = left.whole.copy(), bound * 10**left.places
    while isinstance(whole, exp.Mul) and (_constant(whole.expression) or 0) > 0:
        whole, bound = whole.this.copy(), bound / (_constant(whole.expression) or 1)
    kind = type(e)
    if bound.denominator == 1 and _LEAST <= bound <= _GREATEST:
        return kind(this=whole, expression=_number(int(bound)))
    if kind in (exp.EQ, exp.NEQ):
        there = exp.Not(this=exp.Is(this=whole, expression=exp.null()))
        return exp.Case(ifs=[exp.If(this=there, true=exp.convert(kind is exp.NEQ))])
    above = kind in (exp.GT, exp.GTE)
    if bound > _GREATEST:
        return (exp.GT if above else exp.LTE)(this=whole, expression=_number(_GREATEST))
    if bound < _LEAST:
        return (exp.GTE if above else exp.LT)(this=whole, expression=_number(_LEAST))
    return (exp.GT if above else exp.LTE)(this=whole, expression=_number(math.floor(bound)))


def _needs_whole_numbers(e: Expression) -> bool:
    """True if an operand is a decimal, or an integer beyond 64 bits."""
    value = _constant(e)
    return _is_decimal(e) or (value is not None and not _LEAST <= value <= _GREATEST)


def _between(e: Expression) -> Expression | None:
    if not any(map(_needs_whole_numbers, (e.this, e.args["low"], e.args["high"]))):
        return None
    low = exp.GTE(this=e.this.copy(), expression=e.args["low"].copy())
    high = exp.LTE(this=e.this.copy(), expression=e.args["high"].copy())
    if all(x is None for x in (_comparison(low), _comparison(high))):
        return None
    return exp.and_(*(_rewritten(side) for side in (low, high)), wrap=False)


def _in(e: Expression) -> Expression | None:
    if not any(map(_needs_whole_numbers, (e.this, *e.expressions))):
        return None
    parts: list[Expression] = [
        exp.EQ(this=e.this.copy(), expression=x.copy()) for x in e.expressions
    ]
    found = [_comparison(part) for part in parts]
    if all(x is None for x in found):
        return None
    return exp.or_(*(x or part for x, part in zip(found, parts, strict=True)), wrap=False)


def _rounded(e: Expression) -> Expression | None:
    """Rewrites ROUND, FLOOR and CEIL of a decimal; to 0 places DuckDB's result is an integer.

    Returns None if the operand is no decimal.
    """
    if not _is_decimal(e.this):
        return None
    places, scaled = e.args.get("decimals"), _scaled(e.this)
    digits = 0 if places is None else _constant(places)
    if scaled is None:
        if digits != 0:
            raise Unsupported("rounding of decimals whose last bit matters", in_sql(e))
        _refuse_inexact(e.this)
        return exp.Cast(this=e, to=exp.DataType.build("BIGINT"))
    if digits is None:
        raise Unsupported("a decimal that is rounded to a computed place", in_sql(e))
    if scaled.places <= digits:
        if not digits:
            return scaled.whole.copy()
        return _float(scaled) if scaled.places else _rewritten(e.this)
    step = type(e)(this=_over(scaled.whole.copy(), scaled.places - max(digits, 0)))
    if digits > 0:
        return _over(step, digits)
    if digits < 0:
        step.set("decimals", places)
    return exp.Cast(this=step, to=exp.DataType.build("BIGINT"))


def _cast(e: Expression) -> Expression | None:
    """Rewrites a cast from or to a decimal; to an integer it rounds half away from zero.

    Returns None for other casts.
    """
    if e.args["to"].is_type(exp.DType.FLOAT) and not e.meta.get(_SHOWN):
        raise Unsupported("a float of 32 bits in a computation; cast it to double", in_sql(e))
    if _makes_decimal(e):
        cast = _of_cast(e)
        return _float(cast) if _places_of_type(e.args["to"]) else cast.whole
    if not _is_decimal(e.this):
        return None
    if e.args["to"].is_type(*exp.DataType.TEXT_TYPES):
        raise Unsupported("a decimal as a text", in_sql(e))
    scaled = _scaled(e.this)
    if scaled is None or not e.args["to"].is_type(*_WHOLE):
        return None
    if not scaled.places:
        return _rewritten(type(e)(this=scaled.whole.copy(), to=e.args["to"]))
    return type(e)(this=exp.Round(this=_float(scaled)), to=e.args["to"])


def _mean(e: Expression) -> Expression | None:
    """Rewrites a mean of decimals to their sum as integers over their count, which rounds once.

    Returns None for other expressions, and for a mean that is only shown.
    """
    mean = e.this if isinstance(e, exp.Filter) else e
    if not isinstance(mean, exp.Avg) or mean.meta.get(_SHOWN) or isinstance(e.parent, _AROUND):
        return None
    distinct = isinstance(mean.this, exp.Distinct)
    scaled = _scaled(mean.this.expressions[0] if distinct else mean.this)
    if scaled is None or not scaled.decimal:
        return None

    def over(kind: type[Expression]) -> Expression:
        value = scaled.whole.copy()
        found = kind(this=exp.Distinct(expressions=[value]) if distinct else value)
        if e is mean:
            return found
        return exp.Filter(this=found, expression=_rewritten(e.expression.copy()))

    number = _times(over(exp.Count), 10**scaled.places)
    return exp.Div(this=over(exp.Sum), expression=exp.Nullif(this=number, expression=_number(0)))


def _quantile(e: Expression) -> None:
    """Raises Unsupported for a quantile of decimals that may lie between two of them.

    DuckDB's result is then a decimal, too, with the further digits cut off.
    """
    if _is_decimal(e.this) and not isinstance(e.parent, exp.WithinGroup):
        raise Unsupported("a quantile of decimals, which DuckDB cuts off", in_sql(e))


def _window(e: exp.Window) -> None:
    """Raises Unsupported for a frame of values whose key is a decimal: as a float it is not exact.

    1.1 - 1 is more than 0.1 in floats.
    """
    spec, order = e.args.get("spec"), e.args.get("order")
    if spec is None or order is None or spec.args["kind"].upper() != "RANGE":
        return
    distances = any(isinstance(spec.args.get(end), exp.Expr) for end in ("start", "end"))
    if distances and any(_is_decimal(key.this) for key in order.expressions):
        raise Unsupported("a frame of values of decimals", in_sql(e))


def _refuse_inexact(*operands: Expression) -> None:
    """Raises Unsupported for decimal arithmetic, or window sums, that would be done in floats."""
    for e in operands:
        if isinstance(e, (*_ARITHMETIC, exp.Window)) and _is_decimal(e) and not e.meta.get(_KEY):
            raise Unsupported("arithmetic of decimals whose last bit matters", in_sql(e))


def _refuse_division(e: Expression) -> None:
    if any(map(_is_decimal, (e.this, e.expression))):
        raise Unsupported("// of decimals, which DuckDB does not round", in_sql(e))


_AROUND = (exp.Window, exp.Filter, exp.WithinGroup)
"""Expressions that an aggregate may be an operand of and still be one aggregate."""
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Mod, exp.Sum)
_SHOWING = (
    *(exp.Add, exp.Sub, exp.Mul, exp.Sum, exp.Avg, exp.Div, exp.Paren, exp.Cast, exp.Window),
)
"""Expressions whose operands are only shown if they are. A remainder, or a cast to a decimal, is
not: it has steps."""


_RULES: dict[type[Expression], Callable[[Any], Expression | None]] = {
    **dict.fromkeys(COMPARISONS, _comparison),
    exp.Between: _between,
    exp.In: _in,
    exp.Round: _rounded,
    exp.Floor: _rounded,
    exp.Ceil: _rounded,
    exp.Avg: _mean,
    exp.Filter: _mean,
    exp.Median: _quantile,
    exp.PercentileCont: _quantile,
    exp.Window: _window,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.IntDiv: _refuse_division,
}
