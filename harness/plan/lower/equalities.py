"""Classes of columns that a query block's predicates make equal, and the equalities they imply.

``c_nationkey = s_nationkey and s_nationkey = n_nationkey`` implies ``c_nationkey = n_nationkey``,
so that customers can be joined to nations before suppliers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations

from sqlglot import exp

from harness.plan.tree.nodes import Expression
from harness.plan.tree.relation import AliasedColumn, Relation

_Class = frozenset[AliasedColumn]


class Equalities:
    """Classes of columns: sets of those that predicates make equal.

    The columns of a class have one type, and no two are of one relation.
    """

    def __init__(self, predicates: Iterable[Expression], relations: Mapping[str, Relation]) -> None:
        classes: dict[AliasedColumn, set[AliasedColumn]] = {}
        self._stated = set[_Class]()
        for one, other in _equal_columns(predicates, relations):
            merged = classes.get(one, {one}) | classes.get(other, {other})
            if len({alias for alias, _ in merged}) == len(merged):
                classes.update(dict.fromkeys(merged, merged))
                self._stated.add(frozenset({one, other}))
        self._classes = {place: frozenset(merged) for place, merged in classes.items()}

    def implied(self) -> list[Expression]:
        """Returns the equalities that follow from the predicates but are not among them.

        ``a = b and b = c`` implies ``a = c``.
        """
        return [
            exp.EQ(this=exp.column(*one[::-1]), expression=exp.column(*other[::-1]))
            for members in dict.fromkeys(self._classes.values())
            for one, other in combinations(sorted(members), 2)
            if {one, other} not in self._stated
        ]

    def of(self, one: Expression, other: Expression) -> _Class | None:
        """Returns the class that holds both columns, or None if no predicates make them equal."""
        places = {_aliased(one), _aliased(other)}
        members = self._classes.get(_aliased(one), frozenset())
        return members if places <= members else None

    def is_implied(self, pair: tuple[Expression, Expression]) -> bool:
        """True if the equality was derived (a = b, b = c => a = c), not written in the query."""
        return self.of(*pair) is not None and set(map(_aliased, pair)) not in self._stated

    def refers(self, alias: str, other: str) -> bool:
        """True if ``alias`` is joined on all classes that ``other`` is joined on, and on more.

        ``other`` must be joined on several. Example: lineitem is joined to partsupp on part and
        supplier, and to orders as well, so it refers to partsupp. Then ``other`` has fewer rows,
        and a join on all of its columns matches fewer of them.
        """
        own, others = self._of_relation(alias), self._of_relation(other)
        return len(others) > 1 and others < own

    def _of_relation(self, alias: str) -> set[_Class]:
        return {members for (owner, _), members in self._classes.items() if owner == alias}

    def needless(self, predicate: Expression, within: Relation) -> bool:
        """True if a predicate equates columns of a class of which ``within`` has a column already.

        Then the relations of the other columns can be joined to ``within`` on that one instead.
        """
        if not isinstance(predicate, exp.EQ):
            return False
        members = self.of(predicate.this, predicate.expression) or frozenset()
        return any(alias in within.aliases for alias, _ in members)


def _equal_columns(
    predicates: Iterable[Expression], relations: Mapping[str, Relation]
) -> Iterable[tuple[AliasedColumn, AliasedColumn]]:
    types = {
        place: relation.node.column(name).type
        for relation in relations.values()
        for place, name in relation.columns.items()
    }
    for p in predicates:
        if isinstance(p, exp.EQ):
            one, other = _aliased(p.this), _aliased(p.expression)
            if one[0] != other[0] and one in types and types[one] == types.get(other):
                yield one, other


def _aliased(expression: Expression) -> AliasedColumn:
    return (expression.table, expression.name) if isinstance(expression, exp.Column) else ("", "")
