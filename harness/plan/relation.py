"""A plan under construction, and where each column of the query block is found in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from harness.plan.nodes import (
    Distinct,
    Expression,
    Filter,
    Item,
    Join,
    JoinKind,
    Node,
    Project,
    Window,
    conjunction,
)

Place = tuple[str, str]
"""An alias of the query block and a column under it."""


@dataclass(frozen=True)
class Relation:
    """A node, and the flat name that stands for each (alias, column)."""

    node: Node
    columns: Mapping[Place, str]

    @property
    def aliases(self) -> frozenset[str]:
        return frozenset(alias for alias, _ in self.columns)

    def flat(self, expression: Expression) -> Expression:
        """The expression with its columns by their flat names; others are left alone."""

        def rename(e: Expression) -> Expression:
            if isinstance(e, exp.Column) and (e.table, e.name) in self.columns:
                return exp.column(self.columns[e.table, e.name])
            return e

        return expression.copy().transform(rename)

    def where(self, predicates: Sequence[Expression]) -> Relation:
        condition = conjunction(self.flat(p) for p in predicates)
        return self if condition is None else Relation(Filter(self.node, condition), self.columns)

    def renamed(self, names: Mapping[str, str]) -> Relation:
        """The same relation, some of its flat names replaced."""
        if not names:
            return self
        items = tuple((names.get(c, c), exp.column(c)) for c in self.node.names)
        columns = {place: names.get(name, name) for place, name in self.columns.items()}
        return Relation(Project(self.node, items), columns)

    def with_column(self, expression: Expression) -> tuple[Relation, str]:
        """The relation with the expression among its columns, and the name of that column."""
        flat = self.flat(expression)
        if isinstance(flat, exp.Column):
            return self, flat.name
        name = fresh(_subject(flat), set(self.node.names))
        items: tuple[Item, ...] = tuple((c, exp.column(c)) for c in self.node.names)
        return Relation(Project(self.node, (*items, (name, flat))), self.columns), name


def aliases_in(expression: Expression) -> frozenset[str]:
    """The aliases whose columns an expression reads."""
    return frozenset(column.table for column in expression.find_all(exp.Column))


def fresh(wanted: str, taken: set[str]) -> str:
    """The wanted name, or the first of ``name_2``, ``name_3`` … that is not taken."""
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}_{number}"
    return name


def join(
    kind: JoinKind,
    left: Relation,
    right: Relation,
    on: Sequence[tuple[Expression, Expression]] = (),
    residual: Expression | None = None,
) -> Relation:
    """Joins two relations on pairs of expressions over them (left first, right second)."""
    if residual is not None and kind in ("semi", "anti", "left"):
        return _by_row(kind, left, right, on, residual)
    pairs = []
    for left_key, right_key in on:
        left, left_name = left.with_column(left_key)
        right, right_name = right.with_column(right_key)
        pairs.append((left_name, right_name))
    shared = {a for a, b in pairs if a == b}
    clashes = (set(left.node.names) & set(right.node.names)) - shared
    if clashes and kind not in ("semi", "anti"):
        names = _distinct_names(left, right, clashes)
        right = right.renamed(names)
        pairs = [(a, names.get(b, b)) for a, b in pairs]
    columns = {**left.columns, **right.columns}
    condition = None if residual is None else Relation(left.node, columns).flat(residual)
    node = Join(kind, left.node, right.node, tuple(dict.fromkeys(pairs)), condition)
    return Relation(node, left.columns if kind in ("semi", "anti") else columns)


def _by_row(
    kind: JoinKind,
    left: Relation,
    right: Relation,
    on: Sequence[tuple[Expression, Expression]],
    residual: Expression,
) -> Relation:
    """A semi, anti or left join whose condition says more than that keys are equal.

    The left rows are numbered, joined and filtered; their numbers then tell which had a partner.
    """
    row = fresh("row", {*left.node.names, *right.node.names})
    numbers = exp.Window(this=exp.RowNumber())
    numbered = Relation(Window(left.node, ((row, numbers),)), left.columns)
    matched = join("inner" if on else "cross", numbered, right, on).where([residual])
    if kind in ("semi", "anti"):
        rows = Distinct(Project(matched.node, ((row, exp.column(row)),)))
        return Relation(Join(kind, numbered.node, rows, ((row, row),)), left.columns)
    theirs = {place: matched.columns[place] for place in right.columns}
    kept = [row, *(name for name in theirs.values() if name not in left.node.names)]
    partners = Project(matched.node, tuple((c, exp.column(c)) for c in dict.fromkeys(kept)))
    node = Join("left", numbered.node, partners, ((row, row),))
    return Relation(node, {**left.columns, **theirs})


def _distinct_names(left: Relation, right: Relation, clashes: set[str]) -> dict[str, str]:
    owners = {name: alias for (alias, _), name in right.columns.items()}
    taken = set(left.node.names) | set(right.node.names)
    names: dict[str, str] = {}
    for name in (n for n in right.node.names if n in clashes):
        names[name] = fresh(f"{owners.get(name, 'other')}_{name}", taken)
        taken.add(names[name])
    return names


def _subject(expression: Expression) -> str:
    """A name for a computed column: what it is computed from, and by what."""
    column = expression.find(exp.Column)
    kind = type(expression).__name__.lower()
    return f"{column.name}_{kind}" if column is not None else kind
