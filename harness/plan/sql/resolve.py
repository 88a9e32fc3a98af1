"""The names of a query -> the columns, tables and windows that they mean."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from sqlglot import exp
from sqlglot.errors import OptimizeError
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from harness.errors import Unsupported, WorkloadError
from harness.plan.facts.columns import fresh, repeated
from harness.plan.facts.printing import in_sql
from harness.plan.facts.typed import Expression
from harness.plan.sql.dialect import SIGNED
from harness.plan.sql.grouping import mark_grouped, write_out_all
from harness.plan.sql.joined import plainly_joined
from harness.plan.sql.nesting import tied_to_the_next
from harness.plan.sql.parse import DIALECT, first_line
from harness.plan.sql.sources import columns_of_source, ordered_by, places, sources_of
from harness.plan.sql.spellings import (
    positions_in_sets,
    quantified,
    tested_totals,
    whole_decimals,
)
from harness.types import Schema
from harness.words import folded, suggestion


def resolved(
    tree: exp.Query, schemas: Mapping[str, Schema], known: MappingSchema, names: Sequence[str]
) -> exp.Query:
    """Resolves the names in the tree, and gives the answer's columns the names ``names``.

    ``known`` is ``schemas`` in sqlglot's form.
    """
    for select in tree.find_all(exp.Select):
        _refuse_one_name(select)
        _refuse_signed_keys(select)
        _names_under_stars(select, schemas)
    plainly_joined(tree, schemas)
    for select in tree.find_all(exp.Select):
        _aliased_subqueries(select)
        _last_of_a_name(select, schemas)
    keys = list(_named_keys(tree))
    spelled = _spelled(tree, names)
    _name_order(tree, spelled)
    _name_columns(tree, spelled)
    _first_names_of_units(tree)
    positions_in_sets(tree)
    whole_decimals(tree)
    quantified(tree)
    for select in tree.find_all(exp.Select):
        write_out_windows(select)
    try:
        tree = qualify(tree, schema=known, dialect=DIALECT, quote_identifiers=False)
    except OptimizeError as error:
        read = {table.name for table in tree.find_all(exp.Table)}
        own = {name: schema for name, schema in schemas.items() if name in read}
        raise _explained(error, own) from None
    _name_columns(tree, names)
    _unlike_in_sets(tree)
    _places_in_order(tree)
    for key, item in keys:
        key.set("this", exp.column(item.alias))
    for select in tree.find_all(exp.Select):
        _aliases_left(select, schemas)
        write_out_all(select)
        mark_grouped(select)
    tested_totals(tree)
    tied_to_the_next(tree, schemas)
    return tree


def _refuse_one_name(select: exp.Select) -> None:
    """Raises Unsupported for two sources of one name, as in ``t join t using (id)``."""
    if name := repeated([source.alias_or_name for source in sources_of(select)]):
        raise Unsupported(f"two tables or subqueries of one FROM that are called {name!r}")


def _refuse_signed_keys(select: exp.Select) -> None:
    """Raises Unsupported for ``order by +b`` where b is an alias: DuckDB means a column b."""
    order = select.args.get("order")
    for key in order.expressions if order else ():
        if key.this.meta.get(SIGNED) and key.this.name in select.named_selects:
            raise Unsupported("a plus sign before a key of ORDER BY", in_sql(key.this))


def _names_under_stars(select: exp.Select, schemas: Mapping[str, Schema]) -> None:
    """Raises Unsupported if a star stands for two columns of one name."""
    if any(item.is_star for item in select.selects):
        for source in sources_of(select):
            if name := repeated(columns_of_source(source, schemas) or []):
                raise Unsupported(f"two columns called {name!r} in a subquery", in_sql(source))


def _aliased_subqueries(select: exp.Select) -> None:
    """Gives scalar subqueries an alias, without which ``order by 1`` may mean a wrong column."""
    for place, item in enumerate(select.selects):
        if isinstance(item, exp.Subquery) and not item.alias:
            item.replace(exp.Alias(this=item.copy(), alias=exp.to_identifier(f"_col_{place}")))


def _last_of_a_name(select: exp.Select, schemas: Mapping[str, Schema]) -> None:
    """Resolves an alias that is given twice to the last one, unless a source has that column.

    ``select -n as a, 2 as a, a + 1`` gives 3 for ``a + 1``.
    """
    named = [item for item in select.selects if isinstance(item, exp.Alias)]
    values = {item.alias: item.this for item in named}
    if len(values) == len(named):
        return
    for source in sources_of(select):
        for name in columns_of_source(source, schemas) or values.copy():
            values.pop(name, None)
    for column in [c for c in select.find_all(exp.Column) if not c.table and c.name in values]:
        if column.parent_select is select and not isinstance(column.parent, exp.Ordered):
            column.replace(exp.paren(values[column.name].copy()))


def _named_keys(tree: exp.Query) -> Iterator[tuple[Expression, Expression]]:
    """Yields ORDER BY keys that name an item of the SELECT list, with the last item of that name.

    An item comes before a source's column; ``* replace (-a as a)`` is an item, too. The ORDER BY of
    the whole query is resolved by the answer's names instead.
    """
    for select in tree.find_all(exp.Select):
        stars = [item for item in select.selects if isinstance(item, exp.Star)]
        items = [value for star in stars for value in star.args.get("replace") or []]
        if select is not tree:
            items += [item for item in select.selects if isinstance(item, exp.Alias)]
        named = {item.alias: item for item in items}
        order = select.args.get("order")
        for key in order.expressions if order is not None else ():
            name = key.this
            if isinstance(name, exp.Column) and not name.table and name.name in named:
                yield key, named[name.name]


def _spelled(tree: exp.Query, names: Sequence[str]) -> list[str]:
    """Returns the names as the tree's SELECT list spells them, where only the case differs.

    For ``select a`` the names ``["A"]`` become ``["a"]``.
    """
    own = {folded(item.alias_or_name): item.alias_or_name for item in tree.selects}
    return [own.get(folded(name), name) for name in names]


def _name_order(tree: exp.Query, names: Sequence[str]) -> None:
    """Changes the tree in place: ORDER BY keys that name a column of the answer use its name."""
    where = places(tree.selects, len(names))
    for key in _bare_keys(tree):
        found = ordered_by(key.name, tree)
        if found is not None and (place := where[found]) is not None:
            key.set("this", exp.to_identifier(names[place], quoted=True))


def _bare_keys(tree: exp.Query) -> list[exp.Column]:
    """Returns the ORDER BY keys that are names without a table."""
    order = tree.args.get("order")
    keys = [key.this for key in order.expressions] if order is not None else []
    return [key for key in keys if isinstance(key, exp.Column) and not key.table]


def _name_columns(tree: exp.Query, names: Sequence[str]) -> None:
    """Changes the tree in place: the SELECT list's items get the names of the answer's columns.

    Stars, and items whose place in the answer is not known, keep their names. ORDER BY keys that
    use an old name get the new one.
    """
    items, changed = tree.selects, dict[str, str]()
    for item, place in zip(items, places(items, len(names)), strict=True):
        if place is None:
            continue
        name = exp.to_identifier(names[place], quoted=True)
        if item.alias_or_name not in names:
            changed.setdefault(item.alias_or_name, names[place])
        if isinstance(item, exp.Alias):
            item.set("alias", name)
        else:
            item.replace(exp.alias_(item.copy(), name))
    for key in _bare_keys(tree):
        if key.name in changed:
            key.set("this", exp.to_identifier(changed[key.name], quoted=True))


def _unlike_in_sets(tree: exp.Query) -> None:
    """Changes the tree in place: no later query of a set operation has a name for two columns.

    The names are those of its first query: nothing reads the others.
    """
    for query in tree.find_all(exp.SetOperation):
        names = [item.alias for item in query.expression.selects]
        for place, item in enumerate(query.expression.selects):
            if item.alias in names[:place]:
                names[place] = fresh(item.alias, {*names})
                item.set("alias", exp.to_identifier(names[place], quoted=True))


def _places_in_order(query: exp.Query) -> None:
    """Replaces positions in ORDER BY by names.

    sqlglot has done so before, unless a star has two columns of one name.
    """
    order = query.args.get("order")
    for key in order.expressions if order is not None else ():
        if isinstance(key.this, exp.Literal) and key.this.is_int:
            key.set("this", exp.column(query.selects[int(key.this.name) - 1].alias_or_name))


def _aliases_left(select: exp.Select, schemas: Mapping[str, Schema]) -> None:
    """Resolves the names that sqlglot leaves inside ORDER BY, HAVING and QUALIFY.

    In an ORDER BY expression that is a source's column, else an item's alias. In the others it is
    the alias of a number.
    """
    values = {item.alias_or_name: item.unalias() for item in select.selects}
    order = select.args.get("order")
    keys = order.expressions if order else []
    keys = [key for key in keys if not isinstance(key.this, exp.Column)]
    for column in [c for key in keys for c in _unresolved(key)]:
        owners = [
            source.alias_or_name
            for source in sources_of(select)
            if column.name in (columns_of_source(source, schemas) or ())
        ]
        if owners:
            column.set("table", exp.to_identifier(owners[0]))
        elif column.name in values:
            column.replace(exp.paren(values[column.name].copy()))
    for clause in (select.args.get("having"), select.args.get("qualify")):
        for column in _unresolved(clause) if clause else ():
            if (value := values.get(column.name)) is not None:
                column.replace(exp.paren(value.copy()))


def _unresolved(part: Expression) -> list[exp.Column]:
    return [column for column in part.find_all(exp.Column) if not column.table]


def write_out_windows(select: exp.Select) -> None:
    """Changes ``select`` in place: replaces ``over w`` by what the WINDOW clause calls w.

    A window of the clause may refer to one before it. A subquery has its own clause. EXCLUDE NO
    OTHERS, which changes nothing, is dropped.
    """
    named: dict[str, Expression] = {}
    for definition in select.args.get("windows") or []:
        _inherit(definition, named)
        named[definition.this.name] = definition
    definitions = {id(definition) for definition in named.values()}
    for use in list(select.find_all(exp.Window)):
        if use.parent_select is select and id(use) not in definitions:
            _inherit(use, named)
            if (spec := use.args.get("spec")) and spec.text("exclude").upper() == "NO OTHERS":
                spec.set("exclude", None)
    select.set("windows", None)


def _inherit(window: Expression, named: Mapping[str, Expression]) -> None:
    """Changes ``window`` in place: takes what it lacks from the named window it refers to.

    That is PARTITION BY, ORDER BY or the frame. ``named`` maps names to windows.
    """
    name = window.args.get("alias")
    definition = None if name is None else named.get(name.name)
    if definition is None:
        return
    for part in ("partition_by", "order", "spec"):
        value = definition.args.get(part)
        if value and not window.args.get(part):
            window.set(part, [v.copy() for v in value] if isinstance(value, list) else value.copy())
    window.set("alias", None)


def _explained(error: OptimizeError, schemas: Mapping[str, Schema]) -> WorkloadError:
    """Returns the harness's error for one of sqlglot; ``schemas`` are those of the tables read."""
    message = first_line(error)
    known = {column.name for schema in schemas.values() for column in schema}
    if found := re.search(
        r"[Cc]olumn '?\"?([^'\"]+?)'?\"? (could not be resolved|was ambiguous)", message
    ):
        name = found[1].split(".")[-1]
        several = sum(name in {column.name for column in schema} for schema in schemas.values()) > 1
        if "ambiguous" in found[2] or (several and "." not in found[1]):
            return WorkloadError(f"column {name!r} is in more than one table; say which")
        return _unknown(name, known)
    if found := re.search("Alias already used: (.+)", message):
        return WorkloadError(f"two tables or subqueries of one FROM are called {found[1]!r}")
    if found := re.search(r"Unknown column: (.+)", message):
        return _unknown(found[1], known)
    return WorkloadError(message)


def _unknown(name: str, known: Collection[str]) -> WorkloadError:
    """Returns the error of a column that cannot be found; ``known`` are the tables' columns."""
    if name in known:
        return WorkloadError(f"column {name!r} is of no table that can be read here")
    return WorkloadError(f"no column {name!r}; {suggestion(name, known, 'there are')}")


_UNITS = {
    other: unit
    for unit, others in {
        "YEAR": "Y YR YRS YEARS",
        "QUARTER": "QUARTERS",
        "MONTH": "MON MONS MONTHS",
        "WEEK": "W WEEKS WEEKOFYEAR",
        "DAY": "D DAYS DAYOFMONTH",
        "HOUR": "H HR HRS HOURS",
        "MINUTE": "M MIN MINS MINUTES",
        "SECOND": "S SEC SECS SECONDS",
        "MILLISECOND": "MS MSEC MSECS MSECOND MSECONDS MILLISECONDS",
        "MICROSECOND": "US USEC USECS USECOND USECONDS MICROSECONDS",
    }.items()
    for other in others.split()
}
"""DuckDB's other names of units of time -> their first names."""


def _first_names_of_units(tree: exp.Query) -> None:
    """Rewrites ``90 days`` to ``90 day``, and so the units of functions of dates."""
    for e in tree.find_all(exp.Interval, exp.DateDiff, exp.TimestampTrunc, exp.Extract):
        unit = e.this if isinstance(e, exp.Extract) else e.args.get("unit")
        if isinstance(unit, exp.Var):
            unit.set("this", _UNITS.get(unit.name.upper(), unit.name))
