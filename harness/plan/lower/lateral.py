"""LATERAL in FROM -> its rows for each key that ties them, which are joined by these keys."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from harness.errors import Unsupported
from harness.plan.facts.columns import columns_of
from harness.plan.facts.printing import in_sql
from harness.plan.lower.per_key import per_key, split
from harness.plan.lower.subqueries import Blocks, is_strict
from harness.plan.sql.grouping import is_total
from harness.plan.tree.nodes import Expression, Node, conjuncts

Tied = tuple[Node, str, list[Expression]]
"""Rows, the side of their join (LEFT or ""), and what has to be true of rows that match."""


def lateral(item: exp.Join, side: str, around: exp.Select, blocks: Blocks) -> Tied:
    """Lowers a join with ``lateral (select …)``; ``around`` is the SELECT that it is in.

    A total of all rows is one row for each row before it: a left join, after which counts of no
    rows are 0. For that ``around`` is changed in place. Raises Unsupported for rows that are tied
    by other than equalities.
    """
    source, alias = item.this, item.this.alias_or_name
    select = source.this.unnest()
    if not isinstance(select, exp.Select) or select.args.get("with_"):
        raise Unsupported("this query in LATERAL", in_sql(source))
    relation, correlated = blocks.block(select)
    on, residual = split(relation, correlated)
    if residual:
        raise Unsupported("LATERAL of rows tied by other than equality", in_sql(residual[0]))
    names = [getattr(column, "name", column) for column in source.args["alias"].columns]
    given = [part for part in conjuncts(item.args.get("on")) if part != exp.true()]
    inners = [inner for _, inner in on]
    if on and is_total(select):
        side = "LEFT"
        _refuse_other_totals(select, given)
        _counts_of_nothing(around, alias, select.selects, names)
        select.set("group", exp.Group(expressions=[inner.copy() for inner in inners]))
    if not on:
        return blocks.finish(select, relation), side, given
    node, keys = per_key(select, inners, lambda tied: blocks.finish(tied, relation))
    called = dict(zip(node.names, names, strict=False))
    pairs = [(outer, called.get(key, key)) for (outer, _), key in zip(on, keys, strict=True)]
    return node, side, [exp.EQ(this=a, expression=exp.column(b, alias)) for a, b in pairs] + given


def _refuse_other_totals(select: exp.Select, given: Sequence[Expression]) -> None:
    """Raises Unsupported for a total whose row is not NULLs and zeros where it has no rows."""
    items = [item.unalias() for item in select.selects]
    if given or select.args.get("having") is not None:
        raise Unsupported("LATERAL of a total with a condition", in_sql(select))
    if not all(isinstance(e, exp.Count) or is_strict(e) for e in items):
        raise Unsupported("LATERAL of what is not NULL of no rows", in_sql(select))


def _counts_of_nothing(
    around: exp.Select, alias: str, items: Sequence[Expression], names: Sequence[str]
) -> None:
    """Replaces the columns of counts in ``around`` by 0 where they are NULL.

    ``items`` are the columns of ``alias``, whose first ones are called ``names``.
    """
    called = [*names, *(item.alias_or_name for item in items[len(names) :])]
    counts = {
        name for name, e in zip(called, items, strict=True) if isinstance(e.unalias(), exp.Count)
    }
    for column in list(columns_of(around)):
        if column.table == alias and column.name in counts:
            zero = exp.Literal.number(0)
            column.replace(exp.Coalesce(this=column.copy(), expressions=[zero]))
