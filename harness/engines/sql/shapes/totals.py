"""Tests of aggregates over all rows for gaps."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from harness.engines.sql.rules import is_constant, leaves
from harness.plan.facts.printing import Expression
from harness.plan.sql.grouping import has_aggregate


def sums_of_joined_constants(e: Expression) -> bool:
    """True for a SELECT over all rows of a join whose aggregates are sums of constant columns.

    ``select sum(one) from (select k, 1 as one from t) a join u on a.k = u.k``
    """
    if not isinstance(e, exp.Select) or e.args.get("group") is not None:
        return False
    totals = _aggregates(e)
    columns = [total.this for total in totals if isinstance(total, exp.Sum)]
    if not columns or len(columns) < len(totals):
        return False
    scope = next(scope for scope in traverse_scope(e.root()) if scope.expression is e)
    return all(isinstance(c, exp.Column) and _is_joined_constant(c, scope, False) for c in columns)


def _aggregates(select: exp.Select) -> list[Expression]:
    """Returns a SELECT's own aggregates, each with its FILTER; windows' functions are none."""
    parts = [*select.selects, *filter(None, [select.args.get("having")])]
    found = [f for part in parts for f in part.find_all(exp.AggFunc) if f.parent_select is select]
    filtered = [f.parent if isinstance(f.parent, exp.Filter) else f for f in found]
    return [f for f in filtered if not isinstance(f.parent, exp.Window)]


def _is_joined_constant(column: exp.Column, scope: Scope, joined: bool) -> bool:
    """True for a column that is a constant in a table of a join at ``scope`` or below it.

    ``joined`` says that there was a join above.
    """
    joined |= _joins(scope.expression)
    source = scope.sources.get(column.table)
    if not isinstance(source, Scope) or not isinstance(source.expression, exp.Query):
        return False
    selects, names = list(leaves(source.expression)), source.expression.named_selects
    if column.name not in names:
        return False
    place = names.index(column.name)
    scopes = {id(found.expression): found for found in source.traverse()}
    for select in selects:
        value = select.selects[place].unalias()
        if _changes_rows(select) or any(_changes_rows(q) for q in _sets_above(select, source)):
            return False
        if isinstance(value, exp.Column):
            if not _is_joined_constant(value, scopes[id(select)], joined):
                return False
        elif not (joined and is_constant(value)):
            return False
    return True


def _joins(select: Expression) -> bool:
    """True for a SELECT whose join has a condition."""
    joins = select.args.get("joins") or []
    return bool(joins) and any(j.args.get("on") or select.args.get("where") for j in joins)


def _changes_rows(query: exp.Query) -> bool:
    """True for groups, DISTINCT, and rows of one table that WHERE or LIMIT chooses.

    Of these DataFusion does not foretell how many there are.
    """
    if isinstance(query, exp.SetOperation):
        return not isinstance(query, exp.Union) or bool(query.args.get("distinct"))
    if any(query.args.get(clause) for clause in ("distinct", "group")):
        return True
    chosen = any(query.args.get(clause) for clause in ("where", "limit"))
    return any(map(has_aggregate, query.selects)) or (chosen and not query.args.get("joins"))


def _sets_above(select: exp.Select, source: Scope) -> list[exp.Query]:
    """Returns the set operations of a subquery that a SELECT is a side of."""
    found: list[exp.Query] = []
    query: Expression | None = select
    while query is not source.expression and query is not None:
        query = query.parent
        found += [query] if isinstance(query, exp.SetOperation) else []
    return found
