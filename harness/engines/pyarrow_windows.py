"""Window functions -> calls on a table: Acero has no windows, but lists of row numbers do it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from harness.answer import SortKey
from harness.engines.pyarrow_aggregates import call_of
from harness.engines.pyarrow_expressions import ArrowExpressions
from harness.engines.pyarrow_flow import sort_keys
from harness.engines.python import Variables, listing, quoted
from harness.plan.nodes import Expression, Window
from harness.plan.relation import fresh
from harness.plan.typing import window_order

_RANKS: dict[type[Expression], str] = {exp.Rank: "ranks", exp.DenseRank: "dense_ranks"}
_RANKING = (exp.RowNumber, exp.Rank, exp.DenseRank, exp.Lag, exp.Lead)
_BARE = (exp.Column, exp.Star, exp.Distinct, exp.Literal, type(None))


@dataclass
class BareWindows:
    """A node's window functions over columns only, and the expressions that have to be columns."""

    node: Window
    windows: dict[str, Expression] = field(default_factory=dict)
    computed: dict[str, Expression] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, window in self.node.functions:
            self.windows[name] = self._bare(window.copy())

    def _bare(self, window: Expression) -> Expression:
        argument = window.this.this if isinstance(window.this, exp.Func) else None
        keys = window.args.get("partition_by") or []
        for part in [*keys, *(o.this for o in window_order(window)), argument]:
            if not isinstance(part, _BARE):
                name = fresh("value", {*self.node.names, *self.computed})
                self.computed[name] = part.copy()
                part.replace(exp.column(name))
        return window


class WindowPrinter:
    """Prints window functions over the columns of one table, which a variable holds.

    ``statements`` are what has to be computed before.
    """

    def __init__(self, print_: ArrowExpressions, table: str, variables: Variables) -> None:
        self.print_, self.gaps, self.table = print_, print_.gaps, table
        self.variables = variables
        self.statements: list[str] = []

    def values(self, e: Expression) -> str:
        """The values of a window function, in the order of the table's rows."""
        if e.args.get("spec") is not None:
            raise self.gaps.unsupported("a window with a frame", e.sql("duckdb"))
        function, order = e.this, window_order(e)
        keys = [key.name for key in e.args.get("partition_by") or []]
        if not isinstance(function, _RANKING):
            if order:
                raise self.gaps.unsupported("a running aggregate", e.sql("duckdb"))
            return self._over(keys, function)
        if not (order or keys) and isinstance(function, exp.RowNumber):
            return f"pa.arange(1, {self.table}.num_rows + 1)"
        if not order:
            raise self.gaps.unsupported("a ranking without an order", e.sql("duckdb"))
        return self._ranking(function, keys, [_sort_key(o) for o in order])

    def _over(self, keys: Sequence[str], e: Expression) -> str:
        """An aggregate of each row's group, or of all rows."""
        call = call_of(e, self.print_)
        argument = "[]" if call.argument is None else quoted(call.argument.name)
        if keys:
            options = f", {call.options}" if call.options else ""
            aggregate = f"({argument}, {quoted(call.function)}{options})"
            return f"over({self.table}, {listing(keys)}, {aggregate})"
        value = f"{self.table}.num_rows"
        if call.argument is not None:
            options = f", options={call.options}" if call.options else ""
            value = f"pc.{call.function}({self.table}[{argument}]{options})"
        return f"pa.repeat({value}, {self.table}.num_rows)"

    def _ranking(self, e: Expression, keys: Sequence[str], order: Sequence[SortKey]) -> str:
        rows = self.variables.fresh("rows")
        ranked = f"ranked_rows({self.table}, {listing(keys)}, {sort_keys(order)})"
        self.statements.append(f"{rows} = {ranked}")
        if isinstance(e, exp.RowNumber):
            values = f"row_numbers({rows})"
        elif type(e) in _RANKS:
            ordered = f"{self.table}.select({listing([key.column for key in order])})"
            values = f"{_RANKS[type(e)]}({rows}, {ordered}.take({rows}.flatten()))"
        else:
            values = self._shifted(e, rows)
        return f"placed({values}, {rows})"

    def _shifted(self, e: Expression, rows: str) -> str:
        by = int(e.args["offset"].name) if e.args.get("offset") else 1
        values = f"{self.table}[{quoted(e.this.name)}].take({rows}.flatten())"
        shift = str(-by if isinstance(e, exp.Lag) else by)
        if (default := e.args.get("default")) is not None:
            shift += f", {self.print_.parameter(default)}"
        return f"shifted({values}, {rows}, {shift})"


def _sort_key(o: Expression) -> SortKey:
    return SortKey(o.this.name, bool(o.args.get("desc")), bool(o.args.get("nulls_first")))
