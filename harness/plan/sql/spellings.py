"""Changes a qualified query in place: rewrites clauses to equivalent ones."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from harness.plan.facts.typed import Expression
from harness.plan.sql.grouping import mark_written_keys


def positions_in_sets(tree: Expression) -> None:
    """Replaces positions in ``rollup (1, 2)`` by the SELECT list's items.

    sqlglot does so only outside of grouping sets.
    """
    for select in tree.find_all(exp.Select):
        if (group := select.args.get("group")) is None:
            continue
        mark_written_keys(group)
        for clause in list(group.find_all(exp.Rollup, exp.Cube, exp.GroupingSets)):
            for place in [e for e in clause.find_all(exp.Literal) if e.is_int]:
                if isinstance(place.parent, (exp.Tuple, exp.Paren)) or place.parent is clause:
                    place.replace(select.selects[int(place.name) - 1].unalias().copy())


def quantified(tree: Expression) -> None:
    """Rewrites ``x = any (select …)`` to IN, ``x <> all (select …)`` to NOT IN."""
    for test in list(tree.find_all(exp.EQ, exp.NEQ)):
        rows, kind = test.expression, exp.Any if isinstance(test, exp.EQ) else exp.All
        if isinstance(rows, kind) and isinstance(rows.this, exp.Query):
            query = rows.this.unnest()
            found: Expression = exp.In(this=test.this, query=exp.Subquery(this=query))
            test.replace(found if kind is exp.Any else exp.Not(this=found))


def distinct_on(select: exp.Select) -> None:
    """Rewrites ``select distinct on (k) … order by k, x`` to a filter on a row number."""
    distinct, order = select.args.get("distinct"), select.args.get("order")
    keys = distinct.args.get("on") if distinct is not None else None
    more = any(select.args.get(clause) for clause in ("group", "having", "qualify"))
    if keys is None or order is None or more:
        return
    values = {item.alias_or_name: item.unalias() for item in select.selects}
    by = [_value_of(key, values) for key in keys.expressions]
    sorting = order.copy()
    for key in sorting.expressions:
        key.set("this", _value_of(key.this, values))
    place = exp.Window(this=exp.RowNumber(), partition_by=by, order=sorting)
    first = exp.EQ(this=place, expression=exp.Literal.number(1))
    select.set("distinct", None)
    select.set("qualify", exp.Qualify(this=first))


def _value_of(key: Expression, values: dict[str, Expression]) -> Expression:
    """Returns a copy of the expression that a key of ORDER BY or DISTINCT ON stands for.

    ``values`` maps the names of the SELECT list to their expressions.
    """
    named = isinstance(key, exp.Column) and not key.table and key.name in values
    return (values[key.name] if named else key).copy()


def tuples(select: exp.Select) -> None:
    """Compares tuples column by column: ``(a, b) = (c, d)``, ``(a, b) in (…)``.

    In tuples NULL equals NULL.
    """
    for test in list(select.find_all(exp.EQ, exp.NEQ)):
        if _are_tuples(test.this, test.expression):
            same = _same(test.this, test.expression)
            test.replace(same if isinstance(test, exp.EQ) else exp.Not(this=exp.paren(same)))
    for listed in list(select.find_all(exp.In)):
        if listed.expressions and _are_tuples(listed.this, *listed.expressions):
            same = exp.or_(*(_same(listed.this, member) for member in listed.expressions))
            listed.replace(exp.paren(same))
    for clause in ("where", "having", "qualify"):
        for member in _required(select.args.get(clause)):
            if isinstance(member.this, exp.Tuple) and member.args.get("query") is not None:
                member.replace(_exists(member))


def _are_tuples(*expressions: Expression) -> bool:
    lengths = {len(e.expressions) for e in expressions if isinstance(e, exp.Tuple)}
    return len(lengths) == 1 and all(isinstance(e, exp.Tuple) for e in expressions)


def _same(left: Expression, right: Expression) -> Expression:
    pairs = zip(left.expressions, right.expressions, strict=True)
    return exp.and_(*(exp.NullSafeEQ(this=a.copy(), expression=b.copy()) for a, b in pairs))


def _required(clause: Expression | None) -> Iterator[exp.In]:
    """Yields the IN tests of a WHERE or similar clause that must be true for a row to stay."""
    condition = None if clause is None else clause.this
    parts = condition.flatten() if isinstance(condition, exp.And) else [condition]
    return (part for part in list(parts) if isinstance(part, exp.In))


def _exists(test: exp.In) -> Expression:
    """Rewrites ``(a, b) in (select …)`` to EXISTS; a NULL matches nothing."""
    query, alias = test.args["query"].unnest(), "members"
    names = [item.alias_or_name for item in query.selects]
    rows = exp.select("1").from_(exp.Subquery(this=query, alias=exp.TableAlias(this=alias)))
    pairs = zip(test.this.expressions, names, strict=True)
    same = (exp.EQ(this=value.copy(), expression=exp.column(name, alias)) for value, name in pairs)
    return exp.Exists(this=rows.where(*same))
