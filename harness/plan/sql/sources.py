"""A query that is only parsed -> the names of its columns, and of those of its sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlglot import exp

from harness.plan.facts.typed import Expression
from harness.types import Schema
from harness.words import folded


def columns_of_query(query: Expression, schemas: Mapping[str, Schema]) -> list[str] | None:
    """The names of a query's columns; None where they are not known."""
    if isinstance(query, exp.SetOperation):
        return columns_of_query(query.this, schemas)
    if isinstance(query, exp.Subquery):
        return columns_of_query(query.this, schemas)
    if not isinstance(query, exp.Select):
        return None
    names: list[str] = []
    for item in query.selects:
        if item.is_star:
            found = _of_star(item, query, schemas)
            if found is None:
                return None
            names += found
        else:
            names.append(item.alias_or_name)
    return names if all(names) else None


def _of_star(
    star: Expression, select: exp.Select, schemas: Mapping[str, Schema]
) -> list[str] | None:
    inner = star.this if isinstance(star, exp.Column) else star
    if any(inner.args.get(clause) for clause in ("except_", "replace", "rename")):
        return None
    table = star.table if isinstance(star, exp.Column) else ""
    names: list[str] = []
    for source in sources_of(select):
        if table in ("", source.alias_or_name):
            found = columns_of_source(source, schemas)
            if found is None:
                return None
            names += [name for name in found if table or name not in _merged(select)]
    return [*_merged(select), *names] if not table else names


def _merged(select: exp.Select) -> list[str]:
    """The columns of USING, which are one of both sources."""
    joins = select.args.get("joins") or []
    return list(dict.fromkeys(key.name for join in joins for key in join.args.get("using") or []))


def sources_of(select: exp.Select) -> Iterator[Expression]:
    """The entries of FROM, in their order."""
    clause = select.args.get("from_")
    if clause is not None:
        yield clause.this
    for join in select.args.get("joins") or []:
        yield join.this


def columns_of_source(source: Expression, schemas: Mapping[str, Schema]) -> list[str] | None:
    """The names of the columns of a table, a CTE or a derived table; None where not known."""
    alias = source.args.get("alias")
    given = [column.name for column in (alias.columns if alias is not None else ())]
    if isinstance(source, exp.Subquery):
        names = columns_of_query(source.this, schemas)
    elif isinstance(source, exp.Table):
        cte = _cte(source)
        names = [c.name for c in schemas.get(source.name, ())] if cte is None else None
        if cte is not None:
            columns = [column.name for column in cte.args["alias"].columns]
            inner = columns_of_query(cte.this, schemas)
            names = None if inner is None else columns + inner[len(columns) :]
    else:
        return None
    return None if not names else given + names[len(given) :]


def _cte(table: exp.Table) -> exp.CTE | None:
    """The query of WITH that a table's name stands for, the nearest first."""
    part: Expression = table
    while part.parent is not None:
        inside, part = part, part.parent
        clause = part.args.get("with_")
        found = [] if clause is None or clause is inside else clause.expressions
        if isinstance(part, exp.With):
            found = part.expressions[: part.expressions.index(inside)]
        named: list[exp.CTE] = [cte for cte in found if cte.alias == table.name]
        if named:
            return named[-1]
    return None


def places(items: Sequence[Expression], count: int) -> list[int | None]:
    """Where each item of a SELECT list stands among so many columns; None where not known."""
    stars = [place for place, item in enumerate(items) if item.is_star]
    if count < len(items) or (count > len(items) and not stars):
        return [None] * len(items)
    first, last = (stars[0], stars[-1]) if stars else (count, count)
    behind = count - len(items)
    return [n if n < first else n + behind if n > last else None for n in range(len(items))]


def ordered_by(name: str, query: exp.Query) -> int | None:
    """Which item a name in ORDER BY means: the last of those called so, or else the column.

    After UNION it means the first of either.
    """
    items = query.selects
    own = [n for n, item in enumerate(items) if folded(item.alias_or_name) == folded(name)]
    called = [n for n in own if isinstance(items[n], exp.Alias)]
    if called and isinstance(query, exp.Select):
        return called[-1]
    return next((n for n in own if not items[n].is_star), None)
