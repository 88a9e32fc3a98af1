"""The entries of FROM and the predicates of WHERE -> one joined and filtered relation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlglot import exp

from harness.errors import Unsupported
from harness.plan.facts.printing import in_sql
from harness.plan.lower.equalities import Equalities
from harness.plan.lower.predicates import implied_of_each
from harness.plan.lower.semi_joins import SemiJoin
from harness.plan.tree.nodes import (
    Comparison,
    Expression,
    Filter,
    JoinKind,
    conjunction,
    conjuncts,
)
from harness.plan.tree.relation import Relation, aliases_in, as_of, join
from harness.plan.tree.selective import narrowed, selective

KEEPING_RIGHT = ("RIGHT", "FULL")
"""The sides of joins that keep every row of their right input."""


_Remaining = tuple[Relation, list[Expression]]
_Waiting = dict[str, Relation]
_Pair = tuple[Expression, Expression]
"""The two sides of an equality, as the keys of a join."""


class Attachment(Protocol):
    """The relation of a subquery in a join's ON, to be joined to one of the join's sides."""

    @property
    def outer_aliases(self) -> frozenset[str]: ...

    def to(self, left: Relation) -> Relation: ...


@dataclass(frozen=True)
class Source:
    """An entry of FROM: its relation, and how it is joined to the entries before it.

    ``nearest`` is True for ASOF JOIN. ``attached`` holds the relations of the subqueries that were
    in ``condition``.
    """

    alias: str
    relation: Relation
    side: str = ""
    condition: Expression | None = None
    nearest: bool = False
    attached: Sequence[Attachment] = ()

    @property
    def alone(self) -> bool:
        """True for an outer join or ASOF JOIN, which joins to all entries before it, in place."""
        return bool(self.side) or self.nearest


def combine(
    sources: Sequence[Source], predicates: Sequence[Expression], semi_joins: Sequence[SemiJoin]
) -> Relation:
    """Joins the sources in FROM order, and applies each predicate as soon as its columns are there.

    A relation that no predicate connects yet waits until one does, so that there is no cross join
    that the query does not have. There is no cost-based reordering. No predicate of WHERE is
    applied before a RIGHT or FULL join, which turns columns of its left side to NULL.
    """
    left, todo, semis = None, list[Expression](), list[SemiJoin]()
    groups = list(_runs(sources))
    after_outer = max(
        (n for n, group in enumerate(groups, 1) if group[0].side in KEEPING_RIGHT), default=0
    )
    for place, group in enumerate(groups):
        if place == after_outer:
            todo, semis = [*todo, *predicates], list(semi_joins)
        if group[0].alone:
            assert left is not None
            left, todo = _outer(left, group[0], todo)
        else:
            todo += [part for source in group for part in conjuncts(source.condition)]
            alone = len(group) == len(sources)
            left, todo, semis = _inner(left, group, todo, semis, push=alone)
    assert left is not None
    if after_outer == len(groups):
        todo, semis = [*todo, *predicates], list(semi_joins)
    left = left.where(todo)
    for semi in semis:
        left = semi.apply(left)
    return left


def combine_as_written(
    sources: Sequence[Source], predicates: Sequence[Expression], semi_joins: Sequence[SemiJoin]
) -> Relation:
    """Joins the sources in FROM order, then applies the predicates that are no keys of a join.

    A relation that no equality connects yet waits until one does, as in :func:`combine`.
    """
    keeps_right = any(source.side in KEEPING_RIGHT for source in sources)
    left, todo = sources[0].relation, [] if keeps_right else list(predicates)
    for group in _runs(sources[1:]):
        if group[0].alone:
            left, _ = _outer(left, group[0], [])
            continue
        todo += [part for source in group for part in conjuncts(source.condition)]
        waiting = {source.alias: source.relation for source in group}
        while waiting:
            left, todo = _first_connected(left, waiting, todo)
        if keeps_right:  # what ON says holds before a join that keeps rows of its right side
            left, todo = left.where(todo), []
    left = left.where(predicates if keeps_right else todo)
    for semi in semi_joins:
        left = semi.apply(left)
    return left


def _first_connected(left: Relation, waiting: _Waiting, todo: list[Expression]) -> _Remaining:
    """Joins to ``left`` the first waiting relation that keys connect to it, else simply the first.

    Keys are equalities in ``todo``, and flat names that both relations have. Returns the joined
    relation, and the predicates that are left.
    """
    keys = {alias: _keys(left, relation, todo) for alias, relation in waiting.items()}
    alias = next((alias for alias, pairs in keys.items() if pairs), next(iter(waiting)))
    pairs = keys[alias]
    joined = join("inner" if pairs else "cross", left, waiting.pop(alias), pairs)
    return joined, [p for p in todo if not _is_key(p, pairs)]


def _keys(left: Relation, right: Relation, todo: Iterable[Expression]) -> list[_Pair]:
    """Returns the pairs (left, right) on which two relations can be joined.

    They are the sides of equalities in ``todo``, and columns that have the same flat name in both.
    """
    keys = [pair for p in todo if (pair := _key(p, left.aliases, right.aliases))]
    return keys + _shared_names(left, right, keys)


def _runs(sources: Sequence[Source]) -> Iterable[list[Source]]:
    """Splits the sources into lists: inner-joined ones in a row, each other one by itself.

    The others are those of outer joins and ASOF JOIN.
    """
    run: list[Source] = []
    for source in sources:
        if source.alone:
            if run:
                yield run
            yield [source]
            run = []
        else:
            run.append(source)
    if run:
        yield run


def _nearest(left: Relation, source: Source, todo: list[Expression]) -> _Remaining:
    """Joins an entry by ASOF JOIN: to each row of ``left`` the nearest of the entry's rows.

    Predicates in ``todo`` that read ``left`` alone are applied first; those that read the entry
    are left for later, since WHERE filters the joined rows. Returns these with the relation.
    """
    left, todo = _apply_ready(left, todo)
    keys, others = [], list[_Pair]()
    comparison: Comparison | None = None
    for part in conjuncts(source.condition):
        if pair := _key(part, left.aliases, source.relation.aliases):
            keys.append(pair)
        elif (found := _compared(part, left.aliases, source.relation.aliases)) and not others:
            comparison, *sides = found
            others.append((sides[0], sides[1]))
        else:
            raise Unsupported("this condition of an ASOF JOIN", in_sql(part))
    if comparison is None:
        raise Unsupported("an ASOF JOIN without an inequality", source.alias)
    for sides in zip(*dict.fromkeys((*keys, others[0])), strict=True):  # libraries fail at these
        if twice := next((side for side in sides if sides.count(side) > 1), None):
            raise Unsupported("an ASOF JOIN with a column in two conditions", in_sql(twice))
    return as_of(left, source.relation, others[0], comparison, keys, source.side == "LEFT"), todo


def _outer(left: Relation, source: Source, todo: list[Expression]) -> _Remaining:
    if source.nearest:
        return _nearest(left, source, todo)
    kind: JoinKind = "full" if source.side == "FULL" else "left"
    right = source.relation
    if source.side == "RIGHT":
        left, right = right, left
    elif source.side == "LEFT":
        left, todo = _apply_ready(left, todo)
    for attached in source.attached:
        if attached.outer_aliases <= right.aliases:
            right = attached.to(right)
        elif attached.outer_aliases <= left.aliases:
            left = attached.to(left)
        else:
            raise Unsupported("a subquery in ON that reads both sides", source.alias)
    keys, only_right, residual = [], [], []
    for part in conjuncts(source.condition):
        if pair := _key(part, left.aliases, right.aliases):
            keys.append(pair)
        elif aliases_in(part) <= right.aliases and kind == "left":
            only_right.append(part)
        else:
            residual.append(part)
    joined = join(kind, left, right.where(only_right), keys, conjunction(residual))
    return joined, todo


def _inner(
    left: Relation | None,
    group: Sequence[Source],
    todo: list[Expression],
    semis: list[SemiJoin],
    push: bool,
) -> tuple[Relation, list[Expression], list[SemiJoin]]:
    waiting = {source.alias: source.relation for source in group}
    todo = todo + [implied for p in todo for implied in implied_of_each(p)]
    equal = Equalities(todo, waiting)
    todo = todo + equal.implied()
    if left is None or push:
        for alias in waiting:
            waiting[alias], todo, semis = _restricted(waiting[alias], todo, semis)
    if left is None:
        first = next(iter(waiting))
        if not selective(waiting[first].node):
            waiting, todo = _folded(waiting, todo, equal, first)
        left = waiting.pop(first)
    while waiting:
        alias, keys = _next(left, waiting, todo, equal)
        pairs = _enough(keys, equal, left)
        left = join("inner" if keys else "cross", left, waiting.pop(alias), pairs)
        left, todo = _apply_ready(left, [p for p in todo if not _is_key(p, keys)])
    return left, todo, semis


def _restricted(
    relation: Relation, todo: list[Expression], semis: list[SemiJoin]
) -> tuple[Relation, list[Expression], list[SemiJoin]]:
    """Applies to a relation the predicates and semi-joins that read only its columns.

    Returns the relation, and the predicates and semi-joins that are left.
    """
    relation, todo = _apply_ready(relation, todo)
    early = [s for s in semis if s.residual is None and s.outer_aliases]
    for semi in [s for s in early if s.outer_aliases <= relation.aliases]:
        relation = semi.apply(relation)
        semis = [s for s in semis if s is not semi]
    return relation, todo, semis


def _apply_ready(relation: Relation, todo: list[Expression]) -> _Remaining:
    ready = [p for p in todo if aliases_in(p) and aliases_in(p) <= relation.aliases]
    return relation.where(ready), [p for p in todo if not any(p is r for r in ready)]


def _next(
    left: Relation, waiting: _Waiting, todo: list[Expression], equal: Equalities
) -> tuple[str, list[_Pair]]:
    """Returns the alias of the relation to join next, and its keys.

    Only relations that keys connect to ``left`` count; if there are none, the first one waiting is
    returned. First go selective ones that no key connects to another waiting relation, then the
    rest of those with any condition of their own, then others with a condition, then those without;
    last go those that only derived equalities connect. A relation that the chosen one refers to
    goes before it.
    """
    connected = {}
    for alias, relation in waiting.items():
        if keys := _keys(left, relation, todo):
            connected[alias] = keys
    awaited = [p for p in todo if not equal.needless(p, within=left)]
    ends = [alias for alias in connected if not _neighbours(alias, waiting, awaited)]
    few = [alias for alias in ends if selective(waiting[alias].node)]
    fewer = [alias for alias in ends if narrowed(waiting[alias].node)]
    stated = [alias for alias, keys in connected.items() if not all(map(equal.is_implied, keys))]
    stated.sort(key=lambda alias: not narrowed(waiting[alias].node))
    chosen = next(iter([*few, *fewer, *stated, *connected, *waiting]))
    chosen = next((alias for alias in connected if equal.refers(chosen, alias)), chosen)
    return chosen, connected.get(chosen, [])


def _enough(keys: list[_Pair], equal: Equalities, left: Relation) -> list[_Pair]:
    """Drops join keys that follow from others: one key is enough for columns that are equal.

    Of the keys for equal columns, the one whose left column comes first in ``left`` stays.
    """
    order = {name: place for place, name in enumerate(left.node.names)}
    found: dict[object, list[_Pair]] = {}
    for place, pair in enumerate(keys):
        found.setdefault(equal.of(*pair) or place, []).append(pair)
    return [
        min(pairs, key=lambda pair: order.get(left.flat(pair[0]).name, 0))
        for pairs in found.values()
    ]


def _folded(
    waiting: _Waiting, todo: list[Expression], equal: Equalities, first: str
) -> tuple[_Waiting, list[Expression]]:
    """Joins small tables at the end of a chain (region -> nation -> supplier) to their neighbour.

    So the neighbour is restricted before the main join. That is done only where it pays: the
    neighbour has no condition of its own, no other small table beside it, and is not ``first``.
    Returns the relations that still wait, and the predicates that are left.
    """
    for leaf, relation in waiting.items():
        beside = _neighbours(leaf, waiting, todo)
        if leaf == first or len(beside) != 1 or not selective(relation.node):
            continue
        (target,) = beside
        others = _neighbours(target, waiting, todo) - {leaf}
        plain = not isinstance(waiting[target].node, Filter) and target != first
        if plain and others and not any(selective(waiting[o].node) for o in others):
            _, keys = _next(waiting[target], {leaf: relation}, todo, equal)
            joined = join("inner", waiting[target], relation, _enough(keys, equal, waiting[target]))
            left = {a: joined if a == target else r for a, r in waiting.items() if a != leaf}
            rest = [p for p in todo if not _is_key(p, keys)]
            return _folded(left, rest, equal, first)
    return waiting, todo


def _neighbours(alias: str, waiting: _Waiting, todo: list[Expression]) -> set[str]:
    """Returns the aliases of the waiting relations that can be joined to this one on a key.

    A key is an equality in ``todo``, or a flat name that both relations have.
    """
    own = waiting[alias]
    return {
        other
        for other, relation in waiting.items()
        if other != alias
        and (
            any(_key(p, own.aliases, relation.aliases) for p in todo)
            or _shared_names(own, relation, [])
        )
    }


def _shared_names(
    left: Relation, right: Relation, keys: list[tuple[Expression, Expression]]
) -> list[tuple[Expression, Expression]]:
    """Returns pairs (left, right) of columns that have the same flat name, but are not in ``keys``.

    Columns get one name only if a predicate makes them equal.
    """
    named = {left.columns[a.table, a.name] for a, _ in keys if isinstance(a, exp.Column)}
    by_name = {name: place for place, name in left.columns.items()}
    pairs = {}
    for (alias, column), name in right.columns.items():
        if name in by_name and name not in named:
            ours = by_name[name]
            pairs[name] = (exp.column(ours[1], ours[0]), exp.column(column, alias))
    return list(pairs.values())


def _key(
    part: Expression, left: frozenset[str], right: frozenset[str]
) -> tuple[Expression, Expression] | None:
    """Returns the sides (left, right) of a predicate that equates two relations' expressions.

    ``left`` and ``right`` are the relations' aliases. None if the predicate is anything else.
    """
    if not isinstance(part, exp.EQ):
        return None
    a, b = aliases_in(part.this), aliases_in(part.expression)
    if a and b and a <= left and b <= right:
        return part.this, part.expression
    if a and b and b <= left and a <= right:
        return part.expression, part.this
    return None


_COMPARISONS: Mapping[type[Expression], tuple[Comparison, Comparison]] = {
    exp.GTE: (">=", "<="),
    exp.GT: (">", "<"),
    exp.LTE: ("<=", ">="),
    exp.LT: ("<", ">"),
}
"""An inequality -> how its sides compare as written, and turned round."""


def _compared(
    part: Expression, left: frozenset[str], right: frozenset[str]
) -> tuple[Comparison, Expression, Expression] | None:
    """Returns how a left expression compares with a right one: (comparison, left, right).

    ``left`` and ``right`` are the relations' aliases. None if the predicate is anything else.
    """
    if type(part) not in _COMPARISONS:
        return None
    pair = _key(exp.EQ(this=part.this, expression=part.expression), left, right)
    if pair is None:
        return None
    return _COMPARISONS[type(part)][pair[0] is not part.this], *pair


def _is_key(part: Expression, keys: list[tuple[Expression, Expression]]) -> bool:
    sides = (part.args.get("this"), part.args.get("expression"))
    return any({id(a), id(b)} == {id(side) for side in sides} for a, b in keys)


def check_side(side: str, kind: str) -> str:
    """Returns the side of a JOIN: ``LEFT``, ``RIGHT``, ``FULL`` or empty.

    Raises Unsupported for a join that cannot be lowered; ``kind`` is sqlglot's, as ``CROSS``.
    """
    if kind in ("", "INNER", "CROSS", "OUTER") and side in ("", "LEFT", "RIGHT", "FULL"):
        return side
    raise Unsupported("this kind of join", f"{side} {kind} JOIN".strip())
