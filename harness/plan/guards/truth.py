"""Turns a condition into a tree with every test for NULL that a library needs to answer as SQL.

SQL's conditions are true, false or NULL. Libraries differ: ``NULL != 1`` is True in pandas,
``isin`` is False for NULL, and cuDF's ``&`` is NULL if a side is. A library declares its
:class:`Logic`, from which the tests for NULL follow; emitters print the trees.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from sqlglot import exp

from harness.plan.facts.kinds import COMPARISONS
from harness.plan.facts.nan import greater_by_nan
from harness.plan.facts.typed import Expression
from harness.plan.facts.typing import Inference
from harness.types import Schema, Type

TESTS = (
    exp.In, exp.Like, exp.ILike, exp.RegexpLike, exp.StartsWith, exp.EndsWith, exp.Contains,
)  # fmt: skip
"""Conditions of one value and constants."""
CONDITIONS = (*TESTS, *COMPARISONS, exp.Between, exp.And, exp.Or, exp.Not, exp.Is)
"""Kinds that become trees; a boolean of another kind is a leaf."""


@dataclass(frozen=True)
class Logic:
    """What a library's conditions give for NULL and NaN; the defaults are those of SQL."""

    false_of_null: tuple[type[Expression], ...] = ()
    """Kinds of tests that may be False for NULL."""
    true_of_null: tuple[type[Expression], ...] = ()
    """Kinds of comparisons that may be True for NULL."""
    null_of_null: frozenset[Type] = frozenset(Type)
    """Types whose comparisons with NULL are NULL; those of other types may be True or False."""
    maybe_null: frozenset[Type] = frozenset(Type)
    """Types whose comparisons and tests may be NULL."""
    kleene: bool = True
    """True if ``&`` and ``|`` are NULL only where AND and OR are, False if wherever a side is."""
    nan_is_greatest: bool = True
    """True if NaN is greater than all other numbers, as in SQL; False as in IEEE 754."""
    nan_is_null: bool = False
    """True if NULLs of floats are NaN, so that a NaN among them is one."""


class Place(Enum):
    """What a condition's result is used for, which decides whether it may be NULL.

    It filters rows, is a value itself, or chooses between values.
    """

    FILTER = auto()  # keeps rows for which it is true: NULL may stand for False
    VALUE = auto()  # is true, false or NULL
    CHOICE = auto()  # is True or False, never NULL


@dataclass(frozen=True)
class Plain:
    """Leaf of a condition's tree: a condition as the library computes it, or a boolean value."""

    e: Expression


@dataclass(frozen=True)
class All:
    """Node of a condition's tree: AND of its parts."""

    parts: tuple[Truth, ...]


@dataclass(frozen=True)
class Some:
    """Node of a condition's tree: OR of its parts."""

    parts: tuple[Truth, ...]


@dataclass(frozen=True)
class Opposite:
    """Node of a condition's tree: NOT of its part."""

    part: Truth


@dataclass(frozen=True)
class Missing:
    """Leaf of a condition's tree: the test ``e IS NULL``."""

    e: Expression


@dataclass(frozen=True)
class Present:
    """Leaf of a condition's tree: the test ``e IS NOT NULL``."""

    e: Expression


@dataclass(frozen=True)
class NullWhere:
    """Node of a condition's tree: its part, but NULL where a value in ``missing`` is NULL."""

    part: Truth
    missing: tuple[Expression, ...]


@dataclass(frozen=True)
class NullAsFalse:
    """Node of a condition's tree: its part, but False where the part is NULL."""

    part: Truth


@dataclass(frozen=True)
class TrueOrFalse:
    """Node of a condition's tree: True if ``true`` holds, False if ``false`` does, else NULL.

    Neither ``true`` nor ``false`` is ever NULL.
    """

    true: Truth
    false: Truth


Truth = Plain | All | Some | Opposite | Missing | Present | NullWhere | NullAsFalse | TrueOrFalse


class Conditions:
    """Makes trees of conditions over columns of ``schema`` for a library with this logic."""

    def __init__(self, logic: Logic, schema: Schema, types: Inference) -> None:
        self.logic, self.schema, self.types = logic, schema, types

    def explicit(self, e: Expression, place: Place) -> Truth:
        """Returns the tree of a condition or boolean value, with the tests for NULL it needs.

        ``place`` says what its result is used for.
        """
        if place is Place.VALUE:
            return self._value(e)
        return self._choice(e) if place is Place.CHOICE else self._kept(e)

    def _nullable(self, e: Expression) -> bool:
        return self.types.of(e).nullable

    def _type(self, e: Expression) -> Type | None:
        return self.types.of(e).type

    def _kept(self, e: Expression) -> Truth:
        """Returns a tree that is True if a condition is true, else False or NULL."""
        if isinstance(e, (exp.And, exp.Or)):
            hides = isinstance(e, exp.Or) and not self.logic.kleene  # the truth of another side
            return _joined(e, self._choice if hides else self._kept)
        if isinstance(e, exp.Not):
            return self._opposite(e.this)
        if isinstance(e, exp.Is):
            return Missing(e.this)
        if (other := self._beside_nan(e)) is not e:
            return self._kept(other)
        if isinstance(e, self.logic.true_of_null):
            types = self.logic.null_of_null
            return self._known(Plain(e), [x for x in _operands(e) if self._type(x) not in types])
        return Plain(e)

    def _opposite(self, e: Expression) -> Truth:
        """Returns a tree that is True if a condition is false, else False or NULL."""
        e = self._halved(e)
        if isinstance(e, exp.Is):
            return Present(e.this)
        if isinstance(e, self.logic.false_of_null):
            return self._known(Opposite(Plain(e)), [e.this])
        if not self.logic.kleene and isinstance(e, exp.Not):
            return self._kept(e.this)
        if not self.logic.kleene and isinstance(e, (exp.And, exp.Or)) and self._nullable(e):
            return self._by_de_morgan(e)
        return Opposite(self._value(e))

    def _by_de_morgan(self, e: Expression) -> Truth:
        """Returns the tree of NOT of an AND or OR: OR or AND of the operands' opposites.

        It negates no result of the library's ``&`` or ``|``, which may be NULL.
        """
        if isinstance(e, exp.Or):
            return All(tuple(map(self._opposite, e.flatten())))
        return Some(tuple(self._without_null(self._opposite(x), x) for x in e.flatten()))

    def _value(self, e: Expression) -> Truth:
        """Returns a tree that is true, false or NULL as a condition is."""
        if not isinstance(e, CONDITIONS) or not self._nullable(e):
            return self._kept(e)
        e = self._halved(self._beside_nan(e))
        if isinstance(e, exp.Not):
            return Opposite(self._value(e.this))
        if not isinstance(e, (exp.And, exp.Or)):
            return self._three_valued(e)
        if self.logic.kleene:
            return _joined(e, self._value)
        return TrueOrFalse(self._choice(e), self._without_null(self._opposite(e), e))

    def _three_valued(self, e: Expression) -> Truth:
        """Returns the tree of a comparison or test, which is NULL if an operand is NULL."""
        lacking = tuple(x for x in _operands(e) if self._nullable(x))
        propagates = all(self._type(x) in self.logic.null_of_null for x in lacking)
        if isinstance(e, self.logic.false_of_null) or not propagates:
            return NullWhere(Plain(e), lacking)
        return Plain(e)

    def _choice(self, e: Expression) -> Truth:
        """Returns a tree that is True if a condition is true, else False."""
        return self._without_null(self._kept(e), e)

    def _without_null(self, tree: Truth, e: Expression) -> Truth:
        """Returns ``tree``, the tree of ``e`` or of its opposite, with False instead of NULL."""
        return NullAsFalse(tree) if self._nullable(e) and self._may_be_null(tree) else tree

    def _may_be_null(self, tree: Truth) -> bool:
        match tree:
            case Plain(e):
                typed = map(self.types.of, _operands(e))
                return any(t.nullable and t.type in self.logic.maybe_null for t in typed)
            case All(parts) | Some(parts):
                return any(map(self._may_be_null, parts))
            case Opposite(part):
                return self._may_be_null(part)
        return isinstance(tree, (NullWhere, TrueOrFalse))

    def _known(self, tree: Truth, operands: Sequence[Expression]) -> Truth:
        """Adds to a condition's tree, by AND, the tests that its operands are not NULL."""
        lacking = [Present(x) for x in operands if self._nullable(x)]
        return All((tree, *lacking)) if lacking else tree

    def _halved(self, e: Expression) -> Expression:
        """Splits BETWEEN into two comparisons, if the library's BETWEEN may be False for NULL.

        BETWEEN is false if one of the comparisons is false, even if the other is NULL.
        """
        split = isinstance(e, exp.Between) and isinstance(e, self.logic.false_of_null)
        if not split or not self._nullable(e):
            return e
        low = exp.GTE(this=e.this, expression=e.args["low"])
        high = exp.LTE(this=e.this, expression=e.args["high"])
        return exp.And(this=low, expression=high)

    def _beside_nan(self, e: Expression) -> Expression:
        """Rewrites a comparison if an operand may be NaN, which the library orders unlike SQL."""
        if self.logic.nan_is_greatest or not isinstance(e, COMPARISONS):
            return e
        if self.logic.nan_is_null and self._nullable(e):
            return e
        return greater_by_nan(e, self.schema)


def _joined(e: Expression, side: Callable[[Expression], Truth]) -> Truth:
    """Returns the tree of an AND or OR; ``side`` returns the trees of its operands."""
    parts = tuple(map(side, e.flatten()))
    return All(parts) if isinstance(e, exp.And) else Some(parts)


def _operands(e: Expression) -> list[Expression]:
    """Returns the operands of a comparison or test; a boolean value is its own operand."""
    if isinstance(e, COMPARISONS):
        return [e.this, e.expression]
    if isinstance(e, exp.Between):
        return [e.this, e.args["low"], e.args["high"]]
    return [e.this] if isinstance(e, TESTS) else [e]
