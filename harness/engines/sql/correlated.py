"""Rules for engines that mix up names of a subquery with those of the query around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlglot import exp

from harness.answer import AnswerSpec
from harness.plan.facts.columns import fresh
from harness.plan.facts.printing import Expression
from harness.plan.sql.sources import sources_of
from harness.words import folded


def ties_named_apart(tree: exp.Query, spec: AnswerSpec) -> exp.Query:
    """Gives columns that tie a subquery to the query around it names of their own.

    ``EXISTS (SELECT 1 FROM a, b WHERE a.id = t.id AND b.id = t.id)`` reads b as
    ``(SELECT b.id AS id_2 FROM b) AS b``: joined to ``t``, DataFusion takes one ``id`` for both.
    """
    for select in list(tree.find_all(exp.Select)):
        own = {source.alias_or_name: source for source in sources_of(select)}
        tables: dict[str, str] = {}
        names: dict[str, dict[str, str]] = {}
        taken = {column.name for column in select.find_all(exp.Column)}
        for column in _tying(select, own):
            table = tables.setdefault(folded(column.name), column.table)
            others = names.setdefault(column.table, {})
            if table != column.table and column.name not in others:
                others[column.name] = fresh(column.name, taken)
                taken.add(others[column.name])
        for table, others in names.items():
            if others:
                _rename(select, own[table], others)
    return tree


def sources_named_apart(tree: exp.Query, spec: AnswerSpec) -> exp.Query:
    """Gives a source another name if a table of that name is read under an alias.

    ``FROM t WHERE EXISTS (SELECT 1 FROM t AS b WHERE b.id = t.id)`` reads ``t AS t_2``: chDB also
    knows a table with an alias by its own name, so that ``t.id`` were b's.
    """
    tables = list(tree.find_all(exp.Table))
    hiding = {table.name for table in tables if table.name != table.alias_or_name}
    taken = {name for each in tables for name in (each.name, each.alias_or_name)}
    taken |= {each.alias for each in tree.find_all(exp.Subquery)}
    for select in list(tree.find_all(exp.Select)):
        for source in sources_of(select):
            if (name := source.alias_or_name) in hiding:
                other = fresh(name, taken)
                taken.add(other)
                for column in _uses(select, name):
                    column.set("table", exp.to_identifier(other))
                source.set("alias", exp.TableAlias(this=exp.to_identifier(other)))
    return tree


def _uses(select: exp.Select, name: str) -> list[exp.Column]:
    """Returns the columns of a query's source with this name, also those in its subqueries."""
    columns = select.find_all(exp.Column)
    return [column for column in columns if column.table == name and _is_of(column, select)]


def _tying(select: exp.Select, own: Mapping[str, Expression]) -> Iterator[exp.Column]:
    """Yields columns of the sources ``own`` in conditions with columns from further out.

    Where the subquery is that of IN, the column that it gives is one of them.
    """
    where = select.args.get("where")
    conditions = [] if where is None else list(_joined_by_and(where.this))
    read = map(_columns, conditions)
    ties = [c for columns in read if any(c.table not in own for c in columns) for c in columns]
    if ties:
        if isinstance(select.find_ancestor(exp.In, exp.Select), exp.In):
            ties = [*(c for item in select.selects for c in _columns(item)), *ties]
        yield from (column for column in ties if column.table in own)


def _joined_by_and(condition: Expression) -> Iterator[Expression]:
    yield from condition.flatten() if isinstance(condition, exp.And) else [condition]


def _columns(e: Expression) -> list[exp.Column]:
    """Returns the columns of an expression; none if it has a subquery, with ties of its own."""
    return [] if e.find(exp.Query) else list(e.find_all(exp.Column))


def _is_of(column: exp.Column, select: exp.Select) -> bool:
    """True if a column's table is one of ``select``, and none of a query within it."""
    inner = column.find_ancestor(exp.Select)
    while inner is not None and inner is not select:
        if any(source.alias_or_name == column.table for source in sources_of(inner)):
            return False
        inner = inner.find_ancestor(exp.Select)
    return True


def _rename(select: exp.Select, source: Expression, others: Mapping[str, str]) -> None:
    """Gives columns of one of a query's sources other names; it becomes a derived table."""
    alias = source.alias_or_name
    uses = _uses(select, alias)
    items = []
    for name, kind in {column.name: column.type for column in uses}.items():
        column = exp.column(name, alias)
        item = exp.alias_(column, others.get(name, name))
        column.type = item.type = kind
        items.append(item)
    for column in uses:
        column.set("this", exp.to_identifier(others.get(column.name, column.name)))
    derived = exp.select(*items, copy=False).from_(source.copy(), copy=False)
    source.replace(exp.Subquery(this=derived, alias=exp.TableAlias(this=exp.to_identifier(alias))))
