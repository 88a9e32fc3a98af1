"""Rewrites PIVOT and UNPIVOT in FROM to subqueries with conditional aggregates, or with UNION ALL.

``from t pivot (sum(v) for k in ('a', 'b'))`` has a row for each group of t's other columns, and a
column for each value of k.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from sqlglot import exp

from harness.plan.facts.typed import Expression
from harness.plan.sql.sources import columns_of_source, quoted
from harness.types import Schema
from harness.words import folded


def plain_pivots(
    tree: exp.Query, schemas: Mapping[str, Schema], spellings: Mapping[str, str]
) -> None:
    """Changes the tree in place; what is not known to have such a form is left.

    ``spellings`` maps names of columns in lower case to how the tree spells them.
    """
    for pivot in list(tree.find_all(exp.Pivot)):
        source = pivot.parent
        names = columns_of_source(source, schemas) if source is not None else None
        if source is None or names is None or source.args["pivots"] != [pivot]:
            continue
        names = [spellings.get(folded(name), name) for name in names]
        rows = source.copy()
        joins = rows.args.get("joins")
        rows.set("pivots", None)
        rows.set("joins", None)
        made = _unpivoted if pivot.args.get("unpivot") else _pivoted
        if (query := made(pivot, rows, names)) is not None:
            alias = pivot.args.get("alias")
            source.replace(exp.Subquery(this=query, alias=alias, joins=joins))


_CONSTANTS = (exp.Literal, exp.Boolean)


def _labelled(e: Expression) -> tuple[Expression, str]:
    """Returns a value, column or aggregate, and the name that it has or is given."""
    if isinstance(e, (exp.Alias, exp.PivotAlias)):
        return e.this, e.args["alias"].name
    return e, e.name if isinstance(e, (exp.Literal, exp.Column)) else e.sql("duckdb").lower()


def _pivoted(pivot: exp.Pivot, rows: Expression, names: Sequence[str]) -> exp.Query | None:
    """Returns a SELECT of an aggregate for each value, grouped; None if it has other forms.

    The keys are PIVOT's own, else the columns of ``rows``, called ``names``, that it does not use.
    """
    fields, several = pivot.args["fields"], len(pivot.expressions) > 1
    choices = [[_labelled(value) for value in field.expressions] for field in fields]
    aggregates = [_labelled(e) for e in pivot.expressions]
    plain = all(isinstance(field.this, exp.Column) for field in fields)
    plain &= all(isinstance(value, _CONSTANTS) for values in choices for value, _ in values)
    if not plain or not all(isinstance(aggregate, exp.AggFunc) for aggregate, _ in aggregates):
        return None
    parts = [*fields, *pivot.expressions]
    used = {column.name for part in parts for column in part.find_all(exp.Column)}
    group = pivot.args.get("group")
    keys = [exp.column(quoted(name)) for name in names if name not in used]
    keys = keys if group is None else group.expressions
    items: list[Expression] = [key.copy() for key in keys]
    for values in itertools.product(*choices):
        tests = [
            exp.EQ(this=field.this.copy(), expression=value.copy())
            for field, (value, _) in zip(fields, values, strict=True)
        ]
        label = "_".join(name for _, name in values)
        where = exp.Where(this=exp.and_(*tests))
        for written, (aggregate, name) in zip(pivot.expressions, aggregates, strict=True):
            named = several or isinstance(written, exp.Alias)
            value = exp.Filter(this=aggregate.copy(), expression=where.copy())
            items.append(exp.alias_(value, quoted(f"{label}_{name}" if named else label)))
    return exp.select(*items).from_(rows).group_by(*(key.copy() for key in keys))


def _unpivoted(pivot: exp.Pivot, rows: Expression, names: Sequence[str]) -> exp.Query | None:
    """Returns a UNION ALL of a SELECT for each column that becomes rows; None for other forms.

    Unless INCLUDE NULLS is said, values that are NULL give no row.
    """
    (field, *others), (value, *more) = pivot.args["fields"], pivot.expressions
    columns = [_labelled(column) for column in field.expressions]
    plain = [isinstance(column, exp.Column) and not column.is_star for column, _ in columns]
    if others or more or not all(isinstance(e, exp.Identifier) for e in (value, field.this)):
        return None
    if not all(plain):
        return None
    turned = {column.name for column, _ in columns}
    kept = [exp.column(quoted(name)) for name in names if name not in turned]
    sides: list[exp.Query] = []
    for column, label in columns:
        name = exp.alias_(exp.Literal.string(label), field.this.copy())
        side = exp.select(*kept, name, exp.alias_(column.copy(), value.copy())).from_(rows.copy())
        some = exp.Not(this=exp.Is(this=column.copy(), expression=exp.null()))
        sides.append(side if pivot.args.get("include_nulls") else side.where(some))
    return exp.union(*sides, distinct=False) if len(sides) > 1 else sides[0]
