"""A plan -> one whose largest table is read in chunks: which rows of which nodes are put together.

A row of the result of a filter, a projection or a join with a whole table depends on one row of the
chunked table only. Aggregates of chunks are partial: further ones over them make the result. What
needs all rows at once is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property

from sqlglot import exp

from harness.engines.gaps import Gap, Gaps, cannot, not_yet
from harness.plan.facts.columns import fresh
from harness.plan.facts.frozen import frozen
from harness.plan.facts.printing import in_sql
from harness.plan.lower.distinct import numbers_copies
from harness.plan.tree.nodes import (
    Aggregate,
    AsOfJoin,
    Distinct,
    Expression,
    Filter,
    Item,
    Join,
    Limit,
    Node,
    Project,
    Scan,
    Sort,
    TopPerGroup,
    Union,
    Window,
    walk,
)
from harness.tables import Table
from harness.types import Schema

TOGETHER = "all rows would have to be in memory at once"
CHUNK_GAPS: tuple[Gap, ...] = (
    cannot(Scan, "tables in memory", "it reads files, chunk by chunk"),
    cannot(Sort, "a sort of all rows of a table in chunks", TOGETHER),
    cannot(Window, "a window over a table in chunks", TOGETHER),
    cannot(Join, "a join of a table in chunks with itself", TOGETHER),
    cannot(AsOfJoin, "an ASOF JOIN to a table in chunks", "the last chunk may have the nearest"),
    cannot(Join, "a search for matches in a table in chunks", "the last chunk may have them"),
    cannot(Aggregate, "an aggregate that partial ones do not add up to", TOGETHER),
    not_yet(Aggregate, "distinct values of several columns of a table in chunks"),
    not_yet(Aggregate, "an aggregate of distinct values beside others of a table in chunks"),
    not_yet(Union, "a union of a table in chunks"),
)
"""What cannot be done of the table that is read in chunks."""
_SUMS: dict[type[Expression], type[Expression]] = {
    exp.Sum: exp.Sum,
    exp.Count: exp.Sum,
    exp.Min: exp.Min,
    exp.Max: exp.Max,
    exp.AnyValue: exp.AnyValue,
}
"""Aggregate -> the aggregate that makes its result of partial ones."""
_FROM_LEFT = frozenset({"inner", "left", "semi", "anti", "cross", "single"})
_FROM_RIGHT = frozenset({"inner", "right", "cross"})
"""Joins in which each row of that side is matched by itself."""


@frozen
class Results(Project):
    """Computes the columns of ``of``, an aggregation, from totals: a mean as a sum by a count."""

    of: Aggregate

    @cached_property
    def schema(self) -> Schema:
        return self.of.schema


def chunked_table(plan: Node, tables: Mapping[str, Table]) -> str:
    """Returns the name of the table to read in chunks: the one with the most columns.

    A program is made without looking at the data; tables of facts have more columns than those
    that describe them.
    """
    names = dict.fromkeys(node.table for node in walk(plan) if isinstance(node, Scan))
    return max(names, key=lambda name: len(tables[name].schema), default="")


class Splitting:
    """Rewrites a plan over a chunked ``table``.

    ``ends`` collects the nodes whose rows are put together from those of all chunks.
    """

    def __init__(self, table: str, gaps: Gaps) -> None:
        self.table, self.gaps = table, gaps
        self.ends: set[Node] = set()
        self._known: dict[Node, tuple[Node, bool]] = {}

    def plan(self, node: Node) -> Node:
        made, in_chunks = self._split(node)
        return self._end(made) if in_chunks else made

    def _end(self, node: Node) -> Node:
        self.ends.add(node)
        return node

    def _split(self, node: Node) -> tuple[Node, bool]:
        """Returns the rewritten node, and whether its rows come in chunks."""
        if node not in self._known:
            self._known[node] = self._made(node)
        return self._known[node]

    def _made(self, node: Node) -> tuple[Node, bool]:
        if isinstance(node, Scan):
            return node, node.table == self.table
        if isinstance(node, Limit) and isinstance(node.input, Sort) and node.count is not None:
            return self._first_rows(node, node.input)
        parts = [self._split(child) for child in node.inputs]
        made = node.with_inputs(*(part for part, _ in parts))
        in_chunks = [chunks for _, chunks in parts]
        return self._over_chunks(made, in_chunks) if any(in_chunks) else (made, False)

    def _first_rows(self, node: Limit, sort: Sort) -> tuple[Node, bool]:
        """Splits a LIMIT over a sort: each chunk is sorted and limited, then all their rows are.

        Returns the rewritten node, and whether its rows come in chunks: they never do.
        """
        rows, in_chunks = self._split(sort.input)
        if not in_chunks:
            return replace(node, input=replace(sort, input=rows)), False
        part = self._end(Limit(Sort(rows, sort.keys), (node.count or 0) + node.offset))
        return replace(node, input=replace(sort, input=part)), False

    def _over_chunks(self, node: Node, in_chunks: list[bool]) -> tuple[Node, bool]:
        match node:
            case Filter() | Project():
                return node, True
            case Join():
                return self._joined(node, in_chunks), True
            case AsOfJoin() if in_chunks == [True, False]:
                return node, True
            case AsOfJoin():
                raise self.gaps.unsupported("an ASOF JOIN to a table in chunks")
            case Aggregate():
                return self._combined(node), False
            case Distinct() | TopPerGroup():
                return replace(node, input=self._end(replace(node, label=None))), False
            case Limit() if node.count is not None:
                part = self._end(Limit(node.input, node.count + node.offset))
                return replace(node, input=part), False
            case Window() if numbers_copies(node):
                gap = "an aggregate of distinct values beside others of a table in chunks"
                raise self.gaps.unsupported(gap)
            case Window():
                raise self.gaps.unsupported("a window over a table in chunks")
            case Union():
                raise self.gaps.unsupported("a union of a table in chunks")
        raise self.gaps.unsupported("a sort of all rows of a table in chunks")

    def _joined(self, node: Join, in_chunks: list[bool]) -> Join:
        if all(in_chunks):
            raise self.gaps.unsupported("a join of a table in chunks with itself")
        if node.kind not in (_FROM_LEFT if in_chunks[0] else _FROM_RIGHT):
            raise self.gaps.unsupported("a search for matches in a table in chunks")
        return node

    def _combined(self, node: Aggregate) -> Node:
        """Returns an aggregation of the chunks' partial aggregations."""
        partial = _Partial(node, self.gaps)
        part = Aggregate(node.input, partial.keys, tuple(partial.items), label="partial")
        keys = tuple((name, exp.column(name)) for name, _ in node.keys)
        total = Aggregate(self._end(part), keys, tuple(partial.totals), label=node.label)
        if not partial.results:
            return total
        items = ((name, partial.results.get(name, exp.column(name))) for name in node.names)
        return Results(total, tuple(items), node, label=node.label)


class _Partial:
    """The parts of an aggregation that can be computed of a chunk.

    ``keys`` and ``items`` are those of a chunk's aggregation, ``totals`` the aggregates over all of
    these, and ``results`` maps a column's name to what is computed of totals, as a mean is.
    """

    def __init__(self, node: Aggregate, gaps: Gaps) -> None:
        self.node, self.gaps = node, gaps
        self.keys, self.items, self.totals = node.keys, list[Item](), list[Item]()
        self.results: dict[str, Expression] = {}
        self._taken = {*node.names, *node.input.names}
        self._distinct: dict[Expression, str] = {}
        for name, e in node.aggregates:
            self._add(name, e)
        if self._distinct and not node.keys:  # a chunk without rows has no partial counts
            counts = {name for name, e in self.items if isinstance(e, exp.Count)} & {*node.names}
            zero = exp.Literal.number(0)
            for name in counts:
                self.results[name] = exp.Coalesce(this=exp.column(name), expressions=[zero.copy()])

    def _add(self, name: str, e: Expression) -> None:
        if isinstance(e, exp.Count) and isinstance(e.this, exp.Distinct):
            return self._add_distinct(name, e.this.expressions)
        if isinstance(e.this, (exp.Distinct, exp.Order)) or type(e) not in {*_SUMS, exp.Avg}:
            raise self.gaps.unsupported(
                "an aggregate that partial ones do not add up to", in_sql(e)
            )
        if not isinstance(e, exp.Avg):
            return self._add_part(name, e)
        total, count = self._name(f"{name}_sum"), self._name(f"{name}_count")
        self._add_part(total, exp.Sum(this=e.this.copy()))
        self._add_part(count, exp.Count(this=e.this.copy()))
        self.results[name] = exp.Div(this=exp.column(total), expression=exp.column(count))
        return None

    def _add_part(self, name: str, e: Expression) -> None:
        self.items.append((name, e))
        self.totals.append((name, _SUMS[type(e)](this=exp.column(name))))

    def _add_distinct(self, name: str, values: Iterable[Expression]) -> None:
        """Adds a count of the distinct ``values``, as column ``name`` of the totals.

        The values become a key of the chunks' aggregations, which give one row of each value.
        Raises Unsupported for several values, or others than were added before.
        """
        (value, *others) = values
        if others or {*self._distinct} - {value}:
            raise self.gaps.unsupported(
                "distinct values of several columns of a table in chunks", in_sql(value)
            )
        own = next((key for key, e in self.node.keys if e == value), None)
        if own is not None:
            self._distinct[value] = own
        elif value not in self._distinct:
            wanted = value.name if isinstance(value, exp.Column) else f"{name}_value"
            column = self._name(wanted) if wanted in self.node.names else wanted
            self._taken.add(column)
            self._distinct[value] = column
            self.keys = (*self.keys, (column, value))
        counted = exp.Distinct(expressions=[exp.column(self._distinct[value])])
        self.totals.append((name, exp.Count(this=counted)))

    def _name(self, wanted: str) -> str:
        name = fresh(wanted, self._taken)
        self._taken.add(name)
        return name
