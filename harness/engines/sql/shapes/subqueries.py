"""Tests of subqueries for gaps."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from harness.plan.facts.printing import Expression
from harness.plan.sql.grouping import is_total


def not_in_beside_or(e: Expression) -> bool:
    """True for IN or NOT IN of a subquery below an OR, where NULLs decide the result."""
    if not isinstance(e, exp.In) or e.args.get("query") is None:
        return False
    part: Expression | None = e
    while part is not None and not isinstance(part, exp.Select):
        part = part.parent
        if isinstance(part, exp.Or):
            return True
    return False


def not_in_of_a_constant(e: Expression) -> bool:
    """True for ``5 NOT IN (select …)``, whose operand reads no column."""
    found = isinstance(e, exp.Not) and isinstance(e.this, exp.In)
    return found and e.this.args.get("query") is not None and not e.this.this.find(exp.Column)


def correlated_in_as_a_value(e: Expression) -> bool:
    """True for IN of a correlated subquery, unless it is one of the conditions that AND joins.

    NOT IN is IN with a NOT above it.
    """
    query = e.args.get("query") if isinstance(e, exp.In) else None
    if query is None or isinstance(e.parent, (exp.And, exp.Where)):
        return False
    own = {source.alias_or_name for source in query.find_all(exp.Table, exp.Subquery)}
    return any(column.table not in own for column in query.find_all(exp.Column) if column.table)


def looked_up_of_own_rows(e: Expression) -> bool:
    """True for IN of a subquery in which a correlated subquery's value is looked up."""
    if not isinstance(e, exp.In) or e.args.get("query") is None:
        return False
    return _has_own_rows(e.this)


def aggregated_of_own_rows(e: Expression) -> bool:
    """True for an aggregate of a correlated subquery: ``sum((select v … where u.k = t.k))``."""
    return isinstance(e, exp.AggFunc) and _has_own_rows(e)


def _has_own_rows(e: Expression) -> bool:
    """True if there is a correlated subquery's value in an expression."""
    return any(
        _is_tied(column, value)
        for value in e.find_all(exp.Subquery)
        for column in value.find_all(exp.Column)
        if column.table
    )


def subquery_as_value(e: Expression) -> bool:
    """True for EXISTS, or IN of a subquery, that is no condition of WHERE, HAVING, ON or QUALIFY.

    AND, OR, NOT and ``coalesce(…, false)``, which IS TRUE has become, may stand between.
    """
    if not isinstance(e, exp.Exists) and not (isinstance(e, exp.In) and e.args.get("query")):
        return False
    return not isinstance(_above_logic(e), (exp.Where, exp.Having, exp.Join, exp.Qualify))


def in_compared(e: Expression) -> bool:
    """True for IN of a subquery that is compared, or tested for NULL."""
    found = isinstance(e, exp.In) and e.args.get("query") is not None
    return found and isinstance(_above_logic(e), exp.Binary)


def _above_logic(e: Expression) -> Expression | None:
    above = e.parent
    while above and (isinstance(above, (exp.Connector, exp.Not, exp.Paren)) or _is_true(above)):
        above = above.parent
    return above


def _is_true(e: Expression | None) -> bool:
    return isinstance(e, exp.Coalesce) and e.expressions == [exp.false()]


def not_in_beside_null(e: Expression) -> bool:
    """True for ``x not in (select y …)``, or ``(x in …) = false``, where x or y may be NULL."""
    query = e.args.get("query") if isinstance(e, exp.In) else None
    if query is None or not _is_negated(e):
        return False
    values = [e.this, *(item.unalias() for item in query.unnest().selects)]
    return not all(value.meta.get(NEVER_NULL) for value in values)


def _is_negated(e: Expression) -> bool:
    """True for a condition below NOT, or one that is compared, as in ``… = false``."""
    above = e.parent
    while isinstance(above, exp.Paren):
        above = above.parent
    return isinstance(above, (exp.Not, exp.Binary)) and not isinstance(above, exp.Connector)


def tied_not_in_beside_null(e: Expression) -> bool:
    """True for ``x not in (select y …)`` of a correlated subquery where x or y may be NULL."""
    columns = e.args["query"].find_all(exp.Column) if not_in_beside_null(e) else ()
    return any(_is_tied(column, e) for column in columns if column.table)


NEVER_NULL = "never_null"
"""A key of ``meta`` that marks a table's column without NULLs, also after all joins."""


def full_join_and_subquery(e: Expression) -> bool:
    """True for a SELECT with a full join that has EXISTS, or IN of a subquery, in its WHERE."""
    where = e.args.get("where") if isinstance(e, exp.Select) else None
    if where is None or all(join.side != "FULL" for join in e.args.get("joins") or []):
        return False
    return where.find(exp.Exists, exp.Subquery) is not None


def computed_of_own_rows(e: Expression) -> bool:
    """True for a correlated subquery, as a value, that is not NULL where it finds no rows.

    A count is 0 then, but chDB gives NULL, which is right for a sum, a mean or an extreme only.
    """
    if not isinstance(e, exp.Subquery) or isinstance(e.parent, _OF_ROWS):
        return False
    query: Any = e.unnest()
    if any(_is_null_of_nothing(item.unalias()) for item in query.selects):
        return False
    return any(_is_tied(column, e) for column in e.find_all(exp.Column) if column.table)


def count_that_is_null(e: Expression) -> bool:
    """True for a correlated subquery, as a value, that asks whether a count is NULL."""
    if not isinstance(e, exp.Subquery) or isinstance(e.parent, _OF_ROWS):
        return False
    asked = any(isinstance(test.this.unnest(), exp.Count) for test in e.find_all(exp.Is))
    return asked and any(_is_tied(column, e) for column in e.find_all(exp.Column) if column.table)


_OF_ROWS = (exp.From, exp.Join, exp.SetOperation, exp.In)


def never_null_of_no_rows(e: Expression) -> bool:
    """True for a subquery, as a value, that is NULL only where it has no row.

    ``(select count(*) … group by k) is null`` may be true, though a count is never NULL.
    """
    if not isinstance(e, exp.Subquery) or isinstance(e.parent, (*_OF_ROWS, exp.Lateral)):
        return False
    query: Any = e.unnest()
    if is_total(query) and query.args.get("having") is None:
        return False
    return any(_is_never_null(item.unalias()) for item in query.selects)


def _is_never_null(e: Expression) -> bool:
    if isinstance(e, (exp.Paren, exp.Cast, exp.Not, exp.Neg)):
        return _is_never_null(e.this)
    if isinstance(e, exp.Window):
        return isinstance(e.this, (exp.Count, exp.RowNumber, exp.Rank, exp.DenseRank))
    if isinstance(e, exp.Coalesce):
        return any(map(_is_never_null, (e.this, *e.expressions)))
    if isinstance(e, exp.Binary) and not isinstance(e, exp.Is):
        return _is_never_null(e.this) and _is_never_null(e.expression)
    return isinstance(e, (exp.Literal, exp.Boolean, exp.Count, exp.Is, exp.Exists))


def _is_null_of_nothing(e: Expression) -> bool:
    """True for a value that is NULL without rows: a sum, a mean or an extreme.

    So is one that ``+``, ``-``, ``*`` or ``/`` computes of such a value.
    """
    if isinstance(e, (exp.Mul, exp.Add, exp.Sub, exp.Div)):
        return any(map(_is_null_of_nothing, (e.this, e.expression)))
    if isinstance(e, (exp.Paren, exp.Cast)):
        return _is_null_of_nothing(e.this)
    return type(e) in (exp.Sum, exp.Avg, exp.Min, exp.Max)


def _is_tied(column: exp.Column, query: Expression) -> bool:
    """True if a column within a query belongs to a query around it."""
    part: Any = column
    while part is not query:
        part = part.parent
        if isinstance(part, exp.Select):
            joined = [join.this for join in part.args.get("joins") or []]
            first = part.args.get("from_")
            sources = [*joined, *([] if first is None else [first.this])]
            if column.table in {source.alias_or_name for source in sources}:
                return False
    return True


def tied_window(e: Expression) -> bool:
    """True for a window in a correlated subquery."""
    select = e.parent_select if isinstance(e, exp.Window) else None
    if select is None:
        return False
    return any(_is_tied(column, select) for column in select.find_all(exp.Column) if column.table)


def key_with_subquery(e: Expression) -> bool:
    """True for GROUP BY with a subquery in a key."""
    return isinstance(e, exp.Group) and e.find(exp.Query) is not None
