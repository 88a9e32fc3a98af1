"""Emits plans as pandas: one statement per step, as its users write it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from sqlglot import exp

from harness.answer import SortKey
from harness.engines.pandas.aggregates import PandasAggregates
from harness.engines.pandas.as_of import PandasAsOf
from harness.engines.pandas.expressions import PandasExpressions
from harness.engines.pandas.joins import PandasJoins
from harness.engines.pandas.steps import keywords
from harness.engines.pandas.tables import read_csv, read_parquet, series_of_constants
from harness.engines.pandas.windows import PandasWindows
from harness.engines.python.constants import lists, of_columns
from harness.engines.python.kernel import flags, listing, mapping, one_or_list, quoted
from harness.engines.python.windows import BareWindows, sort_keys_of
from harness.plan.guards.nan_uses import nan_in_order
from harness.plan.optimize.naming import frame_name
from harness.plan.tree.nodes import (
    Distinct,
    Filter,
    Item,
    Limit,
    Node,
    Project,
    Scan,
    Sort,
    TopPerGroup,
    Union,
    Values,
    Window,
    columns_in,
    united,
)
from harness.tables import Input, Table
from harness.types import Column, Schema


class PandasProgram(PandasAggregates, PandasJoins, PandasAsOf):
    """Emits whole programs of pandas, and the steps that are no aggregates and no joins.

    Emitters for libraries with pandas' API derive from this class, with a printer of
    expressions of their own.
    """

    windows: ClassVar[type[PandasWindows]] = PandasWindows
    stable: ClassVar[str] = ', kind="stable"'
    """The option that makes a sort stable."""

    def scan(self, node: Scan) -> str:
        table = self.tables[node.table]
        sources = [source for source, _ in node.columns]
        text = self._reader(table, sources)
        self.physical[node] = tuple(sources)
        if self._reads_whole_tables():
            self.physical[node] = tuple(c.name for c in table.schema)
            if node.renames and self.physical[node] != tuple(sources):
                text = f"{text}[{listing(sources)}]"
        if node.renames:
            text = f"{text}.rename(columns={mapping(node.renames)})"
            self.physical[node] = node.names
        return self.assign(node, text)

    def _reads_whole_tables(self) -> bool:
        """True if tables come with all of their columns, as from memory; from files with some."""
        return self.source is Input.MEMORY

    def _reader(self, table: Table, columns: Sequence[str]) -> str:
        name = f"t({quoted(table.name)})"
        if self.source is Input.MEMORY:
            return name
        if self.source is Input.PARQUET:
            return read_parquet(name, [table.column(c) for c in columns])
        return read_csv(name, table, [table.column(c) for c in columns])

    def values(self, node: Values) -> str:
        columns = {
            column.name: self.of_constants(column, text)
            for column, text in zip(node.schema, lists(node).values(), strict=True)
        }
        self.physical[node] = node.names
        return self.assign(node, f"{self.library}.DataFrame({of_columns(columns)})")

    def of_constants(self, column: Column, values: str) -> str:
        """Returns the text of a column of constants; ``values`` is the text of their list."""
        return series_of_constants(self.library, column, values)

    def filter(self, node: Filter) -> str:
        frame = self.frame(node.input)
        if isinstance(node.condition, exp.Boolean):
            self.physical[node] = self.physical[node.input]
            return frame if node.condition.this else self.assign(node, f"{frame}.iloc[:0]")
        condition = self.expressions(node.input).kept(node.condition)
        return self.assign(node, self._rows(node, condition))

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

    def window(self, node: Window) -> str:
        bare, frame = BareWindows(node), self.frame(node.input)
        if any(map(sort_keys_of, bare.windows.values())):
            frame = self._narrowed(node.input)
        self.physical[node] = (*self.physical[node.input], *bare.computed, *bare.windows)
        print_ = self.expressions(node.input)
        if bare.computed:
            added = keywords((n, print_.series(e)) for n, e in bare.computed.items())
            frame = self.variables.fresh(frame_name(node))
            self.statements.append(f"{frame} = {print_.frame}.assign({added})")
        print_ = self.printer(self.gaps, bare.schema, frame, print_.narrow)
        sort = partial(self.sorted, bare.schema)
        windows = self.windows(print_, self.statements, self.variables, sort)
        text = f"{frame}.assign({keywords(windows.values(bare.windows))})"
        return self.assign(node, text + self.dtypes_of_totals(node, bare.windows))

    def _narrowed(self, node: Node) -> str:
        """Returns the variable of the node's frame without columns that the plan does not need.

        Emits an assignment that leaves them out, if there are any: a sort would move them, too.
        """
        text, order = self.exact(node), self.order(node)
        if order != self.physical[node]:
            name = self.frames[node]
            self.frames[node] = name if self._owned(node) else self.variables.fresh(name)
            self.statements.append(f"{self.frames[node]} = {text}")
            self.physical[node] = order
        return self.frames[node]

    def top_per_group(self, node: TopPerGroup) -> str:
        frame = f"{self.exact(node.input)}{self.sorted(node.input.schema, node.order)}"
        self.physical[node] = self.order(node.input)
        if node.count == 1:
            return self.assign(node, f"{frame}.drop_duplicates({one_or_list(node.keys)})")
        nullable = any(node.input.column(key).nullable for key in node.keys)
        dropna = ", dropna=False" if nullable else ""
        return self.assign(
            node,
            f"{frame}.groupby({one_or_list(node.keys)}, sort=False{dropna}).head({node.count})",
        )

    def sort(self, node: Sort) -> str:
        frame = self.exact(node.input)
        self.physical[node] = self.order(node.input)
        return self.assign(node, f"{frame}{self.sorted(node.input.schema, node.keys)}")

    def limit(self, node: Limit) -> str:
        frame = self.frame(node.input)
        self.physical[node] = self.physical[node.input]
        end = "" if node.count is None else str(node.offset + node.count)
        whole = node.offset or node.count is None
        rows = f"iloc[{node.offset}:{end}]" if whole else f"head({end})"
        return self.assign(node, f"{frame}.{rows}")

    def distinct(self, node: Distinct) -> str:
        text = f"{self.exact(node.input)}.drop_duplicates()"
        self.physical[node] = self.order(node.input)
        return self.assign(node, text)

    def union(self, node: Union) -> str:
        parts = united(node, self.uses)
        frames = ", ".join(map(self.exact, parts))
        self.physical[node] = self.order(parts[0])
        return self.assign(node, f"{self.library}.concat([{frames}], ignore_index=True)")

    def sorted(self, schema: Schema, keys: Sequence[SortKey]) -> str:
        """Returns the text of calls that sort a frame: ``.sort_values("a")``.

        There are several, those by the last keys first, if NULLs go first for some keys only.
        """
        nullable = {column.name for column in schema if column.nullable or column.nan}
        keys = nan_in_order(keys, schema)
        runs: list[tuple[bool, list[SortKey]]] = []
        for key in keys:
            first = key.nulls_first and key.column in nullable
            if runs and (runs[-1][0] == first or key.column not in nullable):
                runs[-1][1].append(key)
            else:
                runs.append((first, [key]))
        stable = self.stable if len(runs) > 1 else ""
        return "".join(sort_values(run, first) + stable + ")" for first, run in reversed(runs))


def sort_values(keys: Sequence[SortKey], nulls_first: bool) -> str:
    """Returns the text of a call without its closing bracket: ``.sort_values("a"``.

    If ``nulls_first``, NULLs come before all values, else after them.
    """
    ascending = [not key.descending for key in keys]
    options = f", ascending={flags(ascending)}" if not all(ascending) else ""
    options += ', na_position="first"' if nulls_first else ""
    return f".sort_values({one_or_list([key.column for key in keys])}{options}"
