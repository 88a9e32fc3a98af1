"""Rewrites USING, and joins after a comma in FROM, to joins with ON, from left to right.

JOIN binds closer than a comma. USING joins the sources since the last comma. Its column is one
column of both sides: the left side's, after RIGHT the right side's, after FULL the first that is
not NULL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from harness.errors import Unsupported
from harness.plan.facts.columns import fresh
from harness.plan.facts.printing import in_sql
from harness.plan.facts.typed import Expression
from harness.plan.sql.sources import (
    Entry,
    Shown,
    columns_of_source,
    comma_items,
    quoted,
    sources_of,
    star_columns,
)
from harness.types import Schema
from harness.words import folded


@dataclass(frozen=True)
class Several:
    """Columns of several sources that USING merged into one.

    Its value is the column ``own``, or if that is None the first of ``columns`` that is not NULL.
    """

    columns: tuple[Expression, ...]
    own: Expression | None

    def value(self) -> Expression:
        if self.own is not None:
            return self.own.copy()
        first, *others = [column.copy() for column in self.columns]
        return exp.Coalesce(this=first, expressions=others)

    def joined(self, side: str, right: Expression) -> Several:
        """Returns this column merged with ``right``, the column of a join's right side.

        ``side`` is the join's: after RIGHT the value is ``right``, after FULL the first that is
        not NULL, else this column's.
        """
        own = right if side == "RIGHT" else None if side == "FULL" else self.own
        return Several((*self.columns, right), own)


Merged = dict[str, Several]
"""Name in USING -> the columns merged under it."""
_OUTPUTS_FIRST = ("order", "distinct")
"""Clauses where a bare name means a column of the SELECT list before one of a table."""
_KEEPING_RIGHT = ("RIGHT", "FULL")
_LEFT_ONLY = ("SEMI", "ANTI")
"""Joins that give only columns of their left side."""


def plainly_joined(tree: exp.Query, schemas: Mapping[str, Schema]) -> None:
    """Changes the tree in place: USING becomes ON; RIGHT and FULL joins after a comma go first.

    Also writes out the stars and column names that these changes affect. Raises Unsupported if it
    is not known which table has a column of USING.
    """
    for select in list(tree.find_all(exp.Select)):
        items = comma_items(select)
        keeping = [any(_keeps_right(join) for _, join in item) for item in items]
        using = any(join is not None and join.args.get("using") for i in items for _, join in i)
        if using or any(keeping[1:]):
            _name_sources(select)
            stars = star_columns(select, schemas)
            merged = [_by_conditions(item, select, schemas) for item in items]
            _write_out(select, merged, stars, schemas)
        if any(keeping[1:]):
            _to_the_front(select, items, keeping)


def _keeps_right(join: exp.Join | None) -> bool:
    return join is not None and join.side in _KEEPING_RIGHT


def _name_sources(select: exp.Select) -> None:
    """Gives derived tables without an alias one, so that their columns can be qualified."""
    taken = {folded(source.alias_or_name) for source in sources_of(select)}
    for source in sources_of(select):
        if not source.alias_or_name:
            name = fresh("rows", taken)
            taken.add(name)
            source.set("alias", exp.TableAlias(this=quoted(name)))


def _by_conditions(
    item: Sequence[Entry], select: exp.Select, schemas: Mapping[str, Schema]
) -> Merged:
    """Changes ``item``, one of FROM's entries between commas with its joins: USING becomes ON.

    Returns the columns that USING merges, by their names.
    """
    merged: Merged = {}
    before: list[Expression] = []
    for source, join in item:
        if join is not None and join.args.get("on") is not None:
            _replace_merged(join.args["on"], merged, select, schemas)
        names = [] if join is None else [key.name for key in join.args.get("using") or []]
        equal: list[Expression] = []
        for name in names:
            left, right = _left(name, merged, before, schemas), _column(name, source)
            compared = exp.GTE if _is_nearest(join, name) else exp.EQ
            equal.append(compared(this=left.value(), expression=right))
            if join is not None and join.kind not in _LEFT_ONLY:
                merged[name] = left.joined(join.side, right)
        if join is not None and names:
            join.set("using", None)
            join.set("on", exp.and_(*equal))
        if join is None or join.kind not in _LEFT_ONLY:
            before.append(source)
    return merged


def _is_nearest(join: exp.Join | None, name: str) -> bool:
    """True if ``name`` is the last one in USING of an ASOF JOIN: it means ``>=``, others ``=``."""
    if join is None or join.method != "ASOF":
        return False
    return bool(join.args["using"][-1].name == name)


def _left(
    name: str, merged: Merged, before: Sequence[Expression], schemas: Mapping[str, Schema]
) -> Several:
    """Returns the column that a name in USING means on the join's left side.

    ``merged`` holds the columns that USING has merged so far, ``before`` the sources on that side.
    Raises Unsupported if it is not known which of the sources has the column.
    """
    if name in merged:
        return merged[name]
    known = [columns_of_source(source, schemas) for source in before]
    owners = [s for s, names in zip(before, known, strict=True) if names is None or name in names]
    if len(owners) != 1:
        raise Unsupported("USING of a column that is not known to be in one table", name)
    own = _column(name, owners[0])
    return Several((own,), own)


def _column(name: str, source: Expression) -> Expression:
    return exp.column(quoted(name), quoted(source.alias_or_name))


def _write_out(
    select: exp.Select,
    merged: Sequence[Merged],
    stars: Sequence[Shown] | None,
    schemas: Mapping[str, Schema],
) -> None:
    """Replaces stars, and names of USING, by the columns that they mean, in the whole SELECT.

    ``stars`` are the columns that ``*`` stands for, None if they are not known.
    """
    _write_out_stars(select, merged, stars)
    every = {name: several for names in merged for name, several in names.items()}
    outputs = frozenset(item.alias_or_name for item in select.selects)
    for clause, value in select.args.items():
        if clause not in ("from_", "joins", "with_"):
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, Expression):
                    outputs_here = outputs if clause in _OUTPUTS_FIRST else frozenset()
                    _replace_merged(part, every, select, schemas, outputs_here)


def _write_out_stars(
    select: exp.Select, merged: Sequence[Merged], columns: Sequence[Shown] | None
) -> None:
    """Replaces ``*`` in the SELECT list by ``columns``; raises Unsupported if these are None."""
    items: list[Expression] = []
    for item in select.expressions:
        if not isinstance(item, exp.Star):
            items.append(item)
            continue
        left_out = item.args.get("except_") or []
        if columns is None or any(isinstance(e, exp.Column) and e.table for e in left_out):
            raise Unsupported("a star over USING", in_sql(select))
        gone = {e.name for e in left_out}
        other = {e.alias: e for e in item.args.get("replace") or []}
        for source, name, number in columns:
            if name in other:
                items.append(other[name].copy())
            elif name not in gone and source is not None:
                items.append(_column(name, source))
            elif name not in gone:
                items.append(exp.alias_(merged[number][name].value(), quoted(name)))
    select.set("expressions", items)


def _replace_merged(
    part: Expression,
    merged: Merged,
    select: exp.Select,
    schemas: Mapping[str, Schema],
    outputs: frozenset[str] = frozenset(),
) -> None:
    """Replaces names of USING in a part of a SELECT, and in its subqueries, by their columns.

    ``merged`` maps these names to columns. A key of ORDER BY or DISTINCT ON that is a name in
    ``outputs``, of the SELECT list, is left.
    """
    for column in list(part.find_all(exp.Column)):
        value = None if column.table else merged.get(column.name)
        if value is None or _is_nearer(column, select, schemas):
            continue
        if column.name in outputs and _is_key(column, select):
            continue
        if column.parent is select:
            column.replace(exp.alias_(value.value(), quoted(column.name)))
        else:
            column.replace(value.value())


def _is_key(column: exp.Column, select: exp.Select) -> bool:
    """True if a column without a table is a key of this SELECT's ORDER BY or DISTINCT ON."""
    key = column.parent if isinstance(column.parent, (exp.Ordered, exp.Tuple)) else column
    clause = None if key is None else key.parent
    return clause is not None and clause.parent is select


def _is_nearer(column: exp.Column, select: exp.Select, schemas: Mapping[str, Schema]) -> bool:
    """True if a subquery around the column has, or may have, a column of this name."""
    query = column.parent_select
    while query is not None and query is not select:
        for source in sources_of(query):
            names = columns_of_source(source, schemas)
            if names is None or column.name in names:
                return True
        query = query.parent_select
    return False


def _to_the_front(
    select: exp.Select, items: Sequence[Sequence[Entry]], keeping: Sequence[bool]
) -> None:
    """Changes ``select`` in place: the entry of FROM that has a RIGHT or FULL join comes first.

    ``items`` are the entries with their joins; ``keeping`` says of each if it has such a join.
    Raises Unsupported if several have.
    """
    if sum(keeping) > 1:
        raise Unsupported("RIGHT or FULL joins on both sides of a comma", in_sql(select))
    joins: list[Expression] = []
    for _, item in sorted(zip(keeping, items, strict=True), key=lambda pair: not pair[0]):
        (first, _), *others = item
        joins += [exp.Join(this=first), *(join for _, join in others if join is not None)]
    select.args["from_"].set("this", joins[0].this)
    select.set("joins", joins[1:])
