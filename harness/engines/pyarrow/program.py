"""Emits a plan as a PyArrow program: a pipeline of Acero's declarations, run at its end."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlglot import exp

from harness.answer import Training
from harness.engines.gaps import Gaps
from harness.engines.pyarrow.aggregates import Grouping, Quantile, misses_constants
from harness.engines.pyarrow.expressions import ArrowExpressions
from harness.engines.pyarrow.flow import Flow, column, sort_keys, source, with_one_zero
from harness.engines.pyarrow.joins import (
    as_of,
    as_payload,
    coalesced,
    is_valid,
    options,
    refuse_as_of,
    sides,
    unambiguous,
    with_few_on_the_right,
    with_keys,
    with_values,
)
from harness.engines.pyarrow.recipes import RECIPES
from harness.engines.pyarrow.windows import WindowPrinter
from harness.engines.python.bindings import bound
from harness.engines.python.constants import lists, of_columns
from harness.engines.python.kernel import (
    listing,
    mapping,
    quoted,
)
from harness.engines.python.layout import PART_ROWS, in_parts, indented
from harness.engines.python.program import ProgramEmitter
from harness.engines.python.recipes import called_in
from harness.engines.python.windows import BareWindows, partition_names
from harness.engines.session import OUTPUT_FILE, Program
from harness.plan.guards.nan_uses import nan_in_order
from harness.plan.guards.training import streams
from harness.plan.optimize.extremes import has_extremes, over_first_rows
from harness.plan.tree.nodes import (
    Aggregate,
    AsOfJoin,
    Distinct,
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
    Values,
    Window,
    united,
    uses,
    walk,
)
from harness.tables import Input, Table
from harness.types import Type

_MODULES = {
    "np": "import numpy as np",
    "pa": "import pyarrow as pa",
    "pc": "import pyarrow.compute as pc",
    "csv": "import pyarrow.csv as csv",
    "pq": "import pyarrow.parquet as pq",
}
_ACERO = (
    "AggregateNodeOptions",
    "Declaration",
    "ExecNodeOptions",
    "FilterNodeOptions",
    "HashJoinNodeOptions",
    "OrderByNodeOptions",
    "ProjectNodeOptions",
    "TableSourceNodeOptions",
)


class ArrowProgram(ProgramEmitter):
    """Emits a plan as the text of a program, by one method for each node class."""

    imports = _MODULES
    reserved = (*_ACERO, *RECIPES)

    def __init__(self, gaps: Gaps, tables: Mapping[str, Table], source: Input) -> None:
        super().__init__(gaps, tables, source)
        self.flows: dict[Node, Flow] = {}

    def program(self, plan: Node, end: str | Training | None) -> Program:
        self.uses = uses(plan)
        if isinstance(end, Training):
            last = self._batches(plan, end)
        elif end is None:
            last = [f"return {self._answer(plan)}"]
        else:
            last = [f"pq.write_table({self._answer(plan)}, {quoted(OUTPUT_FILE)})"]
        body = bound([*self.statements, *last], self.variables, lazy="pc.field(")
        helpers = [in_parts(PART_ROWS)] if any("batches(t(" in line for line in body) else []
        return self.module(body, [*helpers, *called_in(body, RECIPES)])

    def _batches(self, plan: Node, train: Training) -> list[str]:
        """Emits a loop over an answer's batches; of a query that streams, part by part of its file.

        A dataset's ``to_batches`` would read ahead as far as memory goes, since training is slower.
        """
        streamed = self.source is Input.PARQUET and streams(plan)
        parts = self._parts(plan) if streamed else []
        target, size = quoted(train.target), f"{train.batch_rows:_}"
        batches = [
            f"for batch in {self._answer(plan)}.to_batches(max_chunksize={size}):",
            f"    features = batch.drop_columns({target}).to_tensor(null_to_nan=True).to_numpy()",
            f"    yield features, batch[{target}].to_numpy(zero_copy_only=False)",
        ]
        return [*parts, *(indented(batches) if streamed else batches)]

    def _parts(self, plan: Node) -> list[str]:
        """Emits the head of a loop over parts of a table's files, which the plan's scan then is."""
        (scan,) = (node for node in walk(plan) if isinstance(node, Scan))
        names = [name for name, _ in scan.columns]
        renamed = f".rename_columns({mapping(scan.renames)})" if scan.renames else ""
        self.flows[scan] = Flow(f"part{renamed}", scan.names, scan.table)
        read = f"batches(t({quoted(scan.table)}), {listing(names)})"
        return [f"for part in map(pa.table, {read}):"]

    def more_imports(self, text: str) -> list[str]:
        acero = [name for name in _ACERO if re.search(rf"\b{name}\b", text)]
        return [f"from pyarrow.acero import {', '.join(acero)}"] if acero else []

    def _answer(self, plan: Node) -> str:
        """Returns the text of the answer's table, with the plan's columns in the plan's order."""
        flow = self._settled(plan)
        chosen = "" if flow.columns == plan.names else f".select({listing(plan.names)})"
        return flow.table + chosen

    # ------------------------------------------------------------------ flows

    def flow(self, node: Node) -> Flow:
        """Returns the flow of a node; one that is read twice is computed into a table."""
        if node not in self.flows:
            flow: Flow = self.emitted(node)
            if self.uses[node] > 1:
                flow = flow.trimmed(node.names)
                flow = flow if flow.is_at_hand else self.stored(flow)
            self.flows[node] = flow
        return self.flows[node]

    def stored(self, flow: Flow) -> Flow:
        """Returns a flow that starts from a variable with the flow's table.

        The table is computed, and assigned to the variable, if it is in none yet.
        """
        if flow.is_bare and flow.head.isidentifier():
            return flow
        return self._variable(flow)

    def _variable(self, flow: Flow) -> Flow:
        variable = self.variables.fresh(flow.name)
        self.statements.append(f"{variable} = {flow.table}")
        return Flow(variable, flow.columns, flow.name)

    def declared(self, flow: Flow) -> str:
        """Assigns the flow's declaration to a variable, and returns its name."""
        variable = self.variables.fresh(flow.name)
        self.statements.append(f"{variable} = {flow.declaration}")
        return variable

    def narrowed(self, node: Node) -> Flow:
        """Returns the flow with the node's columns only, in any order."""
        flow = self.flow(node)
        exact = set(flow.columns) == set(node.names)
        return flow if exact and not flow.values else flow.trimmed(node.names)

    def expressions(self, node: Node, flow: Flow) -> ArrowExpressions:
        return ArrowExpressions(self.gaps, node.schema, flow.values)

    # ------------------------------------------------------------------ sources

    def scan(self, node: Scan) -> Flow:
        return self._read(node, node.names)

    def _read(self, node: Scan, names: Sequence[str], condition: str = "") -> Flow:
        """Returns the flow that reads some columns of a scan, under their names in the plan."""
        origin = _origin(node)
        wanted = [origin[name] for name in names]
        text = source(self.tables[node.table], self.source, wanted, condition)
        if renamed := {origin[name]: name for name in names if origin[name] != name}:
            text += f".rename_columns({mapping(renamed)})"
        return Flow(text, tuple(names), node.table)

    def values(self, node: Values) -> Flow:
        return Flow(f"pa.table({of_columns(lists(node))})", node.names, "rows")

    def filter(self, node: Filter) -> Flow:
        source = node.input
        unread = self.source is Input.PARQUET and source not in self.flows
        if unread and isinstance(source, Scan) and self.uses[source] == 1:
            return self._filtered_read(node, source)
        flow = self.narrowed(source) if not self.flow(source).values else self.flow(source)
        condition = self.expressions(source, flow).kept(node.condition)
        return flow.then("filter", f"FilterNodeOptions({condition})")

    def _filtered_read(self, node: Filter, scan: Scan) -> Flow:
        """Emits a filter of Parquet as it is read: by row groups first, then by rows."""
        origin = _origin(scan)
        schema = tuple(replace(column, name=name) for name, column in scan.columns)
        condition = node.condition.transform(
            lambda e: exp.column(origin[e.name]) if isinstance(e, exp.Column) else e
        )
        text = ArrowExpressions(self.gaps, schema).kept(condition)
        return self._read(scan, node.names, text)

    # ------------------------------------------------------------------ columns and groups

    def project(self, node: Project) -> Flow:
        flow = self.flow(node.input)
        if not node.computed and not node.renames:
            return replace(flow, values=_chosen(flow.values, node.names))
        if not node.computed and flow.is_bare and not flow.values:
            return self._renamed(flow, node.items)
        print_ = self.expressions(node.input, flow)
        return flow.projected({name: print_.expression(e) for name, e in node.items})

    def _renamed(self, flow: Flow, items: Sequence[Item]) -> Flow:
        """Returns the flow of a table with its columns under other names."""
        flow = flow.trimmed([e.name for _, e in items])
        names = tuple(name for name, _ in items)
        return replace(flow, head=f"{flow.head}.rename_columns({listing(names)})", columns=names)

    def aggregate(self, node: Aggregate) -> Flow:
        if has_extremes(node):
            return self.flow(over_first_rows(node))
        flow = self.flow(node.input)
        if misses_constants(node):  # a stored table has no constant columns
            flow = self.stored(self._settled(node.input))
        grouping = Grouping(self.expressions(node.input, flow), node.keys)
        for name, e in node.aggregates:
            grouping.add(name, e)
        if grouping.computes_inputs:
            flow = flow.projected(grouping.input_texts())
        if grouping.quantiles and not node.keys:
            return self._quantiles_of_all(flow, grouping)
        flow = self._aggregated(flow, grouping, [name for name, _ in node.keys])
        for quantile in grouping.quantiles:
            flow = self._with_quantile(self.stored(flow), quantile)
        return flow

    def _aggregated(self, flow: Flow, grouping: Grouping, keys: Sequence[str]) -> Flow:
        options = f"[{', '.join(grouping.aggregates)}]"
        options += f", keys={listing(keys)}" if keys else ""
        columns = (*keys, *grouping.names)
        flow = flow.then("aggregate", f"AggregateNodeOptions({options})", columns)
        if not grouping.outputs:
            return flow
        plain = {name: column(name) for name in columns if not _is_part(name, grouping.outputs)}
        return flow.projected(plain | grouping.outputs)

    def _with_quantile(self, flow: Flow, quantile: Quantile) -> Flow:
        lists, counts = (f"{flow.head}[{quoted(n)}]" for n in (quantile.lists, quantile.counts))
        values = f"quantiles({lists}, {counts}, {quantile.q})"
        return self._appended(flow, quantile.name, values)

    def _appended(self, flow: Flow, name: str, values: str) -> Flow:
        """Emits a column added to a table in a variable; returns the flow with the column.

        ``values`` is the text of the array that becomes the column.
        """
        variable = flow.head
        self.statements.append(f"{variable} = {variable}.append_column({quoted(name)}, {values})")
        return replace(flow, columns=(*flow.columns, name))

    def _quantiles_of_all(self, flow: Flow, grouping: Grouping) -> Flow:
        rows = self.stored(flow)
        exact = {
            q.name: f"pc.quantile({rows.head}[{quoted(q.lists)}], q={q.q})"
            for q in grouping.quantiles
        }
        if not grouping.names:
            columns = ", ".join(f"{quoted(name)}: {text}" for name, text in exact.items())
            return Flow(f"pa.table({{{columns}}})", tuple(exact), flow.name)
        flow = self.stored(self._aggregated(rows, grouping, ()))
        for name, text in exact.items():
            flow = self._appended(flow, name, text)
        return flow

    def distinct(self, node: Distinct) -> Flow:
        return self._distinct(self.narrowed(node.input), node)

    def _distinct(self, flow: Flow, node: Node) -> Flow:
        flow = with_one_zero(flow, _floats(node))
        return flow.then("aggregate", f"AggregateNodeOptions([], keys={listing(flow.columns)})")

    # ------------------------------------------------------------------ joins

    def join(self, node: Join) -> Flow:
        if node.kind == "single":
            return self._with_value(node)
        node = with_few_on_the_right(node)
        left, right = unambiguous(node, self._settled(node.left), self._settled(node.right))
        left, right = with_keys(node, left, right, self.gaps)
        output = sides(node, left, right)
        how = options(node, right, output, self.gaps)
        inputs = f"inputs=[{self.declared(left)}, {self.declared(right)}]"
        head = f'Declaration("hashjoin", {how}, {inputs})'
        flow = Flow(head, output.left + output.right, "joined", is_table=False)
        return coalesced(flow, output) if output.both else flow

    def as_of_join(self, node: AsOfJoin) -> Flow:
        refuse_as_of(node, self.gaps)
        left, right = (
            with_values(self._settled(side).trimmed(side.names), side, node) for side in node.inputs
        )
        right, names = as_payload(node, right)
        left, right = self.stored(left), self.stored(right)
        gone = set(names.values())
        flow = Flow(
            f"join_asof({left.head}, {right.head}, {as_of(node, names)})",
            (*left.columns, *(c for c in right.columns if c not in gone)),
            "joined",
        )
        if node.outer:
            return flow
        return self.stored(flow).then("filter", f"FilterNodeOptions({is_valid([node.on[1]])})")

    def _with_value(self, node: Join) -> Flow:
        """Emits a scalar subquery, and keeps its value in a variable.

        Returns the flow of the join's left input, with the variable's value in all its rows.
        """
        table = self.stored(replace(self.narrowed(node.right), name="subquery")).head
        flow = self.flow(node.left)
        values = dict(flow.values)
        for name in node.right.names:
            values[name] = self.variables.fresh(name)
            column = f"{table}[{quoted(name)}]"
            self.statements.append(f"{values[name]} = pc.scalar({column}[0])")
        return replace(flow, values=values)

    def _settled(self, node: Node) -> Flow:
        """Returns the node's flow; values that are the same in all rows have become columns."""
        flow = self.flow(node)
        return flow.trimmed(node.names) if flow.values else flow

    # ------------------------------------------------------------------ order

    def sort(self, node: Sort) -> Flow:
        return self.narrowed(node.input).then("order_by", f"OrderByNodeOptions({_in_order(node)})")

    def limit(self, node: Limit) -> Flow:
        cut = f".slice({node.offset}, {node.count})"
        if node.count is None:
            cut = f".slice({node.offset})"
        if node.count is None or not isinstance(node.input, Sort) or self.uses[node.input] > 1:
            flow = self.flow(node.input)
            return replace(flow, head=flow.table + cut, is_table=True, steps=())
        flow = self.stored(self.narrowed(node.input.input))
        k, keys = node.offset + node.count, _in_order(node.input)
        head = f"{flow.head}.take(pc.select_k_unstable({flow.head}, k={k}, sort_keys={keys}))"
        return replace(flow, head=head + cut if node.offset else head)

    def top_per_group(self, node: TopPerGroup) -> Flow:
        keys = [name for name in _floats(node) if name in node.keys]
        flow = self.narrowed(node.input)
        flow = self.stored(with_one_zero(flow, keys) if keys else flow)
        rows = self.variables.fresh("rows")
        order = sort_keys(nan_in_order(node.order, node.input.schema))
        self.statements.append(f"{rows} = ranked_rows({flow.head}, {listing(node.keys)}, {order})")
        first = f"pc.list_slice({rows}, 0, {node.count}).flatten()"
        return replace(flow, head=f"{flow.head}.take({first})")

    def window(self, node: Window) -> Flow:
        bare = BareWindows(node)
        flow = self.narrowed(node.input)
        if bare.computed:
            print_ = self.expressions(node.input, flow)
            computed = {name: print_.expression(e) for name, e in bare.computed.items()}
            flow = flow.projected({n: column(n) for n in flow.columns} | computed)
        keys = {name for window in bare.windows.values() for name in partition_names(window)}
        floats = [c.name for c in bare.schema if c.type is Type.FLOAT64 and c.name in keys]
        flow = with_one_zero(flow, floats) if floats else flow
        flow = self._variable(flow)  # a new variable, since columns are added to it
        print_ = ArrowExpressions(self.gaps, bare.schema, flow.values)
        printer = WindowPrinter(print_, flow.head, self.variables, self.statements)
        for name, window in bare.windows.items():
            values = printer.values(window)
            flow = self._appended(flow, name, values)
        return flow

    # ------------------------------------------------------------------ sets

    def union(self, node: Union) -> Flow:
        """Emits a union, which matches columns by position, so they are put in order."""
        flows = [self.flow(part).trimmed(node.names) for part in united(node, self.uses)]
        inputs = ", ".join(map(self.declared, flows))
        head = f'Declaration("union", ExecNodeOptions(), inputs=[{inputs}])'
        return Flow(head, node.names, "united", is_table=False)


def _in_order(node: Sort) -> str:
    return sort_keys(nan_in_order(node.keys, node.input.schema))


def _origin(scan: Scan) -> dict[str, str]:
    """Maps a name in the plan to the name in the table."""
    return {column.name: name for name, column in scan.columns}


def _floats(node: Node) -> list[str]:
    return [c.name for c in node.schema if c.type is Type.FLOAT64]


def _chosen(values: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    return {name: variable for name, variable in values.items() if name in names}


def _is_part(name: str, outputs: Mapping[str, str]) -> bool:
    """True if the text of one of ``outputs`` reads the column ``name``.

    ``outputs`` maps the names of columns to be computed to their texts.
    """
    return any(column(name) in text for text in outputs.values())
