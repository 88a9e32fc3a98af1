"""Gives each column that a query block reads one flat, unique name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from sqlglot import exp

from harness.plan.facts.columns import columns_of, fresh
from harness.plan.sql.grouping import grouping_sets
from harness.plan.tree.nodes import Expression, conjuncts
from harness.plan.tree.relation import AliasedColumn


def flat_names(
    select: exp.Select, sources: Mapping[str, Sequence[str]]
) -> dict[AliasedColumn, str]:
    """Returns a flat name for every column of ``sources`` (alias -> columns) that the block reads.

    A column keeps its own name if it can. Columns of one name that an inner join makes equal share
    it, as ``on="key"`` does in every dataframe library. Others take the name that the SELECT list
    gives them, or their alias and their own name: ``nation`` of ``n2`` -> ``n2_nation``.
    """
    used = Counter((c.table, c.name) for c in columns_of(select) if c.table in sources)
    columns = [(a, name) for a in sources for name in sources[a] if (a, name) in used]
    shared = _shared(select, used)
    hints = {_aliased(item.unalias()): item.alias for item in select.selects if item.alias}
    own = {name for _, name in columns}
    names: dict[AliasedColumn, str] = {}
    for column in columns:
        twin = next((p for p in shared.get(column, ()) if p in names), None)
        names[column] = names[twin] if twin else _name(column, hints, own, set(names.values()))
    return names


def _name(
    column: AliasedColumn, hints: Mapping[AliasedColumn, str], own: set[str], taken: set[str]
) -> str:
    alias, name = column
    if name not in taken:
        return name
    hint = hints.get(column)
    if hint is not None and hint not in own | taken:
        return hint
    return fresh(f"{alias}_{name}", own | taken)


def _aliased(expression: Expression) -> AliasedColumn:
    return (expression.table, expression.name) if isinstance(expression, exp.Column) else ("", "")


def _shared(
    select: exp.Select, uses: Counter[AliasedColumn]
) -> dict[AliasedColumn, set[AliasedColumn]]:
    """Maps a column to its class: the columns of the same name that equal it in every row.

    Inner joins make columns equal. A left join counts as if it did where its right key is read
    nowhere else; ``uses`` says how often the block reads each column.
    """
    classes: dict[AliasedColumn, set[AliasedColumn]] = {}
    group = select.args.get("group")
    if group is not None and grouping_sets(group) is not None:
        return classes  # a grouping set may make only one of two equal columns NULL
    for left, right in _equal_columns(select, uses):
        merged = classes.get(left, {left}) | classes.get(right, {right})
        if len({alias for alias, _ in merged}) == len(merged):
            classes.update(dict.fromkeys(merged, merged))
    return classes


def _equal_columns(
    select: exp.Select, uses: Counter[AliasedColumn]
) -> Iterable[tuple[AliasedColumn, AliasedColumn]]:
    where = select.args.get("where")
    joins = select.args.get("joins") or []
    if any(join.side in ("RIGHT", "FULL") for join in joins):
        return
    inner = [j.args.get("on") for j in joins if not j.side] + [where.this if where else None]
    unmatched = {join.alias_or_name for join in joins if join.side == "LEFT"}
    for pair in (pair for condition in inner for pair in _equalities(condition)):
        if unmatched.isdisjoint(alias for alias, _ in pair):  # else not equal before the condition
            yield pair
    for join in (j for j in joins if j.side == "LEFT"):
        for left, right in _equalities(join.args.get("on")):
            optional = left if left[0] == join.alias_or_name else right
            if uses[optional] == 1:
                yield left, right


def _equalities(condition: Expression | None) -> Iterable[tuple[AliasedColumn, AliasedColumn]]:
    for part in conjuncts(condition):
        if isinstance(part, exp.EQ) and all(
            isinstance(e, exp.Column) for e in (part.left, part.right)
        ):
            left, right = _aliased(part.left), _aliased(part.right)
            if left[1] == right[1] and left[0] != right[0]:
                yield left, right
