"""Changes a qualified query in place: rewrites clauses to equivalent ones."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from harness.plan.facts.typed import Expression
from harness.plan.sql.grouping import is_total, mark_written_keys


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


def whole_decimals(tree: Expression) -> None:
    """Replaces ``4.``, a decimal without digits after its point, by a cast of 4 to a decimal."""
    for number in list(tree.find_all(exp.Literal)):
        if number.name.endswith(".") and not number.is_string:
            digits = number.name.removesuffix(".")
            kind = exp.DataType.build(f"decimal({len(digits)}, 0)")
            number.replace(exp.Cast(this=exp.Literal.number(digits), to=kind))


def quantified(tree: Expression) -> None:
    """Rewrites comparisons with ANY or ALL of a subquery's values.

    ``x = any (select …)`` becomes IN, ``x <> all (select …)`` NOT IN, ``x > all (select v …)`` a
    comparison with ``(select max(v) …)``, and ``x = all (select v …)`` two, with the least, too.
    """
    for test in list(tree.find_all(exp.Any, exp.All)):
        compared, every = test.parent, isinstance(test, exp.All)
        if not isinstance(compared, exp.Binary) or not isinstance(test.this, exp.Query):
            continue
        value, rows = compared.this, test.this.unnest()
        if isinstance(compared, exp.NEQ if every else exp.EQ):
            found: Expression = exp.In(this=value, query=exp.Subquery(this=rows))
            compared.replace(exp.Not(this=found) if every else found)
        elif isinstance(compared, (exp.EQ, exp.NEQ, *_INVERSE)):
            compared.replace(exp.paren(_of_every(compared, value, rows, every)))


def tested_totals(tree: Expression) -> None:
    """Rewrites IN and EXISTS of a total of all rows, which has one row.

    ``x in (select max(v) …)`` becomes ``x = (select max(v) …)``, EXISTS the truth of HAVING.
    """
    for test in list(tree.find_all(exp.In, exp.Exists)):
        rows = test.this if isinstance(test, exp.Exists) else test.args.get("query")
        rows = rows.unnest() if isinstance(rows, exp.Query) else None
        if not isinstance(rows, exp.Select) or rows.args.get("with_") or not is_total(rows):
            continue
        having = rows.args.get("having")
        if isinstance(test, exp.Exists):
            test.replace(exp.true() if having is None else _is_true(rows, having.this))
        elif having is None and not isinstance(test.this, exp.Tuple):
            equal = exp.EQ(this=test.this, expression=exp.Subquery(this=rows))
            test.replace(exp.paren(equal, copy=False))


def _is_true(rows: exp.Select, condition: Expression) -> Expression:
    """Returns the test that a condition on a total of all rows is true."""
    rows.set("expressions", [exp.alias_(condition, "found")])
    for clause in ("having", "order", "distinct"):
        rows.set(clause, None)
    return exp.Coalesce(this=exp.Subquery(this=rows), expressions=[exp.false()])


_INVERSE: dict[type[Expression], type[exp.Binary]] = {
    exp.LT: exp.GTE,
    exp.LTE: exp.GT,
    exp.GT: exp.LTE,
    exp.GTE: exp.LT,
}
"""Comparison -> its negation."""


def _of_every(compared: exp.Binary, value: Expression, rows: Expression, every: bool) -> Expression:
    """Returns the test that ``value`` compares so with any row's value; if ``every``, with all.

    It is decided by the least or the greatest one, or both, else NULL where a NULL is on either
    side; of no rows all compare so, and none.
    """
    tests: list[tuple[type[exp.Binary], type[exp.AggFunc]]] = [(exp.LT, exp.Max), (exp.GT, exp.Min)]
    if type(compared) in _INVERSE:
        greatest = isinstance(compared, (exp.LT, exp.LTE)) != every
        kind = _INVERSE[type(compared)] if every else type(compared)
        tests = [(kind, exp.Max if greatest else exp.Min)]
    decided = exp.or_(
        *(test(this=value.copy(), expression=_over(rows, e(this=_VALUE))) for test, e in tests)
    )
    none = exp.EQ(this=_over(rows, exp.Count(this=exp.Star())), expression=_ZERO)
    lacking = _over(rows, exp.CountIf(this=exp.Is(this=_VALUE, expression=exp.null())))
    known = exp.Not(this=exp.Is(this=value.copy(), expression=exp.null()))
    otherwise = none.or_(exp.and_(known, exp.EQ(this=lacking, expression=_ZERO)))
    branches = ((decided, not every), (otherwise, every))
    return exp.Case(
        ifs=[exp.If(this=test, true=exp.Boolean(this=truth)) for test, truth in branches]
    )


_VALUE = exp.column("value", "quantified")
_ZERO = exp.Literal.number(0)


def _over(rows: Expression, aggregate: Expression) -> Expression:
    """Returns a scalar subquery: an aggregate of `_VALUE`, the only column of ``rows``."""
    rows, alias = rows.copy(), exp.TableAlias(this=_VALUE.args["table"].copy())
    if not isinstance(rows, exp.Select) or rows.selects[0].is_star:
        alias.set("columns", [_VALUE.this.copy()])
    elif any(rows.args.get(c) for c in _MORE_THAN_ROWS) or rows.find(exp.AggFunc, exp.Window):
        rows.selects[0].replace(exp.alias_(rows.selects[0].unalias(), _VALUE.this.copy()))
    else:
        query = rows.select(_with_value(aggregate, rows.selects[0].unalias()), append=False)
        query.set("order", None)
        return exp.Subquery(this=query)
    inner = exp.Subquery(this=rows, alias=alias)
    return exp.Subquery(this=exp.select(aggregate.copy()).from_(inner))


_MORE_THAN_ROWS = ("group", "having", "qualify", "distinct", "limit", "offset", "with_")
"""Clauses of a SELECT after which an aggregate in its list would mean something else."""


def _with_value(aggregate: Expression, value: Expression) -> Expression:
    found: Expression = aggregate.copy()
    for column in list(found.find_all(exp.Column)):
        column.replace(value.copy())
    return found


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
    """Compares tuples column by column: with ``=``, ``<``, ``between``, ``in (…)`` and the like.

    In tuples NULL equals NULL, and is greater than all else.
    """
    for between in list(select.find_all(exp.Between)):
        low, high = between.args["low"], between.args["high"]
        if _are_tuples(between.this, low, high):
            not_below = exp.GTE(this=between.this.copy(), expression=low.copy())
            not_above = exp.LTE(this=between.this.copy(), expression=high.copy())
            between.replace(exp.paren(exp.And(this=not_below, expression=not_above)))
    for order in list(select.find_all(*_ORDERING)):
        if _are_tuples(order.this, order.expression):
            less, strict = _ORDERING[type(order)]
            left, right = order.this.expressions, order.expression.expressions
            condition = _before(left, right, strict) if less else _before(right, left, strict)
            order.replace(exp.paren(condition))
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
            query = member.args.get("query")
            wanted = len(member.this.expressions) if isinstance(member.this, exp.Tuple) else 0
            if query is not None and wanted and wanted == len(query.unnest().selects):
                member.replace(_exists(member))


def _are_tuples(*expressions: Expression) -> bool:
    lengths = {len(e.expressions) for e in expressions if isinstance(e, exp.Tuple)}
    return len(lengths) == 1 and all(isinstance(e, exp.Tuple) for e in expressions)


_ORDERING = {
    exp.LT: (True, True),
    exp.LTE: (True, False),
    exp.GT: (False, True),
    exp.GTE: (False, False),
}
"""Comparisons by order: whether the left side is to come first, and whether equality fails."""


def _before(left: list[Expression], right: list[Expression], strict: bool) -> Expression:
    """Returns the condition, true or false, that a tuple comes before another one.

    ``(a, b) < (c, d)`` is ``a < c or a = c and b < d``. If ``strict``, equal tuples do not.
    """
    a, b = left[0], right[0]
    if len(left) == 1:
        return _less(a, b, strict)
    first, second = (a, b) if a.find(exp.Column) else (b, a)
    same = exp.NullSafeEQ(this=first.copy(), expression=second.copy())
    return exp.or_(_less(a, b, True), exp.and_(same, _before(left[1:], right[1:], strict)))


def _less(a: Expression, b: Expression, strict: bool) -> Expression:
    """Returns ``a < b``, or ``a <= b`` if not ``strict``, as true or false; NULL comes last."""
    ends: list[Expression] = (
        [exp.Is(this=b.copy(), expression=exp.null())] if _may_be_null(b) else []
    )
    if strict and ends and _may_be_null(a):
        ends.append(exp.Not(this=exp.Is(this=a.copy(), expression=exp.null())))
    compared = (exp.LT if strict else exp.LTE)(this=a.copy(), expression=b.copy())
    last = exp.and_(*ends) if ends else exp.false()
    return (
        last if exp.Null in (type(a), type(b)) else exp.Coalesce(this=compared, expressions=[last])
    )


def _may_be_null(e: Expression) -> bool:
    return e.find(exp.Column, exp.Null, exp.Query) is not None


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
