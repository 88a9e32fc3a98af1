"""A plan -> a program of dask.dataframe: lazy, and computed at its end.

Steps that need a group's rows together, and that Dask has no function for, run on the partitions
after a shuffle by the group's keys: as programs of the library that holds the partitions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from sqlglot import exp

from harness.answer import SortKey
from harness.engines.base import OUTPUT_FILE, Program
from harness.engines.dask_expressions import DaskExpressions, Scalars
from harness.engines.pandas_expressions import PandasExpressions
from harness.engines.pandas_program import (
    PandasProgram,
    function_of,
    keywords,
    on_keys,
    one_row,
    sort_values,
)
from harness.engines.pandas_tables import needs_mask, read_csv
from harness.engines.python import (
    Gaps,
    listing,
    mapping,
    method_name,
    module,
    one_or_list,
    quoted,
)
from harness.engines.windows import BareWindows, partition_names
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
    Sort,
    TopPerGroup,
    Window,
    uses,
)
from harness.plan.windows import window_order
from harness.tables import Input, Table
from harness.types import Column, Type

_NATIVE = (exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Count, exp.Median, exp.StddevSamp, exp.Variance)
"""The aggregates of groups that Dask computes across partitions by itself."""
_EXAMPLES = {
    Type.BOOLEAN: "False",
    Type.INT64: "0",
    Type.FLOAT64: "0.0",
    Type.STRING: '""',
    Type.DATE: "pd.Timestamp(0)",
    Type.TIMESTAMP: "pd.Timestamp(0)",
}
_MASKED = {Type.INT64: "Int64", Type.BOOLEAN: "boolean"}


class DaskProgram(PandasProgram):
    """Each node becomes a variable that holds a lazy frame.

    A frame of one row or of the first rows, and all that follows from these alone, is no longer
    distributed: it is computed where it is needed and goes on as a program of ``local``, the
    library that holds the partitions.
    """

    printer: ClassVar[type[PandasExpressions]] = DaskExpressions
    local: ClassVar[type[PandasProgram]] = PandasProgram
    imports: ClassVar[Mapping[str, str]] = {
        "dask": "import dask",
        "dd": "import dask.dataframe as dd",
        "np": "import numpy as np",
        "pd": "import pandas as pd",
    }

    def __init__(self, gaps: Gaps, tables: Mapping[str, Table], source: Input) -> None:
        super().__init__(gaps, tables, source)
        self.gathered = self.local(gaps, tables, source)
        self.gathered.variables, self.gathered.statements = self.variables, self.statements
        self.gathered.frames, self.gathered.physical = self.frames, self.physical
        self.scalars: dict[Node, dict[str, str]] = {}

    def program(self, plan: Node, write: str | None) -> Program:
        self.uses = self.gathered.uses = uses(plan)
        if is_gathered(plan):
            result = self.exact(plan, in_order=True)
            end, options = f"return {result}", "index"
        else:
            result = self.exact(plan, in_order=True)
            end, options = f"return {result}.compute()", "schema=None, write_index"
        if write is not None:
            end = f"{result}.to_parquet({quoted(OUTPUT_FILE)}, {options}=False)"
        return module(*self._imported([*self.statements, end]))

    def frame(self, node: Node) -> str:
        if node not in self.frames and is_gathered(node):
            for source in node.inputs:
                self.frame(source)
            if not is_gathered(*node.inputs):
                self.frames[node] = getattr(self, f"_gathered_{method_name(type(node))}")(node)
            return self.gathered.frame(node)
        return super().frame(node)

    # ------------------------------------------------------------------ frames of few rows

    def _gathered_limit(self, node: Limit) -> str:
        """The first rows, from however many partitions."""
        frame, count = self.frame(node.input), node.offset + node.count
        self.physical[node] = self.physical[node.input]
        rows = f"{frame}.head({count}, npartitions=-1)"
        return self.assign(node, rows + (f".iloc[{node.offset}:]" if node.offset else ""))

    def _gathered_aggregate(self, node: Aggregate) -> str:
        """The aggregates of a whole frame, computed together, as a frame of one row."""
        self.physical[node] = node.names
        print_ = self.expressions(node.input)
        totals = {name: print_.total(e) for name, e in node.aggregates}
        if len(totals) == 1:
            ((name, total),) = totals.items()
            return self.assign(node, self._row(node, {name: f"({total}).compute()"}))
        held = {name: self.variables.fresh(name) for name in totals}
        self.statements.append(f"{', '.join(held.values())} = dask.compute({_joined(totals)})")
        return self.assign(node, self._row(node, held))

    def _row(self, node: Aggregate, values: Mapping[str, str]) -> str:
        columns = ", ".join(f"{quoted(name)}: [{text}]" for name, text in values.items())
        return f"{self.gathered.library}.DataFrame({{{columns}}}){self.gathered.typed_row(node)}"

    def _lazily(self, node: Node) -> dict[str, str]:
        """The columns of a node of one row as lazy scalars; computed where they are not sums."""
        if node not in self.scalars:
            self.scalars[node] = self._scalars(node)
        return self.scalars[node]

    def _scalars(self, node: Node) -> dict[str, str]:
        if isinstance(node, Aggregate) and not is_gathered(node.input):
            self.frame(node.input)
            print_ = self.expressions(node.input)
            return {name: self._named_scalar(name, print_.total(e)) for name, e in node.aggregates}
        if isinstance(node, Project) and all(Scalars.can(e) for _, e in node.items):
            spelt = Scalars(self.gaps, node.input.schema, "")
            spelt.values = self._lazily(node.input)
            return {name: spelt.text(e) for name, e in node.items}
        frame = self.frame(node)
        return {name: f"{frame}[{quoted(name)}].iloc[0]" for name in node.names}

    def _named_scalar(self, name: str, text: str) -> str:
        variable = self.variables.fresh(name)
        self.statements.append(f"{variable} = {text}")
        return variable

    # ------------------------------------------------------------------ one method per node

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
        text = f"{frame}[{self.expressions(node.input).text(node.condition)}]"
        if set(node.names) != set(self.physical[node]):
            self.physical[node] = node.names
            text += f"[{listing(node.names)}]"
        return self.assign(node, text)

    def project(self, node: Project) -> str:
        """Columns are assigned all at once, so that a name may be given anew and still be read."""
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
            # dask-expr leaves no columns to a union of which none is read
            constants = f"lambda part: part.assign({keywords(added)})[{listing(node.names)}]"
            self.physical[node] = node.names
            return self.assign(node, f"{print_.frame}.map_partitions({constants})")
        text = print_.frame + (f".assign({keywords(added)})" if added else "")
        back = {b: a for a, b in renames.items()}
        text += f"[{listing([back.get(name, name) for name in node.names])}]"
        self.physical[node] = node.names
        return self.assign(node, text + (f".rename(columns={mapping(renames)})" if renames else ""))

    def aggregate(self, node: Aggregate) -> str:
        distinct = [e for _, e in node.aggregates if isinstance(e.this, exp.Distinct)]
        lone = bool(distinct) and len(node.aggregates) == 1
        if not all(isinstance(e, _NATIVE) for _, e in node.aggregates) or (distinct and not lone):
            return self._grouped_apart(node)
        source, keys, values = self._grouping(node)
        renames = {k: n for k, (n, _) in zip(keys, node.keys, strict=True) if k != n}
        rename = f".rename(columns={mapping(renames)})" if renames else ""
        if not values:
            return self.assign(
                node, f"{source}[{listing(keys)}].{_without_duplicates(keys)}{rename}"
            )
        groups = f"{source}.groupby({one_or_list(keys)}, sort=False{self._dropna(node)})"
        if lone:
            ((name, _function, column),) = values
            counted = f"{groups}[{quoted(column)}].nunique().rename({quoted(name)}).reset_index()"
            return self.assign(node, counted + rename)
        return self._named_aggregates(
            node, groups, _Named.of(values, keys, self._risky(node)), rename
        )

    def _risky(self, node: Aggregate) -> set[str]:
        """The sums that may be of nothing, which Dask says are 0."""
        print_ = self.expressions(node.input)
        return {n for n, e in node.aggregates if isinstance(e, exp.Sum) and print_.nullable(e.this)}

    def _named_aggregates(self, node: Aggregate, groups: str, named: _Named, rename: str) -> str:
        """One call for all, each function of a column once, as Dask wants it."""
        calls = keywords(
            (name, f"({quoted(column)}, {quoted(function)})")
            for (function, column), name in named.calls.items()
        )
        frame = self.assign(node, f"{groups}.agg({calls}).reset_index(){rename}")
        self.physical[node] = (*(n for n, _ in node.keys), *named.calls.values())
        more = {name: f"{frame}[{quoted(held)}]" for name, held in named.copies.items()}
        for name, count in named.counts.items():
            text = more.get(name, f"{frame}[{quoted(name)}]")
            more[name] = f"{text}.where({frame}[{quoted(count)}] > 0)"
        if more:
            self.statements.append(f"{frame} = {frame}.assign({keywords(more.items())})")
            new = [name for name in more if name not in self.physical[node]]
            self.physical[node] += tuple(new)
        return frame

    def _grouped_apart(self, node: Aggregate) -> str:
        """Aggregates that Dask lacks: each group in one partition, where local code reduces it."""
        computed = [item for item in node.keys if not isinstance(item[1], exp.Column)]
        if not computed:
            return self._apart(node, [e.name for _, e in node.keys], "grouped")
        kept: list[Item] = [(name, exp.column(name)) for name in node.input.names]
        keys = tuple((n, e if isinstance(e, exp.Column) else exp.column(n)) for n, e in node.keys)
        wider = Project(node.input, (*kept, *computed))
        return self._apart(
            replace(node, input=wider, keys=keys), [k.name for _, k in keys], "grouped"
        )

    def _apart(self, node: Aggregate | Window | TopPerGroup, keys: Sequence[str], name: str) -> str:
        """Runs a node on partitions after a shuffle that brings equal keys together.

        Without keys it runs on one partition: an order over the whole table has no parallel form.
        """
        frame = self.exact(node.input)
        inner, function = (
            self.local(self.gaps, self.tables, self.source),
            self.variables.fresh(name),
        )
        inner.uses = Counter()
        rows = inner.frames[node.input] = inner.variables.fresh(frame_name(node))
        inner.physical[node.input] = node.input.names
        if not isinstance(node, TopPerGroup):  # they align columns, which wants unique labels
            inner.statements.append(f"{rows} = {rows}.reset_index(drop=True)")
        result = inner.exact(node)
        self.statements.append(f"def {function}({rows}):")
        body = [*inner.statements, f"return {result}"]
        self.statements += [f"    {line}" for line in body]
        self.physical[node] = node.names
        together = "repartition(npartitions=1)"
        if keys:
            together = f"shuffle({one_or_list(list(dict.fromkeys(keys)))})"
        meta = f", meta={frame}._meta.assign({_examples(node)})" if _ranks(node) else ""
        return self.assign(node, f"{frame}.{together}.map_partitions({function}{meta})")

    def join(self, node: Join) -> str:
        if is_gathered(node.left) and not is_gathered(node.right):
            left = self.variables.fresh(frame_name(node.left))
            self.statements.append(
                f"{left} = dd.from_pandas({self.frame(node.left)}, npartitions=1)"
            )
            self.frames[node.left] = left
        if node.kind == "cross" and one_row(node.right):
            return self._single(node)
        if node.kind == "cross":
            return self._cross(node)
        return super().join(node)

    def _sides(self, node: Join) -> tuple[str, str, list[str]]:
        """Both inputs; keys of one dtype, since Dask deals them out by their hash."""
        left, right, risky = super()._sides(node)
        pairs = [(node.left.column(a), node.right.column(b)) for a, b in node.on]
        ours = _key_dtypes(pairs)
        theirs = _key_dtypes([(b, a) for a, b in pairs])
        left += f".astype({mapping(ours)})" if ours else ""
        return left, right + (f".astype({mapping(theirs)})" if theirs else ""), risky

    def _copied(self, frame: str, pairs: Sequence[tuple[str, str]]) -> str:
        columns = keywords((new, f"{frame}[{quoted(old)}]") for new, old in pairs)
        return f"{frame}.assign({columns})[{listing([new for new, _ in pairs])}]"

    def _cross(self, node: Join) -> str:
        """Dask has no cross join: all rows meet at a key that is the same everywhere."""
        one = "everywhere"
        left, right = (f"{self.exact(side)}.assign({one}=0)" for side in node.inputs)
        merged = self.assign(node, f'{left}.merge({right}, on="{one}")')
        self.physical[node] = (*(c.name for c in node.unpruned), one)
        if node.residual is not None:
            condition = self.printer(self.gaps, node.unpruned, merged).text(node.residual)
            self.statements.append(f"{merged} = {merged}[{condition}]")
        return merged

    def _semi(self, node: Join) -> str:
        if not node.on:
            raise self.gaps.unsupported("EXISTS without a column that ties it to the row")
        if node.kind == "anti":
            return self._semi_merge(node)
        left, right = self.frame(node.left), self.frame(node.right)
        self.physical[node] = self.physical[node.left]
        pairs = [(node.left.column(a), node.right.column(b)) for a, b in node.on]
        theirs, on = [b for _, b in node.on], on_keys(node)
        keys = f"{right}[{listing(theirs)}]"
        if len(set(theirs)) < len(theirs):  # one column beside two of ours
            return self._semi_merge(node)
        risky = [
            b for a, b in node.on if node.left.column(a).nullable and node.right.column(b).nullable
        ]
        keys += f".dropna(subset={listing(risky)})" if risky else ""
        if dtypes := _key_dtypes([(b, a) for a, b in pairs]):
            keys += f".astype({mapping(dtypes)})"
        if dtypes := _key_dtypes(pairs):
            left += f".astype({mapping(dtypes)})"
        text = f'{left}.merge({keys}, {on}, how="leftsemi")'
        return self.assign(node, text)

    def _single(self, node: Join) -> str:
        """A scalar subquery: its one value beside every row."""
        if not one_row(node.right):
            raise self.gaps.unsupported("a scalar subquery that may be empty")
        left = self.frame(node.left)
        values = self._lazily(node.right)
        self.physical[node] = self.physical[node.left] + node.right.names
        dtypes = {c.name: _MASKED[c.type] for c in node.right.schema if _is_masked(c)}
        cast = f".astype({mapping(dtypes)})" if dtypes else ""
        return self.assign(node, f"{left}.assign({keywords(values.items())}){cast}")

    def window(self, node: Window) -> str:
        """Functions with the same partition run together."""
        bare = BareWindows(node)
        source = node.input
        if bare.computed:
            kept: list[Item] = [(name, exp.column(name)) for name in source.names]
            source = Project(source, (*kept, *bare.computed.items()))
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
        return self.frames[source]

    def _of_everything(self, node: Window) -> str:
        """Aggregates of all rows, as lazy scalars; rows numbered by a running sum of ones."""
        frame, print_ = self.frame(node.input), self.expressions(node.input)
        self.physical[node] = self.physical[node.input] + tuple(n for n, _ in node.functions)
        numbered = [name for name, e in node.functions if isinstance(e.this, exp.RowNumber)]
        added = [(n, "1" if n in numbered else print_.total(e.this)) for n, e in node.functions]
        frame = self.assign(node, f"{frame}.assign({keywords(added)})")
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
        """The frame sorted, and the columns that this adds.

        Dask may lose ``na_position="first"`` between partitions, and has one for all keys: where
        NULLs go first, a column that tells them is a key of its own.
        """
        first = [k.column for k in keys if k.nulls_first and source.column(k.column).nullable]
        flags = {c: f"{c}_missing" for c in first}
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
        return self.assign(node, f"{self.exact(node.input)}.{_without_duplicates(node.names)}")


@dataclass(frozen=True)
class _Named:
    """What one call of ``agg`` computes, and what follows from it.

    ``calls``: (function, column) -> the name of its column. ``copies``: an aggregate -> the column
    that holds it. ``counts``: a sum that may be of nothing -> the column that counts its values.
    """

    calls: dict[tuple[str, str], str]
    copies: dict[str, str]
    counts: dict[str, str]

    @classmethod
    def of(
        cls, values: Sequence[tuple[str, Expression, str]], keys: Sequence[str], risky: set[str]
    ) -> _Named:
        calls: dict[tuple[str, str], str] = {}
        copies = {}
        for name, e, column in values:
            held = f"{name}_" if name in keys else name
            held = calls.setdefault((function_of(e), column), held)
            if held != name:
                copies[name] = held
        sums = [(name, column) for name, _, column in values if name in risky]
        counts = {n: calls.setdefault(("count", c), f"{n}_known") for n, c in sums}
        return cls(calls, copies, counts)


def is_gathered(*nodes: Node) -> bool:
    """Whether nodes have one row or the first rows, or follow from such nodes alone."""
    return all(
        isinstance(node, Limit)
        or (isinstance(node, Aggregate) and not node.keys)
        or (bool(node.inputs) and is_gathered(*node.inputs))
        for node in nodes
    )


def _without_duplicates(columns: Sequence[str]) -> str:
    """Dask's optimizer fails on a rename that follows ``drop_duplicates`` without a subset."""
    return f"drop_duplicates(subset={listing(columns)})"


def _is_whole(window: Expression) -> bool:
    """Whether a window is over all rows in no order."""
    ordered = window_order(window) or window.args.get("spec")
    known = isinstance(window.this, (*_NATIVE, exp.RowNumber))
    estimated = isinstance(window.this, (exp.Median, exp.PercentileCont))
    return known and not (estimated or ordered or partition_names(window))


def _ranks(node: Node) -> bool:
    """Whether ranks are computed, of which Dask's sample, with NULLs, does not give the dtype."""
    ranks = (exp.Rank, exp.DenseRank)
    return isinstance(node, Window) and any(isinstance(e.this, ranks) for _, e in node.functions)


def _examples(node: Node) -> str:
    """A value of the type of each window function."""
    added = node.schema[len(node.inputs[0].schema) :]
    return keywords((column.name, _EXAMPLES[column.type]) for column in added)


def _key_dtypes(pairs: Sequence[tuple[Column, Column]]) -> dict[str, str]:
    """The dtypes that the first keys of the pairs take on to be like the second."""
    times = {a.name: "datetime64[us]" for a, _ in pairs if a.type.temporal}
    masked = {
        a.name: _MASKED[a.type]
        for a, b in pairs
        if a.type in _MASKED and b.nullable and not a.nullable
    }
    return times | masked


def _is_masked(column: Column) -> bool:
    return column.nullable and column.type in _MASKED


def _same(name: str, e: Expression) -> bool:
    return isinstance(e, exp.Column) and e.name == name


def _joined(texts: Mapping[str, str]) -> str:
    return ", ".join(texts.values())


def _parquet(name: str, columns: Sequence[Column]) -> str:
    """All columns: Dask's optimizer reads those that the program needs."""
    options = [name]
    options += ['dtype_backend="numpy_nullable"'] if needs_mask(columns) else []
    if any(c.type is Type.DATE for c in columns):
        options.append('arrow_to_pandas={"date_as_object": False}')
    plain = {Type.FLOAT64: "float64", Type.STRING: "str"}
    dtypes = {c.name: plain[c.type] for c in columns if c.type in plain and needs_mask(columns)}
    cast = f".astype({mapping(dtypes)})" if dtypes else ""
    return f"dd.read_parquet({', '.join(options)}){cast}"
