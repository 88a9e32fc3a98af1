"""Casts as DuckDB makes them -> casts that libraries have."""

from __future__ import annotations

from sqlglot import exp

from harness.plan.facts.typed import Expression

_NARROW = {
    exp.DType.TINYINT: 8,
    exp.DType.SMALLINT: 16,
    exp.DType.INT: 32,
}
"""Types of whole numbers -> their bits; here all of them have 64."""


def plain_casts(tree: Expression) -> None:
    """Changes the tree, whose types are known: casts that may fail where none is asked for."""
    for choice in tree.find_all(exp.Case, exp.Coalesce):
        for part in _perhaps(choice):
            _forgiving(part)
    for cast in list(tree.find_all(exp.TryCast)):
        _within_range(cast)


def _perhaps(choice: Expression) -> list[Expression]:
    """What is computed only where another part says so; libraries compute it of every row."""
    if isinstance(choice, exp.Coalesce):
        return list(choice.expressions)
    values = [branch.args["true"] for branch in choice.args["ifs"]]
    later = [branch.this for branch in choice.args["ifs"][1:]]
    default = choice.args.get("default")
    return [*values, *later, *([] if default is None else [default])]


def _forgiving(part: Expression) -> None:
    """Casts of texts that give NULL where they fail: the row's value is another one."""
    for cast in list(part.find_all(exp.Cast)):
        of_text = cast.this.is_type(*exp.DataType.TEXT_TYPES)
        if of_text and type(cast) is exp.Cast and not isinstance(cast.this, exp.Literal):
            cast.replace(exp.TryCast(this=cast.this, to=cast.args["to"], safe=True))


def _within_range(cast: exp.TryCast) -> None:
    """``try_cast(x as tinyint)``: NULL beyond what that type holds.

    The half of a float rounds to the even, and that of a decimal away from zero.
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
    """A number with a point, which is a decimal without an exponent."""
    literal = exp.Literal.number(f"{abs(value)!r}{exponent}")
    return exp.Neg(this=literal) if value < 0 else literal
