"""Rewrites a parsed query so that what SQL can write in several ways is written in one."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from harness.errors import WorkloadError
from harness.plan.facts.typed import Expression
from harness.plan.sql import bound
from harness.plan.sql.dialect import is_place
from harness.plan.sql.pivots import plain_pivots
from harness.plan.sql.sources import (
    columns_of_query,
    columns_of_source,
    comma_items,
    cte_of,
    is_comma,
    names_of_values,
    quoted,
)
from harness.types import Schema
from harness.words import folded

MOST_DIGITS = 38
"""The most digits of an integer literal (128 bits); DuckDB reads longer ones as texts."""
MOST_ROWS = 2**48
"""More rows than any table has."""


def plainly_written(tree: exp.Query, schemas: Mapping[str, Schema]) -> None:
    """Changes the tree in place: one spelling of names, plain joins, numbers and unions."""
    for number in tree.find_all(exp.Literal):
        if not number.is_string and number.name.isdecimal():
            number.set("this", _whole(number.name.lstrip("0") or "0"))
    plain_places(tree)
    spellings = one_spelling(tree, schemas)
    plain_pivots(tree, schemas, spellings)
    _columns_of_tables(tree)
    _columns_of_values(tree)
    for select in tree.find_all(exp.Select):
        _joins_of_from(select)
    _columns_respelled(tree, spellings, schemas)
    for select in list(tree.find_all(exp.Select)):
        _natural(select, schemas)
    for union in list(tree.find_all(exp.SetOperation)):
        _by_name(union, schemas)
    for cte in tree.find_all(exp.CTE):
        cte.set("materialized", None)  # how it is computed, not what
    for count in tree.find_all(exp.Count):
        count.set("this", count.this or exp.Star())
    for text in tree.find_all(exp.GroupConcat):
        text.set("separator", text.args.get("separator") or exp.Literal.string(","))


def plain_places(tree: exp.Query) -> None:
    """Changes the tree in place: positions in ORDER BY and GROUP BY become plain numbers."""
    for clause in tree.find_all(exp.Order, exp.Group):
        for key in clause.expressions:
            _plain_place(key.this if isinstance(key, exp.Ordered) else key)


def _plain_place(key: Expression) -> None:
    """Rewrites ``order by (2)`` and ``order by - -2`` to ``order by 2``."""
    if is_place(key):
        negative = sum(isinstance(part, exp.Neg) for part in key.walk()) % 2
        number = exp.Literal.number(next(key.find_all(exp.Literal)).name)
        key.replace(exp.Neg(this=number) if negative else number)


def _whole(digits: str) -> str:
    """Returns the digits; raises WorkloadError if there are more than DuckDB computes with."""
    if len(digits) > MOST_DIGITS:
        raise WorkloadError(
            f"the number {digits[:12]}… of {len(digits):,} digits is out of range; a whole number "
            f"has {MOST_DIGITS} at most"
        )
    return digits


def one_spelling(tree: exp.Query, schemas: Mapping[str, Schema]) -> dict[str, str]:
    """Changes the tree in place: names that differ only in case get one spelling.

    Returns a map from names in lower case to spellings. Names have no case in DuckDB. The spelling
    of the first table that has the name is taken, else that of its first use. A table is read under
    its own name, with the query's name for it as its alias.
    """
    own = {folded(name): name for name in schemas}
    spellings: dict[str, str] = {}
    for table in tree.find_all(exp.Table, bfs=False):
        name = own.get(folded(table.name), table.name)
        for each in (name, *(column.name for column in schemas.get(name, ()))):
            spellings.setdefault(folded(each), each)
    for part in tree.find_all(exp.Identifier, bfs=False):
        if isinstance(part.this, str):
            part.set("this", spellings.setdefault(folded(part.this), part.this))
    for table in tree.find_all(exp.Table):
        name = own.get(folded(table.name), table.name)
        if name != table.name and cte_of(table) is None:
            if not table.alias:
                table.set("alias", exp.TableAlias(this=table.this.copy()))
            table.set("this", quoted(name))
    return spellings


def _columns_respelled(
    tree: exp.Query, spellings: Mapping[str, str], schemas: Mapping[str, Schema]
) -> None:
    """Wraps a table that spells a column unlike ``spellings`` in a subquery that renames it.

    So ``from a join b on a.k = b.k`` finds a column that b calls K.
    """
    for table in list(tree.find_all(exp.Table)):
        schema = schemas.get(table.name, ()) if cte_of(table) is None else ()
        names = [(column.name, spellings[folded(column.name)]) for column in schema]
        if table.args.get("joins") or all(name == spelling for name, spelling in names):
            continue
        alias = exp.TableAlias(this=quoted(table.alias_or_name))
        table.set("alias", None)
        items = [exp.alias_(exp.column(quoted(name)), quoted(new)) for name, new in names]
        table.replace(exp.Subquery(this=exp.select(*items).from_(table.copy()), alias=alias))


def _joins_of_from(select: exp.Select) -> None:
    """Moves joins from the first table, where sqlglot parses some, to the SELECT."""
    clause = select.args.get("from_")
    if clause is None:
        return
    _without_parentheses(clause)
    first = clause.this
    joins: list[Expression] = first.args.get("joins") or []
    if joins:
        first.set("joins", None)
        select.set("joins", [*joins, *(select.args.get("joins") or [])])
    flat: list[Expression] = []
    for join in select.args.get("joins") or []:
        flat += _flat(join)
    select.set("joins", flat or None)


def _without_parentheses(holder: Expression) -> None:
    """Replaces ``(a join b on …)`` by a and its joins, or by a subquery if it has an alias.

    ``holder`` is the FROM or the join in which the parentheses stand.
    """
    inner = holder.this
    while isinstance(inner, exp.Subquery) and isinstance(inner.this, (exp.Table, exp.Subquery)):
        if inner.alias:
            rows = exp.select("*").from_(inner.this.copy())
            _joins_of_from(rows)
            inner.set("this", rows)
            return
        joins = [*(inner.this.args.get("joins") or []), *(inner.args.get("joins") or [])]
        inner = inner.this
        inner.set("joins", joins or None)
        holder.set("this", inner)


def _flat(join: exp.Join) -> list[Expression]:
    """Rewrites ``join (b join c on …) on …`` to two joins, if both are inner ones."""
    _without_parentheses(join)
    table, condition = join.this, join.args.get("on")
    joins = table.args.get("joins") if isinstance(table, exp.Table) else None
    if not joins or not all(map(_is_inner, (join, *joins))):
        return [join]
    table.set("joins", None)
    inner = [part for other in joins for part in _flat(other)]
    conditions = [c for c in (inner[-1].args.get("on"), condition) if c is not None]
    inner[-1].set("on", exp.and_(*conditions) if conditions else None)
    return [exp.Join(this=table, kind=None if is_comma(join) else "CROSS"), *inner]


def _is_inner(join: exp.Join) -> bool:
    plain = not (join.side or join.args.get("using") or join.args.get("method"))
    return plain and join.kind in ("", "INNER", "CROSS")


def _columns_of_tables(tree: exp.Query) -> None:
    """Rewrites ``from t as q(a, b)`` to ``from (from t) as q(a, b)``."""
    for table in list(tree.find_all(exp.Table)):
        alias = table.args.get("alias")
        if alias is not None and alias.columns:
            table.set("alias", None)
            rows = exp.select("*").from_(table.copy())
            table.replace(exp.Subquery(this=rows, alias=alias))


def _columns_of_values(tree: exp.Query) -> None:
    """Writes out the names of VALUES' columns that are not given: ``as v(a)`` -> ``v(a, col1)``.

    VALUES in IN, and elsewhere where a query stands, become ``(select * from (values …))``.
    """
    for values in list(tree.find_all(exp.Values)):
        parent = values.parent
        if isinstance(parent, (exp.In, exp.Subquery)):
            rows = exp.select("*").from_(values.copy())
            if isinstance(parent, exp.In):
                parent.set("expressions", None)
                parent.set("query", exp.Subquery(this=rows))
            else:
                parent.set("this", rows)
    for values in tree.find_all(exp.Values):
        alias = values.args.get("alias") or exp.TableAlias()
        given = alias.columns
        own = names_of_values(values)[len(given) :]
        alias.set("columns", [*given, *(quoted(name) for name in own)])
        values.set("alias", alias)


def _natural(select: exp.Select, schemas: Mapping[str, Schema]) -> None:
    """Rewrites NATURAL to USING with all common columns."""
    for item in comma_items(select):
        before: list[str] = []
        for source, join in item:
            names = columns_of_source(source, schemas)
            if names is None:
                return
            if join is not None and join.args.get("method") == "NATURAL":
                common = [name for name in names if name in before]
                join.set("method", None)
                join.set("using", [quoted(name) for name in common] or None)
            if join is None or join.kind not in ("SEMI", "ANTI"):
                before += names


def _by_name(union: exp.SetOperation, schemas: Mapping[str, Schema]) -> None:
    """Rewrites UNION BY NAME to a union by position; a side without a column gives NULL."""
    found = [columns_of_query(side, schemas) for side in (union.this, union.expression)]
    if not union.args.get("by_name") or None in found:
        return
    left, right = (names or [] for names in found)
    every = list(dict.fromkeys([*left, *right]))
    for side, names in (("this", left), ("expression", right)):
        items = [_item(name, name in names) for name in every]
        rows = exp.Subquery(this=union.args[side], alias=exp.TableAlias(this=quoted("side")))
        union.set(side, exp.select(*items).from_(rows))
    union.set("by_name", None)


def _item(name: str, there: bool) -> Expression:
    return exp.column(quoted(name)) if there else exp.alias_(exp.null(), quoted(name))


def plain_limit(query: exp.Query) -> None:
    """Rewrites ``fetch first 2 rows only`` and ``limit 1 + 1`` to LIMIT 2; drops ``limit all``.

    A LIMIT of more rows than any table has is dropped, too.
    """
    limit = query.args.get("limit")
    if isinstance(limit, exp.Fetch) and _is_plain(limit):
        query.set("limit", exp.Limit(expression=limit.args["count"]))
    elif isinstance(limit, exp.Limit):
        count = limit.expression
        if isinstance(count, exp.Null) or (isinstance(count, exp.Var) and count.name == "ALL"):
            query.set("limit", None)
    for clause in (query.args.get("limit"), query.args.get("offset")):
        if clause is not None and (rows := rows_of(clause)) is not None:
            clause.set("expression", exp.Literal.number(min(rows, MOST_ROWS)))
            if clause is query.args.get("limit") and rows >= MOST_ROWS:
                query.set("limit", None)


def rows_of(clause: Expression) -> int | None:
    """Returns the number of rows in LIMIT or OFFSET; None if not constant, or a percentage."""
    number = clause.args.get("expression")
    if number is None or clause.args.get("limit_options") is not None:
        return None
    if isinstance(number, exp.Literal) and number.name.isdecimal():
        return int(_whole(number.name.lstrip("0") or "0"))
    found = bound.constant(f"cast(({number.sql('duckdb')}) as bigint)")
    return found[1] if found is not None and isinstance(found[1], int) else None


def _is_plain(fetch: exp.Fetch) -> bool:
    """True if FETCH has a number of rows: no percentage, no ties."""
    options = fetch.args.get("limit_options")
    parts = options.args if options is not None else {}
    literal = isinstance(fetch.args.get("count"), exp.Literal)
    return literal and not (parts.get("percent") or parts.get("with_ties"))
