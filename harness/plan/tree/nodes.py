"""The nodes of a plan; their expressions are sqlglot trees over flat column names.

Every node knows its schema. Equal nodes compute the same, so a subplan that is used twice is found
by comparison, and becomes one variable of the emitted program.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import field, replace
from functools import cached_property
from typing import Literal

from sqlglot import exp

from harness.answer import SortKey
from harness.errors import Unsupported
from harness.plan.facts.columns import columns_of, repeated
from harness.plan.facts.frozen import frozen
from harness.plan.facts.kinds import COMPARISONS
from harness.plan.facts.nan import may_be_nan, never_zero, not_zero
from harness.plan.facts.printing import in_sql
from harness.plan.facts.special import specials_of
from harness.plan.facts.typed import Expression as Expression
from harness.plan.facts.typing import infer, refuse_decimal
from harness.special import together
from harness.types import Column, Schema, Type

Item = tuple[str, Expression]
"""A column's name, and the expression that computes it."""

JoinKind = Literal["inner", "left", "right", "full", "semi", "anti", "cross", "single"]
Comparison = Literal[">=", ">", "<=", "<"]
Value = int | float | str | bool | datetime.date | datetime.datetime | None


@frozen
class Node:
    """One step of a plan. Column names are unique within its schema.

    ``label`` is the query's name for these rows: that of a CTE or a derived table.
    """

    label: str | None = field(default=None, compare=False, kw_only=True)

    def __post_init__(self) -> None:
        if name := repeated(self.names):
            raise ValueError(f"{type(self).__name__} has two columns of the name {name!r}")

    @cached_property
    def schema(self) -> Schema:
        raise NotImplementedError

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.input,) if hasattr(self, "input") else ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.schema)

    def column(self, name: str) -> Column:
        return next(column for column in self.schema if column.name == name)

    def with_inputs(self, *inputs: Node) -> Node:
        """Returns the same step over other inputs; the node itself if they are its own."""
        names = ("input",) if len(inputs) == 1 else ("left", "right")
        same = all(new is old for new, old in zip(inputs, self.inputs, strict=True))
        return self if same else replace(self, **dict(zip(names, inputs, strict=False)))  # type: ignore[arg-type]


@frozen
class Scan(Node):
    """Reads columns of a table; ``columns`` pairs a name in the table with the plan's column."""

    table: str
    columns: tuple[tuple[str, Column], ...]

    @cached_property
    def schema(self) -> Schema:
        return tuple(column for _, column in self.columns)

    @property
    def renames(self) -> dict[str, str]:
        """Maps a name in the table to the name in the plan, where they differ."""
        return {source: column.name for source, column in self.columns if source != column.name}


@frozen
class Values(Node):
    """Gives rows of constants: ``values (1, 'a'), (2, 'b')``."""

    columns: Schema
    rows: tuple[tuple[Value, ...], ...]

    @cached_property
    def schema(self) -> Schema:
        return self.columns

    def only(self, names: Collection[str]) -> Values:
        """Returns the same rows with the columns ``names``, or the first one if there are none."""
        places = [n for n, column in enumerate(self.columns) if column.name in names] or [0]
        rows = tuple(tuple(row[place] for place in places) for row in self.rows)
        return replace(self, columns=tuple(self.columns[place] for place in places), rows=rows)


@frozen
class Filter(Node):
    """Keeps the rows for which the condition is true (not false, not NULL).

    ``columns``, if given, are the only ones that the rest of the plan reads.
    """

    input: Node
    condition: Expression
    columns: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        refuse_aggregates(self.condition)
        if infer(self.condition, self.input.schema).type is not Type.BOOLEAN:
            raise Unsupported("a condition that is not a boolean", in_sql(self.condition))
        super().__post_init__()

    @cached_property
    def schema(self) -> Schema:
        parts = conjuncts(self.condition)
        proven = {c.name for part in parts for c in rejects_null(part)}
        nonzero = {e.name for part in parts for e in not_zero(part) if isinstance(e, exp.Column)}
        kept = self.input.names if self.columns is None else self.columns
        return tuple(
            replace(
                c,
                nullable=c.nullable and c.name not in proven,
                nonzero=c.nonzero or c.name in nonzero,
            )
            for c in self.input.schema
            if c.name in kept
        )


@frozen
class Project(Node):
    """Computes columns from those of its input, row by row."""

    input: Node
    items: tuple[Item, ...]

    def __post_init__(self) -> None:
        refuse_aggregates(*(e for _, e in self.items))
        super().__post_init__()

    @cached_property
    def schema(self) -> Schema:
        return _schema_of(self.items, self.input)

    @property
    def computed(self) -> tuple[Item, ...]:
        return tuple(item for item in self.items if not isinstance(item[1], exp.Column))

    @property
    def renames(self) -> dict[str, str]:
        """Maps a name in the input to the name here, for columns that are only renamed."""
        return {
            e.name: name for name, e in self.items if isinstance(e, exp.Column) and e.name != name
        }


@frozen
class Aggregate(Node):
    """Gives one row per distinct combination of the keys; without keys one row in all."""

    input: Node
    keys: tuple[Item, ...]
    aggregates: tuple[Item, ...]

    def __post_init__(self) -> None:
        arguments = (part for _, e in self.aggregates for part in e.iter_expressions())
        refuse_aggregates(*(e for _, e in self.keys), *arguments)
        super().__post_init__()

    @cached_property
    def schema(self) -> Schema:
        keys = _schema_of(self.keys, self.input)
        return keys + _schema_of(self.aggregates, self.input, grouped=bool(self.keys))


@frozen
class Join(Node):
    """Pairs rows of two inputs whose keys are equal and for which the residual is true.

    NULL equals nothing. A right key named as its left partner is the same column, and occurs once.
    The right input of a ``single`` join has exactly one row. ``columns``, if given, are the only
    ones that the rest of the plan reads.
    """

    kind: JoinKind
    left: Node
    right: Node
    on: tuple[tuple[str, str], ...] = ()
    residual: Expression | None = None
    columns: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.kind in ("cross", "single") and self.on:
            raise ValueError(f"a {self.kind} join has no keys")
        for left, right in self.on:
            columns = self.left.column(left), self.right.column(right)
            if columns[0].type is not columns[1].type:
                types = f"{columns[0].type} and {columns[1].type}"
                raise Unsupported(f"a join of {types}", f"{left} = {right}")
            refuse_decimal(columns[0])
        super().__post_init__()

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.left, self.right)

    @property
    def shared_keys(self) -> frozenset[str]:
        return frozenset(left for left, right in self.on if left == right)

    @cached_property
    def schema(self) -> Schema:
        both = self.unpruned
        return both if self.columns is None else tuple(c for c in both if c.name in self.columns)

    @property
    def unpruned(self) -> Schema:
        """The join's schema, including columns that the rest of the plan does not read."""
        if self.kind in ("semi", "anti"):
            return self.left.schema
        left = _nullable(self.left.schema, self.kind in ("right", "full"))
        right = _nullable(self.right.schema, self.kind in ("left", "full"))
        both = left + tuple(c for c in right if c.name not in self.shared_keys)
        if self.kind != "inner":
            return both
        matched = {name for pair in self.on for name in pair}
        return tuple(replace(c, nullable=c.nullable and c.name not in matched) for c in both)


@frozen
class AsOfJoin(Node):
    """Pairs each left row with the nearest right row, of those with equal keys: ASOF JOIN.

    ``on`` (left, right) compares as ``comparison`` says, and the right row is the one whose value
    is nearest. ``by`` are the pairs of keys that are equal; one named as its partner is the same
    column, and occurs once. NULL compares with nothing. Left rows without a partner are left out,
    unless the join is ``outer``. ``columns``, if given, are the only ones that the rest of the plan
    reads.
    """

    left: Node
    right: Node
    on: tuple[str, str]
    comparison: Comparison
    by: tuple[tuple[str, str], ...] = ()
    outer: bool = False
    columns: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        for left, right in (self.on, *self.by):
            kinds = self.left.column(left).type, self.right.column(right).type
            if kinds[0] is not kinds[1]:
                types = f"{kinds[0]} and {kinds[1]}"
                raise Unsupported(f"a join of {types}", f"{left} = {right}")
        if self.left.column(self.on[0]).type not in _ON_A_LINE:
            raise Unsupported("an ASOF JOIN by anything but numbers and times", self.on[0])
        for left, _ in self.by:
            if self.left.column(left).type is Type.FLOAT64:
                raise Unsupported("an ASOF JOIN of floats that are equal", left)
        super().__post_init__()

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.left, self.right)

    @property
    def backward(self) -> bool:
        """True if the nearest right value is one before the left value: by ``>=`` or ``>``."""
        return self.comparison.startswith(">")

    @property
    def exact(self) -> bool:
        """True if a right value that is equal to the left one matches: by ``>=`` or ``<=``."""
        return self.comparison.endswith("=")

    @property
    def shared_keys(self) -> frozenset[str]:
        return frozenset(left for left, right in self.by if left == right)

    @cached_property
    def schema(self) -> Schema:
        theirs = (c for c in self.right.schema if c.name not in self.shared_keys)
        both = (*self.left.schema, *_nullable(tuple(theirs), self.outer))
        matched = set() if self.outer else {name for pair in (self.on, *self.by) for name in pair}
        return tuple(
            replace(c, nullable=c.nullable and c.name not in matched)
            for c in both
            if self.columns is None or c.name in self.columns
        )

    def unmatched(self, side: Node) -> list[str]:
        """Returns the keys of ``side``, an input, whose values may be NULL: these match nothing."""
        place = self.inputs.index(side)
        return [key for key in self.keys(place) if side.column(key).nullable]

    def keys(self, place: int) -> list[str]:
        """Returns the keys of the left (0) or right (1) input; the one that is compared is last."""
        return [pair[place] for pair in (*self.by, self.on)]


_ON_A_LINE = (Type.INT64, Type.FLOAT64, Type.DATE, Type.TIMESTAMP)


@frozen
class Window(Node):
    """Adds columns that are computed over each row's partition."""

    input: Node
    functions: tuple[tuple[str, exp.Window], ...]

    @cached_property
    def schema(self) -> Schema:
        return self.input.schema + _schema_of(self.functions, self.input)


@frozen
class TopPerGroup(Node):
    """Keeps the first ``count`` rows of each group, in the given order; NULL keys are a group.

    Means ``row_number() over (partition by keys order by order) <= count``.
    """

    input: Node
    keys: tuple[str, ...]
    order: tuple[SortKey, ...]
    count: int

    @cached_property
    def schema(self) -> Schema:
        return self.input.schema


@frozen
class Sort(Node):
    """Sorts the rows of its input by ``keys``."""

    input: Node
    keys: tuple[SortKey, ...]

    @cached_property
    def schema(self) -> Schema:
        return self.input.schema


@frozen
class Limit(Node):
    """Keeps ``count`` rows after the first ``offset``; all of them if ``count`` is None."""

    input: Node
    count: int | None
    offset: int = 0

    @cached_property
    def schema(self) -> Schema:
        return self.input.schema


def top_per_group(
    rows: Node, keys: tuple[str, ...], order: tuple[SortKey, ...], count: int
) -> Node:
    """Returns the first ``count`` rows of each group; no rows for 0, of which Polars keeps some."""
    return TopPerGroup(rows, keys, order, count) if count > 0 else Limit(rows, 0)


@frozen
class Distinct(Node):
    """Keeps one of the rows of its input that are equal; NULL equals NULL."""

    input: Node

    @cached_property
    def schema(self) -> Schema:
        return self.input.schema


@frozen
class Union(Node):
    """Gives the rows of both inputs, which have the same names and types: UNION ALL."""

    left: Node
    right: Node

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.left, self.right)

    @cached_property
    def schema(self) -> Schema:
        pairs = zip(self.left.schema, self.right.schema, strict=True)
        return tuple(
            replace(
                a,
                nullable=a.nullable or b.nullable,
                nan=a.nan or b.nan,
                nonzero=a.nonzero and b.nonzero,
                special=together(a.special, b.special),
            )
            for a, b in pairs
        )


def walk(plan: Node) -> Iterator[Node]:
    """Yields every distinct node, inputs before the nodes that read them."""
    seen: set[Node] = set()

    def visit(node: Node) -> Iterator[Node]:
        if node in seen:
            return
        seen.add(node)
        for child in node.inputs:
            yield from visit(child)
        yield node

    return visit(plan)


def one_row(node: Node) -> bool:
    """True if a node has exactly one row, whatever the data."""
    if isinstance(node, Project):
        return one_row(node.input)
    if isinstance(node, Values):
        return len(node.rows) == 1
    return isinstance(node, Aggregate) and not node.keys


def uses(plan: Node) -> Counter[Node]:
    """Counts the nodes that read each distinct node."""
    return Counter(child for node in walk(plan) for child in node.inputs)


def united(union: Union, uses: Mapping[Node, int]) -> list[Node]:
    """Returns the inputs of a union and of unions in it that no other node reads, as one list."""
    found: list[Node] = []
    for side in union.inputs:
        if isinstance(side, Union) and uses[side] == 1:
            found += united(side, uses)
        else:
            found.append(side)
    return found


def refuse_aggregates(*expressions: Expression) -> None:
    """Raises Unsupported if an expression over single rows has an aggregate."""
    for e in expressions:
        if (found := e.find(exp.AggFunc)) is not None:
            raise Unsupported("an aggregate among values of single rows", in_sql(found))


def columns_in(*expressions: Expression | None) -> set[str]:
    """Returns the names of all columns that the expressions read."""
    present = (e for e in expressions if e is not None)
    return {column.name for e in present for column in columns_of(e)}


def conjuncts(condition: Expression | None) -> list[Expression]:
    """Splits a condition at its ANDs: ``a and b`` -> ``[a, b]``."""
    if condition is None:
        return []
    if isinstance(condition, exp.Paren):
        return conjuncts(condition.this)
    if isinstance(condition, exp.And):
        return conjuncts(condition.this) + conjuncts(condition.expression)
    return [condition]


def conjunction(parts: Iterable[Expression]) -> Expression | None:
    """Joins the parts by AND; None if there are none."""
    result: Expression | None = None
    for part in parts:
        result = part if result is None else exp.And(this=result, expression=part)
    return result


def rejects_null(part: Expression) -> set[exp.Column]:
    """Returns the columns that are not NULL in a row for which this condition is true."""
    if isinstance(part, exp.Not) and isinstance(part.this, exp.Is):
        return _bare(part.this.this)
    if isinstance(part, COMPARISONS):
        return _bare(part.this) | _bare(part.expression)
    if isinstance(part, (exp.In, exp.Between, exp.Like, exp.ILike)):
        return _bare(part.this)
    if isinstance(part, exp.Not) and isinstance(part.this, (exp.In, exp.Like, exp.ILike)):
        return _bare(part.this.this)
    return set()


def _bare(expression: Expression) -> set[exp.Column]:
    return {expression} if isinstance(expression, exp.Column) else set()


def _schema_of(
    items: Iterable[tuple[str, Expression]], source: Node, *, grouped: bool = True
) -> Schema:
    return tuple(_column_of(name, e, source.schema, grouped) for name, e in items)


def _column_of(name: str, e: Expression, schema: Schema, grouped: bool) -> Column:
    """Returns the column called ``name`` for an expression over columns of ``schema``.

    It has the expression's type, and says whether values may be NULL, NaN or 0. ``grouped`` is
    False for aggregates without GROUP BY: only then ``count(*)`` may be 0.
    """
    column = infer(e, schema, grouped=grouped).named(name)
    nan = column.type is Type.FLOAT64 and may_be_nan(e, schema)
    counted = grouped and isinstance(e, exp.Count) and isinstance(e.this, exp.Star)
    nonzero = column.type.numeric and (counted or never_zero(e, schema))
    special = specials_of(e, schema) if column.type.has_specials else ()
    if not (nan or nonzero or special):
        return column
    return replace(column, nan=nan, nonzero=nonzero, special=special)


def _nullable(schema: Schema, nullable: bool) -> Schema:
    return tuple(replace(c, nullable=True) for c in schema) if nullable else schema
