"""Rewrites subqueries that refer to a query two or more levels out to refer to the next one.

``exists (select 1 from l where l.b = (select max(r.b) from r where r.a = n.a))`` over n: the middle
query is joined to the values of ``n.a``, filtered to the one equal to ``n.a``, and the innermost
query refers to that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from harness.plan.facts.columns import fresh
from harness.plan.facts.typed import Expression
from harness.plan.sql.sources import sources_of
from harness.types import Schema

MOST_STEPS = 100
"""The most rewrites, each by one level; deeper nesting stays as it is."""


@dataclass(frozen=True)
class _Far:
    """A column of a query further out, with that query and those in between, innermost first."""

    column: exp.Column
    owner: exp.Select
    between: Sequence[exp.Select]


def tied_to_the_next(tree: Expression, schemas: Mapping[str, Schema]) -> None:
    """Changes the tree in place: subqueries that refer two or more levels out refer one level out.

    The tree's columns must be qualified.
    """
    for _ in range(MOST_STEPS):
        far = next((f for f in _far_columns(tree) if _source(f) is not None), None)
        if far is None:
            return
        _bring_nearer(far, tree, schemas)


def _far_columns(tree: Expression) -> Iterator[_Far]:
    for column in tree.find_all(exp.Column):
        found = _bound(column) if column.table else None
        if found is not None and len(found.between) > 1:
            yield found


def _bound(column: exp.Column) -> _Far | None:
    """Finds the query around a column that has its table in FROM, and the queries in between.

    None if no query has, or if a derived table, a CTE or a join's condition lies in between.
    """
    part: Expression = column
    between: list[exp.Select] = []
    while part.parent is not None:
        inside, part = part, part.parent
        if isinstance(part, (exp.From, exp.CTE)) or (
            isinstance(part, exp.Join) and part.this is inside
        ):
            return None
        if isinstance(part, exp.Select):
            if any(s.alias_or_name == column.table for s in sources_of(part)):
                return _Far(column, part, between)
            between.append(part)
    return None


def _source(far: _Far) -> Expression | None:
    """Returns the FROM entry that a column is from, or None.

    None if outer joins may add NULLs to the column, which the entry does not have, or if the query
    in between has no FROM.
    """
    joins = far.owner.args.get("joins") or []
    middle = far.between[-1]
    if any(join.side for join in joins) or middle.args.get("from_") is None:
        return None
    return next(s for s in sources_of(far.owner) if s.alias_or_name == far.column.table)


def _bring_nearer(far: _Far, tree: Expression, schemas: Mapping[str, Schema]) -> None:
    middle, table, source = far.between[-1], far.column.table, _source(far)
    assert source is not None
    columns = [
        other.column
        for other in _far_columns(middle.parent or middle)
        if other.owner is far.owner and other.between[-1] is middle and other.column.table == table
    ]
    names = list(dict.fromkeys(column.name for column in columns))
    taken = {found.alias_or_name for s in tree.find_all(exp.Select) for found in sources_of(s)}
    alias = fresh(f"{table}_values", taken)
    values = exp.select(*(_column(name, table) for name in names)).distinct()
    rows = exp.Subquery(
        this=values.from_(source.copy()), alias=exp.TableAlias(this=exp.to_identifier(alias))
    )
    middle.append("joins", exp.Join(this=rows, kind="CROSS"))
    nullable = _nullable(source, schemas)
    same = [
        (exp.NullSafeEQ if name in nullable or nullable is _ANY else exp.EQ)(
            this=exp.column(name, alias), expression=exp.column(name, table)
        )
        for name in names
    ]
    middle.where(*same, copy=False)
    for column in columns:
        column.set("table", exp.to_identifier(alias))


def _column(name: str, table: str) -> Expression:
    return exp.alias_(exp.column(name, table), name)


_ANY: frozenset[str] = frozenset({""})


def _nullable(source: Expression, schemas: Mapping[str, Schema]) -> frozenset[str]:
    """Returns the names of a table's columns that may be NULL.

    For any other source returns `_ANY`, which means that each of its columns may be.
    """
    if not isinstance(source, exp.Table) or source.name not in schemas:
        return _ANY
    return frozenset(column.name for column in schemas[source.name] if column.nullable)
