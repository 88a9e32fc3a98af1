"""The base of a program in pandas' API: a variable that holds the frame of each node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from harness.answer import Training
from harness.engines.gaps import Gaps, Refused
from harness.engines.pandas.expressions import PandasExpressions
from harness.engines.pandas.gaps import PARAMETER
from harness.engines.pandas.recipes import RECIPES
from harness.engines.pandas.tables import dtypes_of_nothing
from harness.engines.python.bindings import bound
from harness.engines.python.chains import chained
from harness.engines.python.kernel import (
    is_keyword_argument,
    listing,
    mapping,
    one_or_list,
    quoted,
)
from harness.engines.python.program import ProgramEmitter
from harness.engines.python.recipes import called_in
from harness.engines.python.windows import is_over_everything
from harness.engines.session import OUTPUT_FILE, Program
from harness.plan.guards.widths import NarrowColumns
from harness.plan.optimize.naming import frame_name
from harness.plan.tree.nodes import Aggregate, Expression, Node, Scan, Window, uses
from harness.tables import Input, Table
from harness.types import Schema, Type


class PandasSteps(ProgramEmitter):
    """Emits each node as statements, by a method of a subclass named after the node's class.

    ``self.physical`` holds the columns that a node's frame really has: a table in memory has all of
    its own, needed or not, until a step selects some.
    """

    nan_for: ClassVar[frozenset[Type]] = frozenset({Type.INT64})
    """Types of which NaN, a total of no rows, does as a column without rows."""

    printer: ClassVar[type[PandasExpressions]] = PandasExpressions
    imports: ClassVar[Mapping[str, str]] = {"np": "import numpy as np", "pd": "import pandas as pd"}

    reserved: ClassVar[tuple[str, ...]] = tuple(RECIPES)

    def __init__(self, gaps: Gaps, tables: Mapping[str, Table], source: Input) -> None:
        super().__init__(gaps, tables, source)
        self.frames: dict[Node, str] = {}
        self.physical: dict[Node, tuple[str, ...]] = {}
        self.widths = NarrowColumns(self.printer.widths.narrow)
        self.library = self.needed = self.printer.library

    def program(self, plan: Node, end: str | Training | None) -> Program:
        self.uses = uses(plan)
        result = self.exact(plan, in_order=True)
        if isinstance(end, Training):
            last = self.batches(result, end)
        elif end is None:
            last = [f"return {result}"]
        else:
            last = [f"{result}.to_parquet({quoted(OUTPUT_FILE)}, index=False)"]
        return self.module(self.laid_out([*self.statements, *last]))

    def laid_out(self, statements: Sequence[str]) -> list[str]:
        """Returns the program's lines: values that are read twice are named, calls are chained."""
        texts = chained(bound(statements, self.variables))
        return [line for text in texts for line in text.split("\n")]

    def batches(self, result: str, train: Training) -> list[str]:
        """Returns the statements that yield slices of a frame as features and target."""
        rows, batch, size = self.variables.fresh("rows"), "batch", f"{train.batch_rows:_}"
        return [
            f"{rows} = {result}",
            f"for start in range(0, len({rows}), {size}):\n"
            f"    {batch} = {rows}.iloc[start : start + {size}]\n"
            f"    {handed_over(batch, train)}",
        ]

    def dtypes_of_nothing(self, node: Node, columns: Schema | None = None) -> dict[str, str]:
        """Returns dtypes for columns whose dtype is unknown if an aggregate has no rows."""
        return dtypes_of_nothing(node, columns)

    def dtypes_of_totals(self, node: Window, windows: Mapping[str, Expression]) -> str:
        """Returns a cast of aggregates over all rows to their dtypes, or an empty text.

        They are scalars, which have none where no row has a value, or no row is.
        """
        totals = [node.column(name) for name, e in windows.items() if is_over_everything(e)]
        unknown = (replace(c, nullable=c.nullable or c.type not in self.nan_for) for c in totals)
        dtypes = self.dtypes_of_nothing(node, tuple(unknown))
        return f".astype({mapping(dtypes)})" if dtypes else ""

    def module(self, body: Sequence[str], functions: Sequence[str] = ()) -> Program:
        return super().module(body, (*called_in(body, RECIPES), *functions))

    # ------------------------------------------------------------------ frames and variables

    def frame(self, node: Node) -> str:
        """Returns the name of the variable that holds the node's frame."""
        if node not in self.frames:
            self.frames[node] = self.emitted(node)
            self.physical.setdefault(node, node.names)
        return self.frames[node]

    def exact(self, node: Node, in_order: bool = False) -> str:
        """Returns the text of the node's frame, without columns that the plan does not need.

        A frame can have some of these, as it has all columns of a table in memory. If ``in_order``,
        the needed columns are in the plan's order, else in the frame's.
        """
        frame, want = self.frame(node), node.names
        if in_order and self.order(node) != want:
            return f"{frame}[{listing(want)}]"
        gone = self._extra_columns(node)
        if not gone:
            return frame
        return f"{frame}{_dropped(gone) if self._drops(node) else f'[{listing(want)}]'}"

    def order(self, node: Node) -> tuple[str, ...]:
        """Returns the node's column names in the order that they have in `exact`'s frame."""
        if self._extra_columns(node) and not self._drops(node):
            return node.names
        return tuple(c for c in self.physical[node] if c in node.names)

    def _extra_columns(self, node: Node) -> list[str]:
        return [c for c in self.physical[node] if c not in node.names]

    def _drops(self, node: Node) -> bool:
        """True if ``drop(columns=…)`` removes columns that the plan does not need from a frame.

        If the text that selects the needed columns is not longer, or the node is a scan, they are
        selected instead.
        """
        shorter = len(_dropped(self._extra_columns(node))) < len(f"[{listing(node.names)}]")
        return shorter and not isinstance(node, Scan)

    def _rows(self, node: Node, condition: str) -> str:
        """Emits the rows of the node's first input for which ``condition``, a text, is true."""
        source = node.inputs[0]
        if set(node.names) == set(self.physical[source]):
            self.physical[node] = self.physical[source]
            return f"{self.frame(source)}[{condition}]"
        return f"{self.frame(source)}.loc[{condition}, {listing(node.names)}]"

    def assign(self, node: Node, text: str) -> str:
        """Assigns a node's frame to a variable, and returns the variable's name.

        The variable of the node's input is assigned anew if nothing else reads it. A
        grouped frame, or one with a name in the query, gets a variable of its own.
        """
        source = node.inputs[0] if node.inputs else None
        name = self.frames.get(source) if source is not None and self.uses[source] <= 1 else None
        named = node.label is not None or isinstance(node, Aggregate)
        if name is None or named or not self._owned(source):
            name = self.variables.fresh(frame_name(node))
        self.statements.append(f"{name} = {text}")
        return name

    def _owned(self, node: Node | None) -> bool:
        """True if a node's variable may be reassigned: nothing else still reads its frame."""
        name = self.frames.get(node) if node is not None else None
        holders = [other for other, held in self.frames.items() if held == name]
        return all(self.uses[other] <= 1 for other in holders)

    def expressions(self, node: Node) -> PandasExpressions:
        return self.printer(self.gaps, node.schema, self.frame(node), self.widths.narrow(node))


def handed_over(batch: str, train: Training) -> str:
    """Returns the statement that yields a frame's features and target as NumPy arrays."""
    target = quoted(train.target)
    features = f'{batch}.drop(columns={target}).to_numpy("float64")'
    return f'yield {features}, {batch}[{target}].to_numpy("float64")'


def _dropped(columns: Sequence[str]) -> str:
    return f".drop(columns={one_or_list(columns)})"


ASSIGN_PARAMETERS = frozenset({"self"})
AGG_PARAMETERS = frozenset(
    {
        *("self", "func", "engine", "engine_kwargs"),
        *("arg", "split_every", "split_out", "shuffle_method"),  # Dask's
    }
)
"""The names of a method's own parameters, under which no column can be passed."""


def keywords(pairs: Any, parameters: frozenset[str] = ASSIGN_PARAMETERS) -> str:
    """Returns the text of keyword arguments for pairs of a name and a text: ``a=1, b=2``.

    If a name is no Python identifier, it is ``**{"a b": 1}``. Raises Refused for a name in
    ``parameters``, those that the called method has itself.
    """
    pairs = list(pairs)
    if taken := sorted(parameters & {name for name, _ in pairs}):
        raise Refused("pandas", PARAMETER, taken[0])
    if all(is_keyword_argument(name) for name, _ in pairs):
        return ", ".join(f"{name}={text}" for name, text in pairs)
    return "**{" + ", ".join(f"{quoted(name)}: {text}" for name, text in pairs) + "}"
