"""A plan under construction, with the query block's columns by alias and name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from harness.errors import Unsupported
from harness.plan.facts.columns import columns_of, fresh, with_columns
from harness.plan.facts.printing import in_sql
from harness.plan.facts.typed import cast_to
from harness.plan.tree.nodes import (
    AsOfJoin,
    Comparison,
    Distinct,
    Expression,
    Filter,
    Item,
    Join,
    JoinKind,
    Node,
    Project,
    Union,
    Window,
    conjunction,
)
from harness.types import Type

AliasedColumn = tuple[str, str]
"""An alias of the query block, and a column of it."""


@dataclass(frozen=True)
class Relation:
    """A node, and the flat name of each (alias, column) in it.

    A flat name has no table before it, and is unique in the query block.
    """

    node: Node
    columns: Mapping[AliasedColumn, str]

    @property
    def aliases(self) -> frozenset[str]:
        return frozenset(alias for alias, _ in self.columns)

    def flat(self, expression: Expression) -> Expression:
        """Returns the expression with its columns replaced by their flat names in the relation.

        ``n2.n_name`` -> ``n2_n_name``, for instance. Columns that the relation lacks are left.
        """

        def renamed(column: exp.Column) -> Expression | None:
            name = self.columns.get((column.table, column.name))
            return None if name is None else exp.column(name)

        return with_columns(expression, renamed)

    def where(self, predicates: Sequence[Expression]) -> Relation:
        condition = conjunction(self.flat(p) for p in predicates)
        return self if condition is None else Relation(Filter(self.node, condition), self.columns)

    def renamed(self, names: Mapping[str, str]) -> Relation:
        """Returns the relation with some flat names replaced; ``names`` maps old to new ones."""
        if not names:
            return self
        items = tuple((names.get(c, c), exp.column(c)) for c in self.node.names)
        columns = {place: names.get(name, name) for place, name in self.columns.items()}
        return Relation(Project(self.node, items), columns)

    def with_column(self, expression: Expression) -> tuple[Relation, str]:
        """Returns the relation with the expression as a column, and that column's name.

        Raises Unsupported if the expression reads another query block.
        """
        flat = self.flat(expression)
        if any(column.table for column in columns_of(flat)):
            raise Unsupported("a column of a query further out", in_sql(expression))
        if isinstance(flat, exp.Column):
            return self, flat.name
        name = fresh(_subject(flat), set(self.node.names))
        items: tuple[Item, ...] = tuple((c, exp.column(c)) for c in self.node.names)
        return Relation(Project(self.node, (*items, (name, flat))), self.columns), name

    def widened(self, name: str, beside: Type) -> tuple[Relation, str]:
        """Returns the relation with the key ``name`` cast to the type ``beside``, and its new name.

        That is the type the key is compared with. Only integers are cast, to floats, and dates, to
        timestamps; other keys stay as they are.
        """
        wider = {Type.INT64: Type.FLOAT64, Type.DATE: Type.TIMESTAMP}
        own = self.node.column(name).type
        if own is beside or wider.get(own) is not beside:
            return self, name
        return self.with_column(cast_to(exp.column(name), beside))


def aliases_in(expression: Expression) -> frozenset[str]:
    """Returns the aliases whose columns an expression reads."""
    return frozenset(column.table for column in columns_of(expression))


def join(
    kind: JoinKind,
    left: Relation,
    right: Relation,
    on: Sequence[tuple[Expression, Expression]] = (),
    residual: Expression | None = None,
) -> Relation:
    """Joins two relations on pairs of expressions, the left one's first.

    ``residual`` is what else must be true of rows that match.
    """
    if kind not in ("right", "full"):
        on, right = _each_once(on, right)
    if kind in ("inner", "semi"):
        turned, left = _each_once([(b, a) for a, b in on], left)
        on = [(a, b) for b, a in turned]
    if (residual is not None or not on) and kind in ("semi", "anti", "left"):
        return _by_row(kind, left, right, on, residual)
    if (residual is not None or not on) and kind == "full":
        return _full_by_row(left, right, on, residual)
    left, right, pairs = _with_keys(left, right, on)
    if kind not in ("semi", "anti"):
        right, pairs = _apart(left, right, pairs, {a for a, b in pairs if a == b})
    columns = {**left.columns, **right.columns}
    condition = None if residual is None else Relation(left.node, columns).flat(residual)
    node = Join(kind, left.node, right.node, tuple(dict.fromkeys(pairs)), condition)
    return Relation(node, left.columns if kind in ("semi", "anti") else columns)


def as_of(
    left: Relation,
    right: Relation,
    on: tuple[Expression, Expression],
    comparison: Comparison,
    by: Sequence[tuple[Expression, Expression]],
    outer: bool,
) -> Relation:
    """Joins to each left row the nearest right row; see `AsOfJoin` for the arguments."""
    left, right, pairs = _with_keys(left, right, [*by, on])
    shared = {a for a, b in pairs[:-1] if a == b and a not in pairs[-1]}
    right, pairs = _apart(left, right, pairs, shared)
    *keys, nearest = pairs
    node = AsOfJoin(left.node, right.node, nearest, comparison, tuple(dict.fromkeys(keys)), outer)
    return Relation(node, {**left.columns, **right.columns})


def _with_keys(
    left: Relation, right: Relation, on: Sequence[tuple[Expression, Expression]]
) -> tuple[Relation, Relation, list[tuple[str, str]]]:
    """Returns both relations with the keys as columns of one type, and the keys' names."""
    pairs = []
    for left_key, right_key in on:
        left, left_name = left.with_column(left_key)
        right, right_name = right.with_column(right_key)
        left, left_name = left.widened(left_name, right.node.column(right_name).type)
        right, right_name = right.widened(right_name, left.node.column(left_name).type)
        pairs.append((left_name, right_name))
    return left, right, pairs


def _apart(
    left: Relation, right: Relation, pairs: list[tuple[str, str]], shared: set[str]
) -> tuple[Relation, list[tuple[str, str]]]:
    """Renames the right columns that have a left column's name, but for ``shared`` keys.

    Returns the right relation, and ``pairs`` of keys (left, right) with the right names replaced.
    """
    clashes = (set(left.node.names) & set(right.node.names)) - shared
    if not clashes:
        return right, pairs
    names = _distinct_names(left, right, clashes)
    return right.renamed(names), [(a, names.get(b, b)) for a, b in pairs]


def _each_once(
    on: Sequence[tuple[Expression, Expression]], others: Relation
) -> tuple[Sequence[tuple[Expression, Expression]], Relation]:
    """Pairs each key once: ``a = b and a = c`` -> ``a = b``, with ``others`` filtered by ``b = c``.

    ``on`` pairs the keys a with expressions of ``others``. Returns the pairs, and ``others``
    filtered.
    """
    first: dict[Expression, Expression] = {}
    equal: list[Expression] = []
    for key, other in on:
        partner = first.setdefault(key, other)
        if partner != other:
            equal.append(exp.EQ(this=partner.copy(), expression=other.copy()))
    return (list(first.items()), others.where(equal)) if equal else (on, others)


def _by_row(
    kind: JoinKind,
    left: Relation,
    right: Relation,
    on: Sequence[tuple[Expression, Expression]],
    residual: Expression | None,
) -> Relation:
    """Builds a semi, anti or left join that has a residual, or no keys.

    The left rows are numbered, joined and filtered; a row has a match if its number is still there.
    """
    numbered, row = with_row_number(left, right)
    matched = join("inner" if on else "cross", numbered, right, on)
    matched = matched.where([] if residual is None else [residual])
    if kind in ("semi", "anti"):
        rows = Distinct(Project(matched.node, ((row, exp.column(row)),)))
        return Relation(Join(kind, numbered.node, rows, ((row, row),)), left.columns)
    theirs = {place: matched.columns[place] for place in right.columns}
    kept = [row, *(name for name in theirs.values() if name not in left.node.names)]
    partners = Project(matched.node, tuple((c, exp.column(c)) for c in dict.fromkeys(kept)))
    node = Join("left", numbered.node, partners, ((row, row),))
    return Relation(node, {**left.columns, **theirs})


def _full_by_row(
    left: Relation,
    right: Relation,
    on: Sequence[tuple[Expression, Expression]],
    residual: Expression | None,
) -> Relation:
    """Builds a full join with a residual: the left join, and the right rows without a match."""
    joined = _by_row("left", left, right, on, residual)
    turned = [(b, a) for a, b in on]
    alone = _by_row("anti", right, left, turned, residual)
    theirs = {joined.columns[place]: name for place, name in alone.columns.items()}
    items = tuple(
        (c.name, exp.column(theirs[c.name]) if c.name in theirs else cast_to(exp.null(), c.type))
        for c in joined.node.schema
    )
    both = Union(joined.node, Project(alone.node, items))
    return Relation(both, joined.columns)


def with_row_number(left: Relation, right: Relation) -> tuple[Relation, str]:
    """Returns the left relation with a column of row numbers, and its name, new to both."""
    row = fresh("row", {*left.node.names, *right.node.names})
    numbers = exp.Window(this=exp.RowNumber())
    return Relation(Window(left.node, ((row, numbers),)), left.columns), row


def _distinct_names(left: Relation, right: Relation, clashes: set[str]) -> dict[str, str]:
    owners = {name: alias for (alias, _), name in right.columns.items()}
    taken = set(left.node.names) | set(right.node.names)
    names: dict[str, str] = {}
    for name in (n for n in right.node.names if n in clashes):
        names[name] = fresh(f"{owners.get(name, 'other')}_{name}", taken)
        taken.add(names[name])
    return names


def _subject(expression: Expression) -> str:
    """Returns a name for a computed column: ``abs(v)`` -> ``v_abs``."""
    column = expression.find(exp.Column)
    kind = type(expression).__name__.lower()
    return f"{column.name}_{kind}" if column is not None else kind
