"""The join keys of a query, to be indexed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import sqlglot
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect

from harness.tables import Table


def join_keys(
    sql: str, dialect: type[Dialect], tables: Mapping[str, Table]
) -> set[tuple[str, str]]:
    """Returns the pairs (table, column) that a query sets equal to a column of another table."""
    tree = sqlglot.parse_one(sql, read=dialect)
    named: dict[str, set[str]] = {}
    for table in tree.find_all(exp.Table):
        named.setdefault(table.alias_or_name, set()).add(table.name)
    found = set()
    for left, right in _equalities(tree):
        for column in (left, right) if left.table != right.table else ():
            for name in named.get(column.table, set()) & tables.keys():
                if column.name in {c.name for c in tables[name].schema}:
                    found.add((name, column.name))
    return found


def _equalities(tree: exp.Expr) -> Iterator[tuple[exp.Column, exp.Column]]:
    """Yields the pairs of columns that are compared by ``a = b`` or ``a IN (SELECT b …)``."""
    for e in tree.find_all(exp.EQ, exp.In):
        query = e.args.get("query")
        other = (
            query.unnest().selects[0].unalias() if query is not None else e.args.get("expression")
        )
        if isinstance(e.this, exp.Column) and isinstance(other, exp.Column):
            yield e.this, other
