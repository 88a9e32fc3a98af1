"""Polars' engine and emitter; programs use its lazy API."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from sqlglot import exp

from harness.answer import SortKey, Training
from harness.engines.base import Clients
from harness.engines.gaps import Gaps
from harness.engines.polars.expressions import PolarsExpressions
from harness.engines.polars.gaps import HEADER, POLARS_GAPS
from harness.engines.polars.values import DTYPES
from harness.engines.polars.windows import PolarsWindows
from harness.engines.python.constants import lists, of_columns
from harness.engines.python.kernel import (
    ATOM,
    flags,
    is_keyword_argument,
    listing,
    names,
    one_or_list,
    quoted,
)
from harness.engines.python.lazy import LazyProgram
from harness.engines.python.program import ProgramEmitter, PythonEngine
from harness.engines.session import OUTPUT_FILE, Sharing
from harness.machine.variables import POLARS
from harness.plan.facts.columns import columns_of
from harness.plan.guards.nan_uses import Use
from harness.plan.guards.special_uses import FULL_CASE, Differing
from harness.plan.guards.training import streams
from harness.plan.guards.widths import NarrowColumns
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
    Sort,
    TopPerGroup,
    Union,
    Values,
    Window,
    columns_in,
    conjuncts,
    united,
)
from harness.special import Special
from harness.tables import Input, Table

if TYPE_CHECKING:
    pass

MOST_ROWS = 2**32 - 1
"""The most rows that a frame of Polars has."""


_SIDES = ("left", "right")


class PolarsProgram(LazyProgram):
    """Emits a plan as the source of one lazy query."""

    imports: ClassVar[Mapping[str, str]] = {"pl": "import polars as pl"}
    needed = "pl"
    rename: ClassVar[str] = "rename"
    collect: ClassVar[str] = ".collect()"
    write: ClassVar[str] = ".sink_parquet"
    stream: ClassVar[str] = ".collect_batches(chunk_size={rows})"
    printer: ClassVar[type[PolarsExpressions]] = PolarsExpressions
    windows: ClassVar[type[PolarsWindows]] = PolarsWindows

    def __init__(self, gaps: Gaps, tables: Mapping[str, Table], source: Input) -> None:
        super().__init__(gaps, tables, source)
        self.in_order: set[Node] = set()
        self.widths = NarrowColumns(self.printer.widths.narrow)

    def end(self, write: str | None) -> str:
        return self.collect if write is None else f"{self.write}({quoted(OUTPUT_FILE)})"

    def batches(self, plan: Node, frame: str, train: Training) -> list[str]:
        """Emits a loop over a streamed query's batches, or over slices of an answer in memory."""
        streamed = self.source is not Input.MEMORY and streams(plan)
        text = self.stream if streamed else f"{self.collect}.iter_slices({{rows}})"
        batch = self.variables.fresh("batch")
        features = f'{batch}.drop({quoted(train.target)}).cast(pl.Float64).to_numpy(order="c")'
        return [
            f"for {batch} in {frame}{text.replace('{rows}', f'{train.batch_rows:_}')}:",
            f"    yield {features}, {batch}[{quoted(train.target)}].to_numpy()",
        ]

    def shared(self, node: Node, text: str) -> str:
        return f"{text}.cache()" if _is_computed(node) else text

    def exact(self, node: Node) -> str:
        self.in_order.add(_without_order(node))
        return super().exact(node)

    def expressions(self, *sources: Node) -> PolarsExpressions:
        """Returns an emitter for expressions over the columns of these nodes."""
        schema = tuple(column for source in sources for column in source.schema)
        return self.printer(self.gaps, schema, self.widths.narrow(*sources))

    def reader(self, table: Table) -> str:
        name = f"t({quoted(table.name)})"
        if self.source is Input.MEMORY:
            return name
        if self.source is Input.PARQUET:
            return f"pl.scan_parquet({name})"
        refuse_header(self.gaps, table)
        schema = ", ".join(f"{quoted(c.name)}: {DTYPES[c.type]}" for c in table.schema)
        options = [f"schema={{{schema}}}", f"null_values={listing(table.csv_format.null_values)}"]
        if table.csv_format.delimiter != ",":
            options.append(f"separator={quoted(table.csv_format.delimiter)}")
        return f"pl.scan_csv({name}, {', '.join(options)})"

    def filter(self, node: Filter) -> str:
        text = self.below(node)
        print_ = self.expressions(node.input)
        conditions = ", ".join(print_.text(part) for part in conjuncts(node.condition))
        return f"{text}.filter({conditions})"

    def project(self, node: Project) -> str:
        if isinstance(node.input, Aggregate) and self._in_one_step(node, node.input):
            return self._computed_totals(node, node.input)
        text = self.frame(node.input)
        unchanged = tuple(n for n, e in node.items if isinstance(e, exp.Column) and e.name == n)
        first = tuple(n for n, _ in node.items[: len(unchanged)])
        if self.physical[node.input] == unchanged == first and len(unchanged) < len(node.items):
            added = self.items(node.items[len(unchanged) :], node.input, of=node)
            self.physical[node] = unchanged + self.physical[node]
            return f"{text}.with_columns({added})"
        if not any(columns_in(e) for _, e in node.items):  # select would give one row
            items = self.items(node.items, node.input, of=node)
            return f"{text}.with_columns({items}).select({names(self.physical[node])})"
        return f"{text}.select({self.items(node.items, node.input, of=node)})"

    def _in_one_step(self, node: Project, totals: Aggregate) -> bool:
        """True if aggregates of a whole frame, and what is computed of them, can be one ``select``.

        ``totals`` has the aggregates, ``node`` reads them: each at most once, and no others do.
        """
        read = [c.name for _, e in node.items for c in columns_of(e)]
        return not totals.keys and self.uses[totals] == 1 and len(set(read)) == len(read) > 0

    def _computed_totals(self, node: Project, totals: Aggregate) -> str:
        """Emits a ``select`` of what is computed of aggregates: ``share=pl.col("a").sum() / …``.

        ``totals`` has the aggregates, which are of a whole frame; ``node`` reads them.
        """
        text = self.frame(totals.input)
        inner, outer = self.expressions(totals.input), self.expressions(totals)
        outer.spelt = {name: inner.aggregate(e, grouped=False) for name, e in totals.aggregates}
        values, self.physical[node] = _arguments((n, outer.value(e)) for n, e in node.items)
        return f"{text}.select({values})"

    def items(self, items: Sequence[Item], source: Node, of: Node | None = None) -> str:
        """Returns the arguments of ``select``: ``"a", b=pl.col("c") + 1``.

        Columns that keep their names come first, since Python wants keywords last. The resulting
        order of columns is stored for the node ``of``, if given.
        """
        print_ = self.expressions(source)
        plain = [(n, e) for n, e in items if isinstance(e, exp.Column) and e.name == n]
        others = [item for item in items if item not in plain]
        odd = [(n, e) for n, e in others if not is_keyword_argument(n)]
        keywords = [(n, e) for n, e in others if is_keyword_argument(n)]
        positional = plain + odd
        if of in self.in_order and positional + keywords != list(items):
            positional, keywords = list(items), []
        if of is not None:
            self.physical[of] = tuple(n for n, _ in positional + keywords)
        texts = [self._positional(n, e, print_) for n, e in positional]
        return ", ".join(texts + [self._keyword(n, e, print_) for n, e in keywords])

    def _keyword(self, name: str, e: Expression, print_: PolarsExpressions) -> str:
        text = quoted(e.name) if isinstance(e, exp.Column) else print_.value(e)
        return f"{name}={text}"

    def _positional(self, name: str, e: Expression, print_: PolarsExpressions) -> str:
        if isinstance(e, exp.Column) and e.name == name:
            return quoted(name)
        return f"{print_.operand(e, ATOM)}.alias({quoted(name)})"

    def aggregate(self, node: Aggregate) -> str:
        text = self.frame(node.input)
        keys, grouped = self.items(node.keys, node.input, of=node), bool(node.keys)
        if grouped and self._keys_first(node):
            text, keys = f"{text}.with_columns({keys})", names(self.physical[node])
        if not node.aggregates:
            return f"{text}.select({keys}).unique()"
        print_ = self.expressions(node.input)
        values, found = _arguments(
            (name, print_.aggregate(e, grouped)) for name, e in node.aggregates
        )
        if not grouped:
            self.physical[node] = found
            return f"{text}.select({values})"
        self.physical[node] += found
        return f"{text}.group_by({keys}).agg({values})"

    def _keys_first(self, node: Aggregate) -> bool:
        """True if all keys are constants, which must become columns before the aggregation.

        Grouped by constants themselves, no rows would be one group.
        """
        return not any(columns_in(e) for _, e in node.keys)

    def join(self, node: Join) -> str:
        left, right = self._sides(node)
        how = {"inner": "", "single": ', how="cross"'}.get(node.kind, f', how="{node.kind}"')
        if node.residual is not None and node.kind != "inner":
            raise self.gaps.unsupported("a join other than inner with more than equalities")
        if node.kind in ("cross", "single"):
            text = f"{left}.join({right}{how})"
        else:
            text = f"{left}.join({right}, {self._on(node)}{how}{self._coalesce(node)})"
        if node.residual is not None:
            print_ = self.expressions(node.left, node.right)
            text = f"{text}.filter({print_.text(node.residual)})"
        return text

    def _sides(self, node: Join) -> tuple[str, str]:
        """Returns the texts of both inputs' frames, the right one's as a variable.

        The columns of the joined frame are stored for the node.
        """
        if node.kind in ("semi", "anti"):
            text = self.below(node)
            return text, self.assigned(node.right, self.frame(node.right))
        left, right = self.sides(node)
        apart = bool(self._coalesce(node))
        gone = node.shared_keys
        if node.kind in ("inner", "left"):
            gone = frozenset() if apart else frozenset(b for _, b in node.on)
        suffix = self._suffix(node)
        theirs = (c + suffix if apart and c in node.shared_keys else c for c in right.columns)
        self.physical[node] = left.columns + tuple(c for c in theirs if c not in gone)
        return left.text, self.assigned(node.right, right.text)

    def as_of_join(self, node: AsOfJoin) -> str:
        (left, ours), (right, theirs) = self.sides(node)
        ours_on, theirs_on = node.on
        known = node.unmatched(node.right)
        right += f".drop_nulls({one_or_list(known)})" if known else ""
        by = [f"by={one_or_list(node.keys(0)[:-1])}"] if node.by else []
        if node.keys(0)[:-1] != node.keys(1)[:-1]:
            by = [f"by_{side}={one_or_list(node.keys(n)[:-1])}" for n, side in enumerate(_SIDES)]
        options = [f"left_on={quoted(ours_on)}", f"right_on={quoted(theirs_on)}", *by]
        options += [] if node.backward else ['strategy="forward"']
        options += [] if node.exact else ["allow_exact_matches=False"]
        options += ["coalesce=False", *(["check_sortedness=False"] if by else [])]
        there = f"{right}.sort({quoted(theirs_on)})"
        text = f"{left}.sort({quoted(ours_on)}).join_asof({there}, {', '.join(options)})"
        text += "" if node.outer else f".drop_nulls({quoted(theirs_on)})"
        gone = {key for _, key in node.by}
        self.physical[node] = (*ours, *(c for c in theirs if c not in gone))
        if copied := [pair for pair in node.by if pair[0] != pair[1] and pair[1] in node.names]:
            text += f".with_columns({', '.join(self._partner(node, *pair) for pair in copied)})"
            self.physical[node] += tuple(key for _, key in copied)
        return text

    def _partner(self, node: AsOfJoin, ours: str, theirs: str) -> str:
        """Returns the text of a right key: the left key, where there is a right row."""
        key = f"pl.col({quoted(ours)})"
        if node.outer:
            key = f"pl.when(pl.col({quoted(node.on[1])}).is_not_null()).then({key})"
        return f"{key}.alias({quoted(theirs)})"

    def _on(self, node: Join) -> str:
        left, right = [a for a, _ in node.on], [b for _, b in node.on]
        if left == right:
            return f"on={one_or_list(left)}"
        return f"left_on={one_or_list(left)}, right_on={one_or_list(right)}"

    def _coalesce(self, node: Join) -> str:
        """Returns ``, coalesce=False``, which keeps a right key that is read beside its left key.

        If none is read, the text is empty.
        """
        read = {b for a, b in node.on if a != b} & set(node.names) - {a for a, _ in node.on}
        residual = columns_in(node.residual) & {b for a, b in node.on if a != b}
        if node.kind not in ("inner", "left") or not (read or residual):
            return ""
        suffix = self._suffix(node)
        return ", coalesce=False" + (f", suffix={quoted(suffix)}" if suffix != "_right" else "")

    def _suffix(self, node: Join) -> str:
        """Returns what tells a right key from the left key of its name where both are kept."""
        suffix, taken = "_right", {*node.left.names, *node.right.names}
        while any(key + suffix in taken for key in node.shared_keys):
            suffix += "_"
        return suffix

    def window(self, node: Window) -> str:
        text = self.below(node)
        windows = self.windows(self.expressions(node.input))
        for each in windows.passes(node.functions):
            text += f".sort({windows.print_.sorting(each.order)})" if each.order else ""
            added, names = _arguments(each.first)
            text += f".with_columns({added})"
            text += f".with_columns({_arguments(each.second)[0]})" if each.second else ""
            self.physical[node] += names
        return text

    def top_per_group(self, node: TopPerGroup) -> str:
        text = f"{self.below(node)}{self._sort(node.input, node.order)}"
        if node.count == 1:
            return f'{text}.unique({one_or_list(node.keys)}, keep="first")'
        self.physical[node] = (
            *node.keys,
            *(c for c in self.physical[node.input] if c not in node.keys),
        )
        return f"{text}.group_by({names(node.keys)}).head({node.count})"

    def sort(self, node: Sort) -> str:
        text = self.below(node)
        return f"{text}{self._sort(node.input, node.keys)}"

    def _sort(self, source: Node, keys: Sequence[SortKey]) -> str:
        descending = [key.descending for key in keys]
        last = [not key.nulls_first for key in keys]
        options = f", descending={flags(descending)}" if any(descending) else ""
        if any(source.column(key.column).nullable for key in keys) and any(last):
            options += f", nulls_last={flags(last)}"
        return f".sort({names([key.column for key in keys])}{options})"

    def limit(self, node: Limit) -> str:
        text = self.below(node)
        if node.count is None or node.count > MOST_ROWS:
            return f"{text}.slice({node.offset})" if node.offset else text
        first = f"slice({node.offset}, {node.count})" if node.offset else f"head({node.count})"
        return f"{text}.{first}"

    def values(self, node: Values) -> str:
        self.physical[node] = node.names
        return f"pl.LazyFrame({of_columns(lists(node))})"

    def distinct(self, node: Distinct) -> str:
        return f"{self.exact(node.input)}.unique()"

    def union(self, node: Union) -> str:
        return f"pl.concat([{', '.join(map(self._widened, united(node, self.uses)))}])"

    def _widened(self, node: Node) -> str:
        """Returns the variable of the node's frame as Polars' ``concat`` needs it.

        Its columns are in the node's order, its integers in 64 bits.
        """
        text = self.exact(node)
        narrow = [name for name in node.names if name in self.widths.narrow(node)]
        if narrow:
            text = f"{text}.with_columns(pl.col({names(narrow)}).cast(pl.Int64))"
        return self.assigned(node, text)


def _arguments(values: Iterable[tuple[str, str]]) -> tuple[str, tuple[str, ...]]:
    """Returns the text of arguments of select, agg or with_columns, and their columns' order.

    ``values`` are pairs of a column's name and its text. Names that cannot be keywords come first,
    by ``alias``.
    """
    values = list(values)
    odd = [(name, text) for name, text in values if not is_keyword_argument(name)]
    plain = [(name, text) for name, text in values if is_keyword_argument(name)]
    texts = [f"({text}).alias({quoted(name)})" for name, text in odd]
    texts += [f"{name}={text}" for name, text in plain]
    return ", ".join(texts), tuple(name for name, _ in odd + plain)


def _without_order(node: Node) -> Node:
    """Returns the step below sorts and limits, which has the same columns."""
    while isinstance(node, (Sort, Limit)):
        node = node.input
    return node


def _is_computed(node: Node) -> bool:
    """True if a node's frame should be computed only once where it is read twice.

    That is so if the node, or one below it, is a join, an aggregation, a sort or the like. Polars
    finds by itself that two frames are the same only where both are read alike, and filters and
    columns of a scan should rather go into the scan.
    """
    costly = isinstance(node, (Aggregate, Distinct, Join, Sort, TopPerGroup, Window))
    return costly or any(map(_is_computed, node.inputs))


def refuse_header(gaps: Gaps, table: Table) -> None:
    """Raises Unsupported for a CSV header with ``"`` in a column's name, which Polars misreads."""
    for column in table.schema:
        if '"' in column.name:
            raise gaps.unsupported(HEADER, column.name)


class Polars(PythonEngine):
    name = "polars"
    label = "Polars"
    colour = "#0075ff"
    distribution = "polars"
    module = "polars"
    emitter: ClassVar[type[ProgramEmitter]] = PolarsProgram
    session = "harness.engines.polars.session:PolarsSession"
    hands_over = "those of the query where it streams, else slices of its answer"
    keeps_order = True
    variables: ClassVar[tuple[str, ...]] = POLARS
    names_differ = re.compile(r"\*|\^.*\$", re.DOTALL)  # Polars' wildcard, and its patterns
    nan_differs = frozenset({Use.PLACE, Use.GREATEST, Use.SPREAD, Use.WINDOWED})
    special_differs: ClassVar[Differing] = {
        **FULL_CASE,
        exp.Reverse: frozenset({Special.NEW}),
        exp.IntDiv: frozenset({Special.LEAST}),
        exp.Mod: frozenset({Special.LEAST, Special.LARGE, Special.INFINITE}),
        exp.PercentileDisc: frozenset({Special.BEYOND}),
        exp.Round: frozenset({Special.LEAST}),
    }
    gaps = POLARS_GAPS
    clients = Clients(
        Sharing.THREADS, "its queries share one pool of threads, and release Python's lock"
    )

    def environment(self, threads: int) -> dict[str, str]:
        return {**super().environment(threads), "POLARS_MAX_THREADS": str(threads)}
