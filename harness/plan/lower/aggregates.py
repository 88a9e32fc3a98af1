"""Moves aggregates and window functions out of expressions into columns of a node."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlglot import exp

from harness.errors import Unsupported
from harness.plan.facts.columns import fresh
from harness.plan.facts.printing import in_sql
from harness.plan.facts.typing import Inference
from harness.plan.facts.windows import function_of, normal_window
from harness.plan.tree.nodes import Expression, Item
from harness.plan.tree.relation import Relation


class Aggregates:
    """Replaces aggregates in expressions by an aggregation's columns; equal ones share a column."""

    def __init__(self, relation: Relation, keys: Sequence[Item], items: Sequence[Item]) -> None:
        self.relation = relation
        self.keys = {e: name for name, e in keys}
        self.wanted = {relation.flat(e): name for name, e in items}
        self.names: dict[Expression, str] = {}

    @property
    def found(self) -> tuple[Item, ...]:
        return tuple((name, e) for e, name in self.names.items())

    def over(self, expression: Expression) -> Expression:
        """Rewrites an expression over rows and groups to one over the columns of the aggregation.

        ``sum(v) + k`` -> ``v_sum + k``
        """
        return self._replace(self.relation.flat(expression))

    def _replace(self, e: Expression) -> Expression:
        if e in self.keys:
            return exp.column(self.keys[e])
        if isinstance(e, exp.AggFunc) and not _is_window_function(e):
            return exp.column(self._name(e.copy()))
        for child in list(e.iter_expressions()):
            replaced = self._replace(child)
            if replaced is not child:
                child.replace(replaced)
        return e

    def _name(self, aggregate: Expression) -> str:
        if isinstance(aggregate, (exp.First, exp.Last)):
            aggregate = _at_extreme(aggregate, Inference(self.relation.node.schema))
        if aggregate not in self.names:
            taken = set(self.names.values()) | set(self.keys.values())
            self.names[aggregate] = fresh(self.wanted.get(aggregate) or described(aggregate), taken)
        return self.names[aggregate]


def _at_extreme(e: exp.First | exp.Last, known: Inference) -> Expression:
    """Rewrites ``first(x order by k)`` to ``arg_min(x, k)``, which ignores NULLs.

    Raises Unsupported if there may be any, or if the order has several keys.
    """
    value, keys = (
        (e.this.this, e.this.expressions) if isinstance(e.this, exp.Order) else (e.this, [])
    )
    if len(keys) != 1:
        raise Unsupported("first or last without an order by one key", in_sql(e))
    (key,) = keys
    if known.any_null(value, key.this):
        raise Unsupported("first or last where something may be NULL", in_sql(e))
    is_greatest = bool(key.args.get("desc")) != isinstance(e, exp.Last)
    return (exp.ArgMax if is_greatest else exp.ArgMin)(this=value, expression=key.this)


def _is_window_function(e: Expression) -> bool:
    """True if an expression is the function of a window, rather than one of the window's keys."""
    return isinstance(e.parent, exp.Window) and e.arg_key == "this"


class Windows:
    """Replaces window functions in expressions by columns; equal ones share a column."""

    def __init__(self, taken: Sequence[str]) -> None:
        self.taken = set(taken)
        self.names: dict[Expression, str] = {}

    @property
    def found(self) -> tuple[tuple[str, exp.Window], ...]:
        return tuple((name, e) for e, name in self.names.items() if isinstance(e, exp.Window))

    def out_of(self, e: Expression, wanted: str) -> Expression:
        """Returns the expression with windows replaced by columns.

        ``wanted`` is the column's name if the whole expression is a window.
        """
        e = normal_window(e) if isinstance(e, exp.Window) else e
        if isinstance(e, exp.Window):
            if e not in self.names:
                self.names[e] = fresh(wanted, self.taken | set(self.names.values()))
            return exp.column(self.names[e])
        for child in list(e.iter_expressions()):
            replaced = self.out_of(child, described(child))
            if replaced is not child:
                child.replace(replaced)
        return e


def described(e: Expression) -> str:
    """Returns a name for a computed value: ``sum(v1)`` -> ``v1_sum``."""
    function = function_of(e) if isinstance(e, exp.Window) else e
    kind = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(function).__name__).lower()
    column = function.find(exp.Column)
    return f"{column.name}_{kind}" if column is not None else kind
