"""Finds the column names of a query that is only parsed, and of its sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlglot import exp

from harness.plan.facts.typed import Expression
from harness.types import Schema
from harness.words import folded


def columns_of_query(query: Expression, schemas: Mapping[str, Schema]) -> list[str] | None:
    """Returns the names of a query's columns; None if they are not known."""
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
    if isinstance(star, exp.Column):
        named = (source for source in sources_of(select) if source.alias_or_name == star.table)
        return columns_of_source(next(named, star), schemas)
    shown = star_columns(select, schemas)
    return None if shown is None else [name for _, name, _ in shown]


Entry = tuple[Expression, exp.Join | None]
"""A source and its join; the join is None for the first source after FROM or a comma."""
Shown = tuple[Expression | None, str, int]
"""A column's source (None: USING merged it), its name, and the number of its entry of FROM."""


def star_columns(select: exp.Select, schemas: Mapping[str, Schema]) -> list[Shown] | None:
    """Returns the columns that ``*`` stands for; None if they are not known.

    Each is its source, its name, and the number of the entry of FROM, counted at commas. A column
    of USING occurs once, at its place in the first source, and with None for a source.
    """
    shown: list[Shown] = []
    for number, item in enumerate(comma_items(select)):
        places: dict[str, list[int]] = {}
        for source, join in item:
            if join is not None and join.kind in ("SEMI", "ANTI"):
                continue
            names = columns_of_source(source, schemas)
            if names is None:
                return None
            using = {key.name for key in (join.args.get("using") or [] if join else [])}
            for name in using:
                for place in places.get(name, [])[:1]:
                    shown[place] = (None, name, number)
            for name in names:
                if name not in using:
                    places.setdefault(name, []).append(len(shown))
                    shown.append((source, name, number))
    return shown


def is_comma(join: exp.Join) -> bool:
    """True if a source follows a comma and has no join condition."""
    return not any(join.args.get(part) for part in ("side", "kind", "method", "on", "using"))


def comma_items(select: exp.Select) -> list[list[Entry]]:
    """Returns the entries of FROM that are separated by commas, each with its joins.

    An entry is a list of pairs of a source and its join, which is None for the first source.
    """
    items: list[list[Entry]] = []
    clause = select.args.get("from_")
    if clause is not None:
        items.append([(clause.this, None)])
    for join in select.args.get("joins") or []:
        if not is_comma(join):
            items[-1].append((join.this, join))
        else:
            items.append([(join.this, None)])
    return items


def sources_of(select: exp.Select) -> Iterator[Expression]:
    """Yields the sources of FROM in order."""
    clause = select.args.get("from_")
    if clause is not None:
        yield clause.this
    for join in select.args.get("joins") or []:
        yield join.this


def columns_of_source(source: Expression, schemas: Mapping[str, Schema]) -> list[str] | None:
    """Returns the column names of a table, CTE or derived table; None if not known."""
    alias = source.args.get("alias")
    given = [column.name for column in (alias.columns if alias is not None else ())]
    if isinstance(source, exp.Subquery):
        names = columns_of_query(source.this, schemas)
    elif isinstance(source, exp.Table):
        cte = cte_of(source)
        names = [c.name for c in schemas.get(source.name, ())] if cte is None else None
        if cte is not None:
            columns = [column.name for column in cte.args["alias"].columns]
            inner = columns_of_query(cte.this, schemas)
            names = None if inner is None else columns + inner[len(columns) :]
    elif isinstance(source, exp.Values):
        names = names_of_values(source)
    else:
        return None
    return None if not names else given + names[len(given) :]


def quoted(name: str) -> exp.Identifier:
    """Returns a name as a part of a tree, which means just this name, whatever its letters."""
    return exp.to_identifier(name, quoted=True)


def names_of_values(values: exp.Values) -> list[str]:
    """Returns DuckDB's own names of the columns of VALUES: col0, col1, …."""
    return [f"col{place}" for place, _ in enumerate(values.expressions[0].expressions)]


def cte_of(table: exp.Table) -> exp.CTE | None:
    """Returns the CTE that a table's name refers to, the nearest first, or None."""
    part: Expression = table
    while part.parent is not None:
        inside, part = part, part.parent
        clause = part.args.get("with_")
        found = [] if clause is None or clause is inside else clause.expressions
        if isinstance(part, exp.With):
            every = part.expressions
            found = every if part.args.get("recursive") else every[: every.index(inside)]
        named = [cte for cte in found if folded(cte.alias) == folded(table.name)]
        if named:
            nearest: exp.CTE = named[-1]
            return nearest
    return None


def places(items: Sequence[Expression], count: int) -> list[int | None]:
    """Returns the position of each SELECT item among ``count`` columns; None if not known.

    places([a, *, b], 5) = [0, None, 4]
    """
    stars = [place for place, item in enumerate(items) if item.is_star]
    if count < len(items) or (count > len(items) and not stars):
        return [None] * len(items)
    first, last = (stars[0], stars[-1]) if stars else (count, count)
    behind = count - len(items)
    return [n if n < first else n + behind if n > last else None for n in range(len(items))]


def ordered_by(name: str, query: exp.Query) -> int | None:
    """Returns the index of the SELECT item that an ORDER BY name means, or None.

    That is the last alias of that name, else a column; after UNION the first item of that name.
    """
    items = query.selects
    own = [n for n, item in enumerate(items) if folded(item.alias_or_name) == folded(name)]
    called = [n for n in own if isinstance(items[n], exp.Alias)]
    if called and isinstance(query, exp.Select):
        return called[-1]
    return next((n for n in own if not items[n].is_star), None)
