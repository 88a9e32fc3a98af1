"""Replaces expressions without columns by the constants that DuckDB computes for them."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from sqlglot import exp

from harness.plan.facts.kinds import COMPARISONS, TIMESTAMPS
from harness.plan.facts.typed import Expression
from harness.plan.sql import bound
from harness.plan.sql.dialect import Written
from harness.plan.sql.read import read_arguments
from harness.special import EXACT

MOST_CHARACTERS = 1000
"""The longest text that is written into the query in place of its computation."""
_COMPUTED = (exp.Binary, exp.Unary, exp.Func, exp.Predicate, exp.ByteString)
_OF_ROWS = (
    *(exp.Column, exp.Star, exp.Query, exp.Window, exp.AggFunc, exp.RowNumber, exp.Unnest),
    *(exp.Columns, exp.Lambda, exp.Placeholder, exp.Tuple, exp.Array, exp.Struct, exp.Map),
)
"""Expressions that differ from row to row, or are not a single value of a column."""
_SIDES = (*COMPARISONS, exp.Between, exp.In, exp.Coalesce, exp.Greatest, exp.Least)
"""Expressions whose operands all have one type."""
_BESIDE = {
    **dict.fromkeys(exp.DataType.INTEGER_TYPES, "BIGINT"),
    **dict.fromkeys(exp.DataType.FLOAT_TYPES, "DOUBLE"),
    exp.DType.DATE: "DATE",
    **dict.fromkeys(TIMESTAMPS, "TIMESTAMP"),
}
_WIDER = {frozenset({"BIGINT", "DOUBLE"}): "DOUBLE", frozenset({"DATE", "TIMESTAMP"}): "TIMESTAMP"}


def computed(tree: Any) -> Any:
    """Returns the tree with every expression without columns replaced by DuckDB's value.

    From here on a literal with an exponent is a float, one with only a point a decimal.
    """
    parts = list(_computations(tree))
    for part, value in zip(parts, _values(parts), strict=True):
        if value is not None and part is tree:
            return value
        if value is not None:
            part.replace(value)
    return tree


def written(tree: Expression) -> None:
    """Changes the tree in place: CONCAT's constants become casts to text, for DuckDB to write.

    NULL, which CONCAT skips, is left out.
    """
    for concat in tree.find_all(exp.Concat):
        parts = [part for part in concat.expressions if not isinstance(part, exp.Null)]
        concat.set("expressions", parts or concat.expressions)
        for part in parts:
            if not part.is_string and part.find(*_OF_ROWS) is None:
                part.replace(exp.cast(part.copy(), "TEXT"))


def of_unread(tree: Expression) -> None:
    """Changes the tree in place: calls of functions unknown to the plan become their values.

    That is done where the arguments are constants, as in ``chr(10)``. Calls in GROUP BY and ORDER
    BY are left, where a number would be a position in the SELECT list.
    """
    parts = [part for part in _computations(tree) if not (_is_read(part) or _is_placed(part))]
    for part, value in zip(parts, _values(parts), strict=True):
        if value is not None:
            part.replace(value)


def _is_read(e: Expression) -> bool:
    """True if the plan layer knows the classes of an expression and of all its parts."""
    return all(type(part).__name__ in read_arguments() for part in e.walk())


def _is_placed(e: Expression) -> bool:
    """True for a key of GROUP BY or ORDER BY, or a part of one."""
    return isinstance(e.find_ancestor(exp.Group, exp.Order, exp.Query), (exp.Group, exp.Order))


def _computations(e: Expression) -> Iterator[Expression]:
    """Yields the largest expressions that are computed from constants only.

    A constant with a collation is more than its value: ``s = 'X' collate nocase``. So is an operand
    of ``//`` with a type: of decimals it does not round.
    """
    if isinstance(e.parent, exp.IntDiv) and e.find(exp.Cast) and not e.find(exp.Column):
        return
    branch = isinstance(e, exp.If) and isinstance(e.parent, exp.Case)
    others = (exp.Collate, *_OF_ROWS)
    if isinstance(e, _COMPUTED) and not branch and not _is_plain(e) and not e.find(*others):
        yield e
        return
    for child in e.iter_expressions():
        yield from _computations(child)


def _is_plain(e: Expression) -> bool:
    """True if an expression is a constant as it is written: ``-1`` is, ``1 + 1`` is not."""
    if isinstance(e, (exp.Neg, exp.Paren)):
        return _is_plain(e.this) and not isinstance(e.this, exp.Neg)
    return isinstance(e, (exp.Literal, exp.Boolean, exp.Null, exp.Interval))


def _values(expressions: Sequence[Expression]) -> list[Expression | None]:
    """Returns the literal of the value that DuckDB computes for each expression.

    None for one that DuckDB cannot compute, or whose type no literal of a plan has.
    """
    found = bound.constants([e.sql(Written, comments=False) for e in expressions])
    return [None if one is None else _as_literal(*one) for one in found]


def _as_literal(kind: str, value: object) -> Expression | None:
    """Returns a value of a DuckDB type as a literal.

    None if the plan has no literal for it, as for a list or infinity.
    """
    match value:
        case None:
            return _null(kind)
        case bool():
            return exp.convert(value)
        case int():
            return _number(str(abs(value)), value < 0)
        case Decimal() if value.is_finite():
            return _number(format(abs(value), "f"), value < 0)
        case float() if value - value == 0:  # neither infinite nor NaN
            text = repr(abs(value))
            return _number(text if "e" in text else f"{text}e0", str(value).startswith("-"))
        case str() if len(value) <= MOST_CHARACTERS:
            return exp.Literal.string(value)
        case datetime.datetime() if kind == "TIMESTAMP":
            return _cast(exp.Literal.string(value.isoformat(" ")), kind)
        case datetime.date() if kind == "DATE":
            return _cast(exp.Literal.string(value.isoformat()), kind)
    return None


def _number(text: str, negative: bool) -> Expression:
    number = exp.Literal.number(text)
    return exp.Neg(this=number) if negative else number


def _null(kind: str) -> Expression:
    return _cast(exp.null(), kind) if kind.isalpha() and kind != "NULL" else exp.null()


def _cast(e: Expression, kind: str) -> Expression:
    return exp.Cast(this=e, to=exp.DataType.build(kind, dialect="duckdb"))


def typed_nulls(tree: Expression) -> None:
    """Changes the tree in place: NULLs without a type in SELECT lists get one.

    That is the type of a UNION's other side, else BIGINT.
    """
    for union in reversed(list(tree.find_all(exp.SetOperation))):
        for pair in zip(union.this.selects, union.expression.selects, strict=False):
            items = [item.unalias() for item in pair]
            kinds = [e.type for e in items if not isinstance(e, exp.Null) and e.type]
            for e in items:
                if isinstance(e, exp.Null) and kinds:
                    e.replace(exp.Cast(this=exp.null(), to=kinds[0].copy()))
    for select in tree.find_all(exp.Select):
        for e in [item.unalias() for item in select.selects]:
            if isinstance(e, exp.Null):
                e.replace(_cast(exp.null(), "BIGINT"))


def _great_as_floats(operands: Iterable[Expression]) -> None:
    """Changes operands in place: integers beyond 2^53 become the nearest floats.

    DuckDB compares and computes integers beside floats so, too.
    """
    for operand in operands:
        literal = operand.this if isinstance(operand, exp.Neg) else operand
        if isinstance(literal, exp.Literal) and literal.is_int and int(literal.name) > EXACT:
            nearest = exp.Literal.number(f"{float(literal.name):.16e}")
            nearest.type = exp.DataType.build("DOUBLE")
            literal.replace(nearest)


def texts_beside_values(tree: Expression) -> None:
    """Changes the tree in place: texts beside typed values become constants of the type.

    They mean what DuckDB reads in them: ``day < '2020-1-31'`` -> ``day < date '2020-01-31'``
    """
    for node in list(tree.find_all(*_SIDES)):
        operands = [x for x in node.iter_expressions() if isinstance(x, Expression)]
        texts = [x for x in operands if isinstance(x, exp.Literal) and x.is_string]
        kinds = frozenset(
            _BESIDE[x.type.this] for x in operands if x.type and x.type.this in _BESIDE
        )
        kind = _WIDER.get(kinds) or next(iter(kinds), "")
        if kind == "DOUBLE":
            _great_as_floats(operands)
        if not texts or not kind or (len(kinds) > 1 and kinds not in _WIDER):
            continue
        read = _values([_cast(text.copy(), kind) for text in texts])
        for text, value in zip(texts, read, strict=True):
            if value is not None:
                value.type = exp.DataType.build(kind)
                text.replace(value)
