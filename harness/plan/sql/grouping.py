"""Reads GROUP BY: its grouping sets, and whether a query is grouped."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from sqlglot import exp

from harness.errors import Unsupported
from harness.plan.facts.printing import in_sql
from harness.plan.facts.typed import Expression
from harness.plan.sql.sources import sources_of

_GROUPED, _WRITTEN = "grouped", "written"
_ONLY_TOTAL = exp.GroupingSets(expressions=[exp.Tuple()])


def mark_grouped(select: exp.Select) -> None:
    """Changes ``select`` in place: marks it as grouped if it has GROUP BY, HAVING or aggregates.

    So :func:`is_grouped` is True of it even if its aggregates are simplified away.
    """
    group = select.args.get("group")
    clauses = group or select.args.get("having")
    if clauses or any(has_aggregate(item) for item in select.selects):
        select.meta[_GROUPED] = True
    if group is not None:
        _without_empty_keys(select, group)


def _without_empty_keys(select: exp.Select, group: exp.Group) -> None:
    """Changes ``select`` in place: ``group by k, ()`` is by k, and ``group by ()`` a total.

    So is ``group by grouping sets (())``.
    """
    clauses = [
        clause for value in group.args.values() if isinstance(value, list) for clause in value
    ]
    keys = [key for key in clauses if key != exp.Tuple() and key != _ONLY_TOTAL]
    if keys and len(keys) < len(clauses):
        group.set("expressions", [key for key in group.expressions if key in keys])
    elif clauses and not keys:
        select.set("group", None)


def is_grouped(select: exp.Select) -> bool:
    return bool(select.meta.get(_GROUPED))


def is_total(select: exp.Select) -> bool:
    """True for aggregates of all rows, which are one row that nothing but HAVING may drop."""
    more = ("group", "qualify", "limit", "offset")
    return is_grouped(select) and not any(select.args.get(clause) for clause in more)


def has_aggregate(e: Expression) -> bool:
    """True if the expression contains an aggregate, other than as a window's function."""
    if isinstance(e, exp.AggFunc):
        return True
    children = list(e.iter_expressions())
    if isinstance(e, exp.Window):
        function = e.this
        children.remove(function)
        while isinstance(function, _AROUND):
            around, function = function, function.this
            children += [part for part in around.iter_expressions() if part is not function]
        children += function.iter_expressions()
    return not isinstance(e, exp.Query) and any(has_aggregate(child) for child in children)


def has_subquery(e: Expression) -> bool:
    return e.find(exp.Query, exp.Exists) is not None


def aggregates_with_subqueries(
    select: exp.Select, clauses: Sequence[Expression]
) -> list[Expression]:
    """Returns the aggregates of a SELECT whose arguments, values of its rows, have subqueries."""
    own = [a for e in clauses for a in e.find_all(exp.AggFunc) if a.parent_select is select]
    return [a for a in own if not isinstance(a.parent, exp.Window) and has_subquery(a)]


_AROUND = (exp.Filter, exp.WithinGroup, exp.IgnoreNulls, exp.RespectNulls)
"""Expressions that may stand between a window and its function."""


def mark_written_keys(group: exp.Group) -> None:
    """Marks ``group`` with the number of different keys as written, which `written_keys` returns.

    Writes out ROLLUP and CUBE as GROUPING SETS if a key is a tuple or occurs twice. DuckDB takes
    ``k``, ``t.k``, an alias of k and the position of k in the SELECT list for different keys.
    """
    sets = grouping_sets(group) or []
    group.meta[_WRITTEN] = len({_written(key) for chosen in sets for key in chosen})
    for clause in list(group.find_all(exp.Rollup, exp.Cube)):
        keys = max(_sets(clause), key=len)
        composite = any(isinstance(key, exp.Tuple) for key in clause.expressions)
        if composite or len({_written(key) for key in keys}) < len(keys):
            clause.replace(exp.GroupingSets(expressions=[_once(s) for s in _sets(clause)]))


def written_keys(group: exp.Group) -> int:
    return int(group.meta.get(_WRITTEN, 0))


def _once(keys: list[Expression]) -> exp.Tuple:
    return exp.Tuple(expressions=[e.copy() for e in {_written(e): e for e in keys}.values()])


def _written(key: Expression) -> str:
    return key.unnest().sql().lower()


def grouping_sets(group: exp.Group) -> list[list[Expression]] | None:
    """Returns the key sets of ROLLUP, CUBE or GROUPING SETS; None for a plain GROUP BY.

    rollup(a, b) = [[a, b], [a], []]
    """
    clauses = (exp.Rollup, exp.Cube, exp.GroupingSets)
    plain = [e for e in group.expressions if not isinstance(e, clauses)]
    found = [e for e in group.expressions if isinstance(e, clauses)]
    for kind in ("rollup", "cube", "grouping_sets"):
        found += group.args.get(kind) or []
    if len(found) > 1:
        raise Unsupported("several grouping sets beside each other", in_sql(group))
    return [plain + chosen for chosen in _sets(found[0])] if found else None


def keys_of(select: exp.Select) -> list[Expression]:
    """Returns the keys of GROUP BY; those in several grouping sets are repeated."""
    group = select.args.get("group")
    if group is None:
        return []
    sets = grouping_sets(group)
    return group.expressions if sets is None else list(itertools.chain(*sets))


def write_out_all(select: exp.Select) -> None:
    """Changes ``select`` in place: GROUP BY ALL becomes GROUP BY its keys; without any it goes.

    The keys are the items of the SELECT list that have no aggregate and read a column of FROM. So
    ``select 1, count(*) … group by all`` is a total, and ``select 1 … group by all`` all rows. The
    columns must be qualified.
    """
    group = select.args.get("group")
    if group is None or not group.args.get("all"):
        return
    items = [item.unalias() for item in select.selects]
    keys = [e.copy() for e in items if not _own_aggregate(e, select) and _reads_row(e, select)]
    select.set("group", exp.Group(expressions=keys) if keys else None)


def _reads_row(e: Expression, select: exp.Select) -> bool:
    """True if an expression of a SELECT has a column of its FROM, also within a subquery."""
    for column in e.find_all(exp.Column):
        scope = column.parent_select
        while scope and scope is not select and column.table not in _names_in_from(scope):
            scope = scope.parent_select
        if scope is select and column.table in _names_in_from(select):
            return True
    return False


def _names_in_from(select: exp.Select) -> set[str]:
    return {source.alias_or_name for source in sources_of(select)}


def _own_aggregate(e: Expression, select: exp.Select) -> bool:
    """True if the expression has an aggregate outside of its subqueries."""
    return any(found.parent_select is select for found in e.find_all(exp.AggFunc))


def _sets(clause: Expression) -> list[list[Expression]]:
    keys = [_members(key) for key in clause.expressions]
    if isinstance(clause, exp.GroupingSets):
        return keys
    sizes = range(len(keys), -1, -1)
    if isinstance(clause, exp.Rollup):
        return [list(itertools.chain(*keys[:size])) for size in sizes]
    chosen = (some for size in sizes for some in itertools.combinations(keys, size))
    return [list(itertools.chain(*some)) for some in chosen]


def _members(key: Expression) -> list[Expression]:
    return list(key.expressions) if isinstance(key, exp.Tuple) else [key]
