"""Conditions with tests for NULL have SQL's values in libraries of each logic."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import pytest
from sqlglot import exp, parse_one

from harness.plan.facts.typed import Expression
from harness.plan.facts.typing import Inference
from harness.plan.guards.truth import (
    TESTS,
    All,
    Conditions,
    Logic,
    Missing,
    NullAsFalse,
    NullWhere,
    Opposite,
    Place,
    Plain,
    Present,
    Some,
    TrueOrFalse,
    Truth,
)
from harness.types import Column, Type

SCHEMA = (
    Column("a", Type.INT64, nullable=True),
    Column("b", Type.INT64, nullable=True),
    Column("c", Type.INT64, nullable=False),
    Column("s", Type.STRING, nullable=True),
    Column("t", Type.BOOLEAN, nullable=True),
)
VALUES: tuple[tuple[object, ...], ...] = (
    (None, 1, 2),
    (None, 1, 3),
    (1, 2),
    (None, "x", "y"),
    (None, True, False),
)
ROWS = [dict(zip((c.name for c in SCHEMA), row, strict=True)) for row in itertools.product(*VALUES)]
CONDITIONS = (
    "a <> 1",
    "not a <> b",
    "a = c or s <> 'x'",
    "not (a = 1 and s = 'x')",
    "not (a = 1 or not s in ('x'))",
    "not not (t and a > 1)",
    "s in ('x') or t",
    "not s in ('x') and not a in (1, 2)",
    "not c in (1)",
    "a between b and c",
    "not a between b and 2 or s is null",
    "not (s is not null and not t)",
    "(a <> 1 or s = 'y') and (t or not s <> 'x')",
)
ALL_TYPES, NUMBERS = frozenset(Type), frozenset({Type.INT64, Type.BOOLEAN})
LOGICS = [
    Logic(tests, unequal, propagating, ALL_TYPES if maybe is None else maybe, kleene)
    for tests in ((), (*TESTS, exp.Between))
    for unequal in ((), (exp.NEQ,))
    for propagating, maybe in ((ALL_TYPES, None), (NUMBERS, NUMBERS), (NUMBERS, None))
    for kleene in (True, False)
    if tests or not unequal  # what is False of NULL in comparisons is so in tests
]
Row = Mapping[str, object]
Bool = bool | None


class Library:
    """Computes a condition (``Truth``) for a row, as a library with this logic does."""

    def __init__(self, logic: Logic) -> None:
        self.logic, self.types = logic, Inference(SCHEMA)

    def computed(self, truth: Truth, row: Row) -> Bool:
        match truth:
            case Plain(e):
                return self._test(e, row)
            case All(parts):
                return self._joined([self.computed(p, row) for p in parts], decisive=False)
            case Some(parts):
                return self._joined([self.computed(p, row) for p in parts], decisive=True)
            case Opposite(part):
                value = self.computed(part, row)
                return None if value is None else not value
            case Missing(e):
                return evaluated(e, row) is None
            case Present(e):
                return evaluated(e, row) is not None
            case NullWhere(part, missing):
                lacking = any(evaluated(e, row) is None for e in missing)
                return None if lacking else self.computed(part, row)
            case NullAsFalse(part):
                return self.computed(part, row) or False
            case TrueOrFalse(true, false):
                values = self.computed(true, row), self.computed(false, row)
                assert None not in values
                return values[0] if any(values) else None

    def _joined(self, values: list[Bool], decisive: bool) -> Bool:
        return three_valued(values, decisive) if self.logic.kleene or None not in values else None

    def _test(self, e: Expression, row: Row) -> Bool:
        operands = [] if isinstance(e, exp.Column) else list(e.iter_expressions())
        lacking = [x for x in operands if evaluated(x, row) is None]
        if lacking and isinstance(e, self.logic.false_of_null):
            return False
        if all(self.types.of(x).type in self.logic.null_of_null for x in lacking):
            return evaluated(e, row)
        return isinstance(e, self.logic.true_of_null)


def condition(sql: str) -> Expression:
    return parse_one(sql).transform(lambda part: part.unnest())


def three_valued(values: list[Bool], decisive: bool) -> Bool:
    """Returns SQL's AND of values (``decisive`` is False) or their OR (True); None is NULL."""
    if decisive in values:
        return decisive
    return None if None in values else not decisive


def evaluated(e: Expression, row: Row) -> Bool:
    """Returns an expression's value for a row in SQL's three-valued logic; None is NULL."""
    match e:
        case exp.Column():
            return row[e.name]  # type: ignore[return-value]
        case exp.Literal():
            return e.this if e.is_string else int(e.this)  # type: ignore[return-value]
        case exp.And() | exp.Or():
            values = [evaluated(side, row) for side in (e.this, e.expression)]
            return three_valued(values, isinstance(e, exp.Or))
        case exp.Is():
            return evaluated(e.this, row) is None
        case exp.Not():
            value = evaluated(e.this, row)
            return None if value is None else not value
        case exp.Between():
            low = exp.GTE(this=e.this.copy(), expression=e.args["low"].copy())
            high = exp.LTE(this=e.this.copy(), expression=e.args["high"].copy())
            return evaluated(exp.And(this=low, expression=high), row)
    values = [evaluated(x, row) for x in e.iter_expressions()]
    return None if None in values else compared(e, values)


def compared(e: Expression, values: list[Bool]) -> bool:
    left, *others = values
    match e:
        case exp.In():
            return left in others
        case exp.EQ():
            return left == others[0]
        case exp.NEQ():
            return left != others[0]
        case exp.GT() | exp.GTE() | exp.LTE():
            more = left > others[0]  # type: ignore[operator]
            equal = left == others[0]
            return (
                not more if isinstance(e, exp.LTE) else more or (equal and isinstance(e, exp.GTE))
            )
    raise NotImplementedError(type(e))


@pytest.mark.parametrize("sql", CONDITIONS)
def test_each_place_has_sqls_value_in_every_logic(sql: str) -> None:
    e = condition(sql)
    for logic in LOGICS:
        library, conditions = Library(logic), Conditions(logic, SCHEMA, Inference(SCHEMA))
        trees = {place: conditions.explicit(e, place) for place in Place}
        for row in ROWS:
            right = evaluated(e, row)
            found = {place: library.computed(tree, row) for place, tree in trees.items()}
            assert found[Place.VALUE] is right, (logic, row, trees[Place.VALUE])
            assert found[Place.CHOICE] is (right is True), (logic, row, trees[Place.CHOICE])
            assert bool(found[Place.FILTER]) is (right is True), (logic, row, trees[Place.FILTER])


def test_sqls_own_logic_needs_no_tests() -> None:
    e = condition("not (a <> b and s in ('x') or t)")
    tree = Conditions(Logic(), SCHEMA, Inference(SCHEMA)).explicit(e, Place.VALUE)
    assert tree == Opposite(
        Some((All((Plain(e.find(exp.NEQ)), Plain(e.find(exp.In)))), Plain(exp.column("t"))))
    )
