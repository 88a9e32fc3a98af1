"""Rewrites casts, as DuckDB makes them, to casts that libraries have."""

from __future__ import annotations

from sqlglot import exp

from harness.plan.facts.typed import Expression

_NARROW = {
    exp.DType.TINYINT: 8,
    exp.DType.SMALLINT: 16,
    exp.DType.INT: 32,
}
"""Integer type -> its bits; engines here have 64 for all."""

_WRITTEN = (
    *(*exp.DataType.FLOAT_TYPES, exp.DType.DECIMAL, exp.DType.BOOLEAN),
    *exp.DataType.TEMPORAL_TYPES,
)
"""Types whose values libraries write in several ways."""


def plain_casts(tree: Expression) -> None:
    """Changes the tree in place: casts that could only fail in unneeded rows give NULL there.

    SQL computes some parts of CASE and COALESCE for some rows only, libraries for all. Also makes
    TRY_CASTs to small integers NULL out of range, and casts what CONCAT takes for a text, and what
    SUM counts, for an integer. The tree's types must be known.
    """
    for total in tree.find_all(exp.Sum):
        value = total.this.expressions[0] if isinstance(total.this, exp.Distinct) else total.this
        if value.is_type(exp.DType.BOOLEAN):
            value.replace(exp.cast(value.copy(), "BIGINT"))
    for concat in tree.find_all(exp.Concat):
        for part in concat.expressions:
            if part.is_type(*_WRITTEN):
                part.replace(exp.cast(part.copy(), "TEXT"))
    for choice in tree.find_all(exp.Case, exp.Coalesce):
        for part in _conditional_parts(choice):
            _null_on_failure(part)
    for cast in list(tree.find_all(exp.TryCast)):
        _within_range(cast)


def _conditional_parts(choice: Expression) -> list[Expression]:
    """Returns the parts of a CASE or COALESCE that SQL computes only for some rows.

    They are all but the first WHEN's condition, or the first operand of COALESCE.
    """
    if isinstance(choice, exp.Coalesce):
        return list(choice.expressions)
    values = [branch.args["true"] for branch in choice.args["ifs"]]
    later = [branch.this for branch in choice.args["ifs"][1:]]
    default = choice.args.get("default")
    return [*values, *later, *([] if default is None else [default])]


def _null_on_failure(part: Expression) -> None:
    """Changes ``part`` in place: casts of texts become TRY_CASTs, which give NULL on failure."""
    for cast in list(part.find_all(exp.Cast)):
        of_text = cast.this.is_type(*exp.DataType.TEXT_TYPES)
        if of_text and type(cast) is exp.Cast and not isinstance(cast.this, exp.Literal):
            cast.replace(exp.TryCast(this=cast.this, to=cast.args["to"], safe=True))


def _within_range(cast: exp.TryCast) -> None:
    """Makes ``try_cast(x as tinyint)`` NULL for values that the type cannot hold.

    Values are rounded first: a float's half to even, a decimal's away from zero.
    """
    bits, value = _NARROW.get(cast.args["to"].this), cast.this
    if bits is None or isinstance(value, exp.Null):
        return
    least, most = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    wide, found = exp.DataType.build("BIGINT"), value
    if value.is_type(*exp.DataType.INTEGER_TYPES):
        found = value.copy()
        inside = exp.and_(value >= least, value.copy() <= most)
    elif value.is_type(*exp.DataType.FLOAT_TYPES):
        found = exp.Cast(this=value.copy(), to=wide)
        inside = exp.and_(value >= _float(least - 0.5), value.copy() < _float(most + 0.5))
    elif value.is_type(exp.DType.DECIMAL):
        found = exp.Cast(this=value.copy(), to=wide)
        inside = exp.and_(value > _point(least - 0.5), value.copy() < _point(most + 0.5))
    elif value.is_type(*exp.DataType.TEXT_TYPES):
        found = exp.TryCast(this=value.copy(), to=wide)
        inside = exp.and_(found.copy() >= least, found.copy() <= most)
    else:
        return
    case = exp.Case(ifs=[exp.If(this=inside, true=found)])
    case.type = exp.DataType.build("BIGINT")
    cast.replace(case)


def _float(value: float) -> Expression:
    return _point(value, "e0")


def _point(value: float, exponent: str = "") -> Expression:
    """Returns a number's literal with a point: a decimal, or a float if ``exponent`` is given.

    ``_point(1.5, "e0")`` = ``1.5e0``
    """
    literal = exp.Literal.number(f"{abs(value)!r}{exponent}")
    return exp.Neg(this=literal) if value < 0 else literal
