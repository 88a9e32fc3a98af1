"""Emits a plan as a program of dask.dataframe: lazy, and computed at its end.

Steps that need all rows of a group, and that Dask has no function for, run on partitions after a
shuffle by the group's keys, as programs of the partitions' library.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlglot import exp

from harness.answer import SortKey
from harness.engines.dask.aggregates import NATIVE, DaskAggregates
from harness.engines.dask.joins import DaskJoins
from harness.engines.dask.steps import without_duplicates
from harness.engines.pandas.program import PandasProgram, sort_values
from harness.engines.pandas.session import needs_mask
from harness.engines.pandas.steps import keywords
from harness.engines.pandas.tables import read_csv, without_masks
from harness.engines.python.kernel import listing, mapping, quoted
from harness.engines.python.windows import BareWindows, partition_names
from harness.plan.facts.columns import fresh
from harness.plan.facts.frames import window_order
from harness.plan.guards.nan_uses import nan_in_order
from harness.plan.tree.nodes import (
    Aggregate,
    Distinct,
    Expression,
    Filter,
    Item,
    Join,
    Limit,
    Node,
    Project,
    Sort,
    TopPerGroup,
    Window,
    columns_in,
)
from harness.tables import Input, Table
from harness.types import Column, Type


class DaskProgram(DaskAggregates, DaskJoins, PandasProgram):
    """Emits whole programs of dask.dataframe, and the steps that are no aggregates and no joins."""

    def _gathered_limit(self, node: Limit) -> str:
        """Emits the first rows of a frame as a computed frame, not a lazy one.

        Dask looks for them in as many partitions as they lie in, not in the first one only.
        """
        if node.count is None:
            raise self.gaps.unsupported("rows from a place to the end")
        frame, count = self.frame(node.input), node.offset + node.count
        self.physical[node] = self.physical[node.input]
        rows = f"{frame}.head({count}, npartitions=-1)"
        if _has_scalars(node.input):  # Dask would take the head of the scalars, too
            first = f"{frame}.map_partitions(lambda part: part.head({count}))"
            rows = f"{first}.compute().head({count})"
        return self.assign(node, rows + (f".iloc[{node.offset}:]" if node.offset else ""))

    def _reads_whole_tables(self) -> bool:
        return self.source is not Input.CSV

    def _reader(self, table: Table, columns: Sequence[str]) -> str:
        name, read = f"t({quoted(table.name)})", [table.column(c) for c in columns]
        if self.source is Input.PARQUET:
            return _parquet(name, read)
        if self.source is Input.CSV:
            whole = any(path.suffix == ".gz" for path in table.csv)
            text = read_csv(name, table, read, library="dd")
            return f"{text.removesuffix(')')}, blocksize=None)" if whole else text
        return name

    def filter(self, node: Filter) -> str:
        frame = self.frame(node.input)
        self.physical[node] = self.physical[node.input]
        if isinstance(node.condition, exp.Boolean):
            empty = f"{frame}.head(0, compute=False)"
            return frame if node.condition.this else self.assign(node, empty)
        place = f"{frame}.loc" if _filters_group_keys(node) else frame
        text = f"{place}[{self.expressions(node.input).kept(node.condition)}]"
        if set(node.names) != set(self.physical[node]):
            self.physical[node] = node.names
            text += f"[{listing(node.names)}]"
        return self.assign(node, text)

    def project(self, node: Project) -> str:
        """Emits a projection: one ``assign`` of all computed columns, which read its input.

        Then columns are chosen, and renamed by ``rename`` where one only gets another name.
        """
        print_ = self.expressions(node.input)
        sources = Counter(e.name for _, e in node.items if isinstance(e, exp.Column))
        renames = {a: b for a, b in node.renames.items() if sources[a] == 1 and b not in sources}
        added = [
            (name, print_.series(e))
            for name, e in node.items
            if not isinstance(e, exp.Column) or (e.name != name and renames.get(e.name) != name)
        ]
        clash = {name for name, _ in added} & (set(renames) | set(renames.values()))
        if clash or set(renames.values()) & set(self.physical[node.input]):
            renames, added = {}, [(n, print_.series(e)) for n, e in node.items if not _same(n, e)]
        if all(print_.frame not in text for _, text in added) and len(added) == len(node.items):
            # dask-expr gives a union no columns if none of them is read
            constants = f"lambda part: part.assign({keywords(added)})[{listing(node.names)}]"
            self.physical[node] = node.names
            return self.assign(node, f"{print_.frame}.map_partitions({constants})")
        text = print_.frame + (f".assign({keywords(added)})" if added else "")
        back = {b: a for a, b in renames.items()}
        wanted = tuple(back.get(name, name) for name in node.names)
        if added or wanted != self.physical[node.input]:
            text += f"[{listing(wanted)}]"
        self.physical[node] = node.names
        return self.assign(node, text + (f".rename(columns={mapping(renames)})" if renames else ""))

    def window(self, node: Window) -> str:
        """Emits window functions; those with the same partition run together."""
        bare = BareWindows(node)
        source = node.input
        if bare.computed:
            passed: list[Item] = [(name, exp.column(name)) for name in source.names]
            source = Project(source, (*passed, *bare.computed.items()))
        together: dict[tuple[str, ...] | None, list[tuple[str, exp.Window]]] = {}
        for name, e in bare.windows.items():
            keys = None if _is_whole(e) else tuple(partition_names(e))
            together.setdefault(keys, []).append((name, e.assert_is(exp.Window)))
        for keys, functions in together.items():
            step = Window(source, tuple(functions))
            whole = keys is None
            self.frames[step] = (
                self._of_everything(step) if whole else self._apart(step, keys or (), "windowed")
            )
            source = step
        self.physical[node] = self.physical[source]
        self.shuffled[node] = self._shuffled_by(source)
        return self.frames[source]

    def _of_everything(self, node: Window) -> str:
        """Emits windows over all rows: aggregates as lazy scalars, row numbers as running sums."""
        frame, print_ = self.frame(node.input), self.expressions(node.input)
        self.physical[node] = self.physical[node.input] + tuple(n for n, _ in node.functions)
        numbered = [name for name, e in node.functions if isinstance(e.this, exp.RowNumber)]
        added = [(n, "1" if n in numbered else print_.total(e.this)) for n, e in node.functions]
        dtypes = self.dtypes_of_totals(node, dict(node.functions))
        frame = self.assign(node, f"{frame}.assign({keywords(added)}){dtypes}")
        if numbered:
            sums = keywords((name, f"{frame}[{quoted(name)}].cumsum()") for name in numbered)
            self.statements.append(f"{frame} = {frame}.assign({sums})")
        return frame

    def top_per_group(self, node: TopPerGroup) -> str:
        return self._apart(node, node.keys, "top_rows")

    def sort(self, node: Sort) -> str:
        frame = self.frame(node.input)
        text, added = self._in_order(frame, node.input, node.keys)
        self.physical[node] = self.physical[node.input] + added
        return self.assign(node, text)

    def _in_order(
        self, frame: str, source: Node, keys: Sequence[SortKey]
    ) -> tuple[str, tuple[str, ...]]:
        """Returns the text of a frame that is sorted, and the names of columns added for that.

        Dask has one ``na_position`` for all keys, and may lose ``"first"`` between
        partitions: where NULLs go first, a column that marks them is a key of its own.
        """
        keys = nan_in_order(keys, source.schema)
        missing_too = {c.name for c in source.schema if c.nullable or c.nan}
        first = [k.column for k in keys if k.nulls_first and k.column in missing_too]
        taken = {*source.names, *self.physical[source]}
        flags = {c: fresh(f"{c}_missing", taken) for c in first}
        if not keys:
            return frame, ()
        missing = keywords(
            (flag, f'{frame}[{quoted(c)}].isnull().astype("int64")') for c, flag in flags.items()
        )
        ordered = []
        for key in keys:
            ordered += [SortKey(flags[key.column], True, False)] if key.column in flags else []
            ordered.append(SortKey(key.column, key.descending, False))
        text = f"{frame}.assign({missing})" if flags else frame
        return f"{text}{sort_values(ordered, nulls_first=False)})", tuple(flags.values())

    def distinct(self, node: Distinct) -> str:
        text = f"{self.exact(node.input)}.{without_duplicates(node.names)}"
        self.physical[node] = self.order(node.input)
        return self.assign(node, text)


def _is_whole(window: Expression) -> bool:
    """True if a window is over all rows without an order, and Dask can compute its function."""
    ordered = window_order(window) or window.args.get("spec")
    known = isinstance(window.this, (*NATIVE, exp.RowNumber))
    estimated = isinstance(window.this, (exp.Median, exp.PercentileCont))
    return known and not (estimated or ordered or partition_names(window))


def _same(name: str, e: Expression) -> bool:
    return isinstance(e, exp.Column) and e.name == name


def _filters_group_keys(node: Filter) -> bool:
    """True if a filter of an aggregation's rows reads a key, so that it needs Dask's ``loc``.

    Else Dask's optimizer moves the filter before ``reset_index``, and compares labels of two kinds.
    """
    below = node.input
    while isinstance(below, Filter):
        below = below.input
    names = {name for name, _ in below.keys} if isinstance(below, Aggregate) else set()
    return bool(names & columns_in(node.condition))


def _parquet(name: str, columns: Sequence[Column]) -> str:
    """Returns the text that reads Parquet files; ``name`` is the text of their paths.

    All ``columns`` are read: Dask's optimizer leaves out those that the program does not need.
    """
    options = [name]
    options += ['dtype_backend="numpy_nullable"'] if needs_mask(columns) else []
    if any(c.type is Type.DATE for c in columns):
        options.append('arrow_to_pandas={"date_as_object": False}')
    return f"dd.read_parquet({', '.join(options)}){without_masks(columns)}"


def _has_scalars(node: Node) -> bool:
    """True if a node adds lazy scalars to its frame: a window, or a scalar subquery.

    Projections on top of these are looked through.
    """
    while isinstance(node, Project):
        node = node.input
    return isinstance(node, Window) or (isinstance(node, Join) and node.kind == "single")
