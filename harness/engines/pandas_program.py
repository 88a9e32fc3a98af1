"""Plans as pandas: one statement per step, as its users write it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from sqlglot import exp

from harness.answer import SortKey
from harness.engines.base import OUTPUT_FILE, Program
from harness.engines.pandas_expressions import PandasExpressions, counted
from harness.engines.pandas_tables import dtypes_of_nothing, read_csv, read_parquet
from harness.engines.pandas_values import NARROW
from harness.engines.pandas_windows import PandasWindows
from harness.engines.python import (
    Gaps,
    Variables,
    flags,
    is_keyword_argument,
    listing,
    mapping,
    method_name,
    module,
    one_or_list,
    quoted,
)
from harness.engines.widths import Widths
from harness.engines.windows import BareWindows
from harness.plan.naming import frame_name
from harness.plan.nodes import (
    Aggregate,
    Distinct,
    Expression,
    Filter,
    Item,
    Join,
    Limit,
    Node,
    Project,
    Scan,
    SetOperation,
    Sort,
    TopPerGroup,
    Window,
    columns_in,
    uses,
)
from harness.tables import Input, Table
from harness.types import Schema, Type

if TYPE_CHECKING:
    pass


_AGGREGATES: dict[type[Expression], str] = {
    exp.Sum: "sum",
    exp.Avg: "mean",
    exp.Min: "min",
    exp.Max: "max",
    exp.Count: "count",
    exp.Median: "median",
    exp.StddevSamp: "std",
    exp.Variance: "var",
    exp.AnyValue: "first",
}


class PandasProgram:
    """Turns a plan into statements; each node becomes a variable that holds its frame.

    ``self.physical`` says which columns a node's frame really has: a table in memory has all of its
    own, wanted or not, until a step picks those that go on. Libraries with pandas' API derive from
    it, with a printer of their own.
    """

    printer: ClassVar[type[PandasExpressions]] = PandasExpressions
    windows: ClassVar[type[PandasWindows]] = PandasWindows
    imports: ClassVar[Mapping[str, str]] = {"np": "import numpy as np", "pd": "import pandas as pd"}

    def __init__(self, gaps: Gaps, tables: Mapping[str, Table], source: Input) -> None:
        self.gaps, self.tables, self.source = gaps, tables, source
        self.variables = Variables(("t", *self.imports, "date", "datetime"))
        self.statements: list[str] = []
        self.frames: dict[Node, str] = {}
        self.physical: dict[Node, tuple[str, ...]] = {}
        self.widths = Widths(NARROW)
        self.library = self.printer.library

    def program(self, plan: Node, write: str | None) -> Program:
        self.uses = uses(plan)
        result = self.exact(plan, in_order=True)
        end = f"return {result}"
        if write is not None:
            end = f"{result}.to_parquet({quoted(OUTPUT_FILE)}, index=False)"
        return module(*self._imported([*self.statements, end]))

    def _imported(self, body: Sequence[str]) -> tuple[list[str], Sequence[str]]:
        """The imports that statements need, the library's own in any case, and the statements."""
        used = {n for n in self.imports if re.search(rf"(?<![\w.]){n}\.", "\n".join(body))}
        return [line for name, line in self.imports.items() if name in used | {self.library}], body

    # ------------------------------------------------------------------ frames and variables

    def frame(self, node: Node) -> str:
        """The name of a variable that holds the node's frame."""
        if node not in self.frames:
            method: Callable[[Node], str] | None = getattr(self, method_name(type(node)), None)
            kind = type(node).__name__
            if method is None or kind in self.gaps.cannot:
                raise self.gaps.unsupported(kind)
            self.frames[node] = method(node)
            self.physical.setdefault(node, node.names)
        return self.frames[node]

    def exact(self, node: Node, in_order: bool = False) -> str:
        """The node's frame with no other columns than its own."""
        frame = self.frame(node)
        have, want = self.physical[node], node.names
        same = have == want if in_order else set(have) == set(want)
        return frame if same else f"{frame}[{listing(want)}]"

    def assign(self, node: Node, text: str) -> str:
        """A statement that names the node's frame: as its input, where nobody else needs that."""
        source = node.inputs[0] if node.inputs else None
        name = self.frames.get(source) if source is not None and self.uses[source] <= 1 else None
        if name is None or node.label is not None or not self._owned(source):
            name = self.variables.fresh(frame_name(node))
        self.statements.append(f"{name} = {text}")
        return name

    def _owned(self, node: Node | None) -> bool:
        """Whether a variable may be assigned to: not a frame that something else still reads."""
        name = self.frames.get(node) if node is not None else None
        holders = [other for other, held in self.frames.items() if held == name]
        return all(self.uses[other] <= 1 for other in holders)

    def expressions(self, node: Node) -> PandasExpressions:
        return self.printer(self.gaps, node.schema, self.frame(node), self.widths.narrow(node))

    # ------------------------------------------------------------------ one method per node

    def scan(self, node: Scan) -> str:
        table = self.tables[node.table]
        sources = [source for source, _ in node.columns]
        text = self._reader(table, sources)
        self.physical[node] = tuple(sources)
        if self._reads_whole_tables():
            self.physical[node] = tuple(c.name for c in table.schema)
            if node.renames:
                text = f"{text}[{listing(sources)}]"
        if node.renames:
            text = f"{text}.rename(columns={mapping(node.renames)})"
            self.physical[node] = node.names
        return self.assign(node, text)

    def _reads_whole_tables(self) -> bool:
        """Whether what ``_reader`` gives has all columns of a table."""
        return self.source is Input.MEMORY

    def _reader(self, table: Table, columns: Sequence[str]) -> str:
        name = f"t({quoted(table.name)})"
        if self.source is Input.MEMORY:
            return name
        if self.source is Input.PARQUET:
            return read_parquet(name, [table.column(c) for c in columns])
        return read_csv(name, table, [table.column(c) for c in columns])

    def filter(self, node: Filter) -> str:
        frame = self.frame(node.input)
        if isinstance(node.condition, exp.Boolean):
            self.physical[node] = self.physical[node.input]
            return frame if node.condition.this else self.assign(node, f"{frame}.iloc[:0]")
        condition = self.expressions(node.input).text(node.condition)
        if set(node.names) == set(self.physical[node.input]):
            self.physical[node] = self.physical[node.input]
            return self.assign(node, f"{frame}[{condition}]")
        return self.assign(node, f"{frame}.loc[{condition}, {listing(node.names)}]")

    def project(self, node: Project) -> str:
        frame = self.frame(node.input)
        print_ = self.expressions(node.input)
        names = [name for name, _ in node.items]
        sources = [e.name for _, e in node.items if isinstance(e, exp.Column)]
        clash = {n for n, _ in node.computed} & set(sources)
        if len(set(sources)) < len(sources) or clash or not sources:
            return self.assign(node, self._built(node.items, print_))
        text = frame
        if node.computed:
            text = f"{text}.assign({keywords((n, print_.series(e)) for n, e in node.computed)})"
        wanted = [e.name if isinstance(e, exp.Column) else n for n, e in node.items]
        if tuple(wanted) != (*self.physical[node.input], *(n for n, _ in node.computed)):
            text = f"{text}[{listing(wanted)}]"
        if node.renames:
            text = f"{text}.rename(columns={mapping(node.renames)})"
        self.physical[node] = tuple(names)
        return self.assign(node, text)

    def _built(self, items: Sequence[Item], print_: PandasExpressions) -> str:
        columns = ", ".join(f"{quoted(name)}: {print_.series(e)}" for name, e in items)
        constant = not all(columns_in(e) for _, e in items)
        index = f", index={print_.frame}.index" if constant else ""
        return f"{self.library}.DataFrame({{{columns}}}{index})"

    def aggregate(self, node: Aggregate) -> str:
        for kind in {type(e).__name__ for _, e in node.aggregates} & self.gaps.not_yet.keys():
            raise self.gaps.unsupported(kind)
        if not node.keys:
            return self._whole(node)
        source, keys, values = self._grouping(node)
        names = [name for name, _ in node.keys]
        renames = {k: n for k, n in zip(keys, names, strict=True) if k != n}
        rename = f".rename(columns={mapping(renames)})" if renames else ""
        if not values:
            return self.assign(node, f"{source}[{listing(keys)}].drop_duplicates(){rename}")
        options = "as_index=False, sort=False" + self._dropna(node)
        groups = f"{source}.groupby({one_or_list(keys)}, {options})"
        if all(self._plain(e, node) for _, e, _ in values):
            text = f"{groups}.agg({self._named(values, keys)})"
            return self.assign(node, text + rename)
        return self._special(node, groups.replace("as_index=False, ", ""), values, rename)

    def _dropna(self, node: Aggregate) -> str:
        nullable = any(column.nullable for column in node.schema[: len(node.keys)])
        return ", dropna=False" if nullable else ""

    def _grouping(
        self, node: Aggregate
    ) -> tuple[str, list[str], list[tuple[str, Expression, str]]]:
        """The frame to group, its keys' names, and (name, aggregate, column) of each value."""
        frame, print_ = self.frame(node.input), self.expressions(node.input)
        computed: dict[Expression, str] = {}
        keys = [e.name if isinstance(e, exp.Column) else name for name, e in node.keys]
        computed.update({e: n for n, e in node.keys if not isinstance(e, exp.Column)})
        values = []
        for name, e in node.aggregates:
            argument = counted(e) or aggregated(e)
            if isinstance(argument, exp.Column):
                column = argument.name
            elif argument is None:
                column = keys[0]
            else:
                column = computed.setdefault(argument, name)
            values.append((name, e, column))
        if not computed:
            return frame, keys, values
        indicators = {counted(e) for _, e in node.aggregates} - {e for _, e in node.keys}
        added = keywords(
            (n, print_.mask(e) if e in indicators else print_.series(e))
            for e, n in computed.items()
        )
        return f"{frame}.assign({added})", keys, values

    def _plain(self, e: Expression, node: Aggregate) -> bool:
        """Whether named aggregation says it; a sum that may be of nothing needs ``min_count``."""
        if isinstance(e, exp.Sum):
            return not self.expressions(node.input).nullable(e.this)
        return type(e) in _AGGREGATES

    def _named(self, values: Sequence[tuple[str, Expression, str]], keys: Sequence[str]) -> str:
        return keywords(
            (name, f'({quoted(column)}, "{function_of(e)}")') for name, e, column in values
        )

    def _special(
        self,
        node: Aggregate,
        groups: str,
        values: Sequence[tuple[str, Expression, str]],
        rename: str,
    ) -> str:
        """Aggregates with an option of their own: a frame of one series each."""
        source, correlations = self._centred(node, groups)
        name = self.variables.fresh("groups")
        self.statements.append(f"{name} = {source}")
        print_ = self.expressions(node.input)
        columns = []
        for alias, e, column in values:
            series = correlations.get(alias) or f"{name}[{quoted(column)}].{print_.reduction(e)}"
            columns.append(f"{quoted(alias)}: {series.replace('GROUPS', name)}")
        return self.assign(
            node,
            f"{self.library}.DataFrame({{{', '.join(columns)}}}).reset_index(){rename}",
        )

    def _centred(self, node: Aggregate, groups: str) -> tuple[str, dict[str, str]]:
        """Pearson's r needs each value's distance from its group's mean, so a pass of its own.

        Source: r = sum(dx dy) / sqrt(sum(dx^2) sum(dy^2)), with dx = x - mean(x) in each group.
        """
        series: dict[str, str] = {}
        for alias, e in node.aggregates:
            if not isinstance(e, exp.Corr):
                continue
            groups = self._distances(node, groups, e)
            series[alias] = (
                'GROUPS["dxdy"].sum() / np.sqrt(GROUPS["dx2"].sum() * GROUPS["dy2"].sum())'
            )
        return groups, series

    def _distances(self, node: Aggregate, groups: str, e: Expression) -> str:
        print_ = self.expressions(node.input)
        x, y = e.this, e.expression
        columns = isinstance(x, exp.Column) and isinstance(y, exp.Column)
        correlations = [a for _, a in node.aggregates if isinstance(a, exp.Corr)]
        if not columns or len(correlations) > 1:
            raise self.gaps.unsupported("a correlation of anything but two columns")
        frame, by = groups.split(".groupby(")[0], groups.split(".groupby(")[1]
        grouped, pairs = self.variables.fresh("groups"), print_.frame
        if lacking := [column.name for column in (x, y) if print_.nullable(column)]:
            pairs = self.variables.fresh("pairs")
            self.statements.append(f"{pairs} = {frame}.dropna(subset={listing(lacking)})")
        self.statements.append(f"{grouped} = {pairs if lacking else frame}.groupby({by}")
        for axis, column in (("dx", x), ("dy", y)):
            name = quoted(column.name)
            self.statements.append(
                f'{axis} = {pairs}[{name}] - {grouped}[{name}].transform("mean")'
            )
        added = "dxdy=dx * dy, dx2=dx**2, dy2=dy**2"
        return f"{frame}.assign({added}).groupby({by}"

    def _whole(self, node: Aggregate) -> str:
        """A query without GROUP BY has one row, whatever there is to aggregate."""
        self.frame(node.input)
        print_ = self.expressions(node.input)
        columns = ", ".join(f"{quoted(name)}: [{print_.total(e)}]" for name, e in node.aggregates)
        return self.assign(node, f"{self.library}.DataFrame({{{columns}}}){self.typed_row(node)}")

    def typed_row(self, node: Aggregate) -> str:
        """The dtypes of values that may be missing, of which a row of values has none."""
        dtypes = dtypes_of_nothing(node)
        return f".astype({mapping(dtypes)})" if dtypes else ""

    def join(self, node: Join) -> str:
        if node.residual is not None and node.kind != "inner":
            raise self.gaps.unsupported(f"a {node.kind} join with more than equalities")
        if node.kind in ("semi", "anti"):
            return self._semi(node)
        if node.kind == "single":
            return self._single(node)
        left, right, risky = self._sides(node)
        options = "" if node.kind == "cross" else f", {on_keys(node)}"
        how = {"full": "outer"}.get(node.kind, node.kind)
        options += "" if how == "inner" else f", how={quoted(how)}"
        known = f".dropna(subset={listing(risky)})" if risky else ""
        merged = self.assign(node, f"{left}.merge({right}{known}{options})")
        self.physical[node] = tuple(c.name for c in node.unpruned)
        if risky and node.kind == "full":
            alone = f"{right}[{right}[{listing(risky)}].isna().any(axis=1)]"
            self.statements.append(f"{merged} = {self.library}.concat([{merged}, {alone}])")
        if node.residual is not None:
            condition = self.printer(self.gaps, node.unpruned, merged).text(node.residual)
            self.statements.append(f"{merged} = {merged}[{condition}]")
        return merged

    def _sides(self, node: Join) -> tuple[str, str, list[str]]:
        """Both inputs, ready for merge, which would make floats of integers.

        With them the right keys whose NULLs merge would match with those of the left.
        """
        left, right = self.exact(node.left), self.exact(node.right)
        pairs = [(node.left.column(a), node.right.column(b)) for a, b in node.on]
        risky = [b.name for a, b in pairs if a.nullable and b.nullable]
        if node.kind in ("left", "full"):
            right = f"{right}{self._keeping_integers(node, node.right)}"
        if node.kind == "full":
            left = f"{left}{self._keeping_integers(node, node.left)}"
        if node.kind == "full" and risky and "." in right:
            variable = self.variables.fresh(frame_name(node.right))
            self.statements.append(f"{variable} = {right}")
            right = variable
        return left, right, risky

    def _keeping_integers(self, node: Join, side: Node) -> str:
        """Unmatched rows would turn whole numbers into floats, and booleans into objects."""
        masked = {Type.INT64: "Int64", Type.BOOLEAN: "boolean"}
        wanted = (set(node.names) | columns_in(node.residual)) - node.shared_keys
        dtypes = {
            c.name: masked[c.type]
            for c in side.schema
            if c.type in masked and not c.nullable and c.name in wanted
        }
        return f".astype({mapping(dtypes)})" if dtypes else ""

    def _semi(self, node: Join) -> str:
        left, right = self.frame(node.left), self.frame(node.right)
        self.physical[node] = self.physical[node.left]
        if len(node.on) > 1:
            return self._semi_merge(node)
        ((ours, theirs),) = node.on
        keys = f"{right}[{quoted(theirs)}]"
        if node.left.column(ours).nullable and node.right.column(theirs).nullable:
            keys = f"{keys}.dropna()"
        sign = "~" if node.kind == "anti" else ""
        return self.assign(node, f"{left}[{sign}{left}[{quoted(ours)}].isin({keys})]")

    def _semi_merge(self, node: Join) -> str:
        """A semi or anti join on several keys, as a merge with the distinct keys."""
        left, right = self.exact(node.left), self.frame(node.right)
        ours, theirs = [a for a, _ in node.on], [b for _, b in node.on]
        keys = f"{right}[{listing(theirs)}]"
        if len(set(theirs)) < len(theirs):  # one column beside two of ours
            keys = self._copied(right, node.on)
        elif renames := {b: a for a, b in node.on if a != b}:
            keys += f".rename(columns={mapping(renames)})"
        risky = [
            a for a, b in node.on if node.left.column(a).nullable and node.right.column(b).nullable
        ]
        keys += f".dropna(subset={listing(risky)})" if risky else ""
        keys += ".drop_duplicates()"
        self.physical[node] = node.left.names
        if node.kind == "semi":
            return self.assign(node, f"{left}.merge({keys}, on={listing(ours)})")
        how = f'on={listing(ours)}, how="left", indicator=True'
        merged = self.assign(node, f"{left}.merge({keys}, {how})")
        self.physical[node] += ("_merge",)
        self.statements.append(f'{merged} = {merged}[{merged}["_merge"] == "left_only"]')
        return merged

    def _copied(self, frame: str, pairs: Sequence[tuple[str, str]]) -> str:
        """Columns of a frame, some of them twice, under new names: (new, old)."""
        columns = ", ".join(f"{quoted(new)}: {frame}[{quoted(old)}]" for new, old in pairs)
        return f"{self.library}.DataFrame({{{columns}}})"

    def _single(self, node: Join) -> str:
        """A scalar subquery: its one value beside every row."""
        left, right = self.frame(node.left), self.frame(node.right)
        if dtypes_of_nothing(node.right):  # a missing value by itself has no dtype
            left, right = self.exact(node.left), self.exact(node.right)
            self.physical[node] = node.left.names + node.right.names
            return self.assign(node, f'{left}.merge({right}, how="cross")')
        self.physical[node] = self.physical[node.left] + node.right.names
        values = keywords((c, f"{right}[{quoted(c)}].iloc[0]") for c in node.right.names)
        return self.assign(node, f"{left}.assign({values})")

    def window(self, node: Window) -> str:
        bare, frame = BareWindows(node), self.frame(node.input)
        self.physical[node] = (*self.physical[node.input], *bare.computed, *bare.windows)
        print_ = self.expressions(node.input)
        if bare.computed:
            added = keywords((n, print_.series(e)) for n, e in bare.computed.items())
            frame = self.variables.fresh(frame_name(node))
            self.statements.append(f"{frame} = {print_.frame}.assign({added})")
        print_ = self.printer(self.gaps, bare.schema, frame, print_.narrow)
        sort = partial(_sorted, bare.schema)
        windows = self.windows(print_, self.statements, self.variables, sort)
        return self.assign(node, f"{frame}.assign({keywords(windows.values(bare.windows))})")

    def top_per_group(self, node: TopPerGroup) -> str:
        frame = f"{self.frame(node.input)}{_sorted(node.input.schema, node.order)}"
        self.physical[node] = self.physical[node.input]
        if node.count == 1:
            return self.assign(node, f"{frame}.drop_duplicates({one_or_list(node.keys)})")
        nullable = any(node.input.column(key).nullable for key in node.keys)
        dropna = ", dropna=False" if nullable else ""
        return self.assign(
            node,
            f"{frame}.groupby({one_or_list(node.keys)}, sort=False{dropna}).head({node.count})",
        )

    def sort(self, node: Sort) -> str:
        frame = self.frame(node.input)
        self.physical[node] = self.physical[node.input]
        return self.assign(node, f"{frame}{_sorted(node.input.schema, node.keys)}")

    def limit(self, node: Limit) -> str:
        frame = self.frame(node.input)
        self.physical[node] = self.physical[node.input]
        rows = (
            f".iloc[{node.offset}:{node.offset + node.count}]"
            if node.offset
            else f".head({node.count})"
        )
        return self.assign(node, f"{frame}{rows}")

    def distinct(self, node: Distinct) -> str:
        return self.assign(node, f"{self.exact(node.input)}.drop_duplicates()")

    def set_operation(self, node: SetOperation) -> str:
        if node.kind != "union":
            raise self.gaps.unsupported(node.kind.upper())
        both = ", ".join(self.exact(side) for side in node.inputs)
        distinct = "" if node.all else ".drop_duplicates()"
        return self.assign(node, f"{self.library}.concat([{both}], ignore_index=True){distinct}")


def aggregated(e: Expression) -> Expression | None:
    """What an aggregate aggregates; None for count(*)."""
    if isinstance(e.this, exp.Distinct):
        argument: Expression = e.this.expressions[0]
        return argument
    return None if isinstance(e.this, exp.Star) else e.this


def function_of(e: Expression) -> str:
    if not isinstance(e, exp.Count):
        return _AGGREGATES[type(e)]
    if isinstance(e.this, exp.Star):
        return "size"
    if counted(e) is not None:
        return "sum"
    return "nunique" if isinstance(e.this, exp.Distinct) else "count"


def _sorted(schema: Schema, keys: Sequence[SortKey]) -> str:
    """Sorts by the last keys first where NULLs go first for some keys and last for others."""
    nullable = {column.name for column in schema if column.nullable}
    runs: list[tuple[bool, list[SortKey]]] = []
    for key in keys:
        first = key.nulls_first and key.column in nullable
        if runs and (runs[-1][0] == first or key.column not in nullable):
            runs[-1][1].append(key)
        else:
            runs.append((first, [key]))
    stable = ', kind="stable"' if len(runs) > 1 else ""
    return "".join(sort_values(run, first) + stable + ")" for first, run in reversed(runs))


def sort_values(keys: Sequence[SortKey], nulls_first: bool) -> str:
    """A call of ``sort_values`` without its closing bracket."""
    ascending = [not key.descending for key in keys]
    options = f", ascending={flags(ascending)}" if not all(ascending) else ""
    options += ', na_position="first"' if nulls_first else ""
    return f".sort_values({one_or_list([key.column for key in keys])}{options}"


def keywords(pairs: Any) -> str:
    """``a=1, b=2``; a name that Python cannot spell goes into a dictionary."""
    pairs = list(pairs)
    if all(is_keyword_argument(name) for name, _ in pairs):
        return ", ".join(f"{name}={text}" for name, text in pairs)
    return "**{" + ", ".join(f"{quoted(name)}: {text}" for name, text in pairs) + "}"


def on_keys(node: Join) -> str:
    left, right = [a for a, _ in node.on], [b for _, b in node.on]
    if left == right:
        return f"on={one_or_list(left)}"
    return f"left_on={one_or_list(left)}, right_on={one_or_list(right)}"


def one_row(node: Node) -> bool:
    if isinstance(node, Project):
        return one_row(node.input)
    return isinstance(node, Aggregate) and not node.keys
