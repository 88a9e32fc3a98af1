"""The base of a dask.dataframe program: lazy frames, and gathered frames of few rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import ClassVar

from sqlglot import exp

from harness.answer import Training
from harness.engines.dask.expressions import DaskExpressions
from harness.engines.gaps import Gaps
from harness.engines.pandas.expressions import PandasExpressions
from harness.engines.pandas.program import PandasProgram
from harness.engines.pandas.steps import PandasSteps, keywords
from harness.engines.python.chains import chained
from harness.engines.python.kernel import listing, mapping, method_name, one_or_list, quoted
from harness.engines.session import OUTPUT_FILE, Program
from harness.plan.facts.frames import frame_of
from harness.plan.optimize.naming import frame_name
from harness.plan.tree.nodes import (
    Aggregate,
    Distinct,
    Filter,
    Item,
    Join,
    Limit,
    Node,
    Project,
    TopPerGroup,
    Union,
    Values,
    Window,
    columns_in,
    united,
    uses,
    walk,
)
from harness.tables import Input, Table
from harness.types import Type

_EXAMPLES = {
    Type.BOOLEAN: "False",
    Type.INT64: "0",
    Type.FLOAT64: "0.0",
    Type.STRING: '""',
    Type.DATE: "pd.Timestamp(0)",
    Type.TIMESTAMP: "pd.Timestamp(0)",
}


def _last(plan: Node) -> set[Node]:
    """Returns the plan's last nodes, whose rows Dask does not shuffle afterwards.

    They are the nodes from the answer down to the first aggregation, DISTINCT, join or window,
    which is one of them.
    """
    found, waiting = set[Node](), [plan]
    while waiting:
        node = waiting.pop()
        found.add(node)
        if not isinstance(node, (Aggregate, Distinct, Join, TopPerGroup, Window)):
            waiting += node.inputs
    return found


class DaskSteps(PandasSteps):
    """Emits each node as a variable with a lazy frame.

    A frame of one row or of the first rows is gathered, which means that it is computed where a
    step needs it. Steps on gathered frames alone are emitted by ``local``, the emitter for the
    partitions' library, and their frames are gathered, too.
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
        self.distributed: dict[Node, str] = {}
        self.shuffled: dict[Node, frozenset[str]] = {}
        self.last: set[Node] = set()

    def program(self, plan: Node, end: str | Training | None) -> Program:
        self.uses = self.gathered.uses = uses(plan)
        self.last = _last(plan)
        result = self.exact(plan, in_order=True)
        computed, options = f"{result}.compute()", "schema=None, write_index"
        if is_gathered(plan):
            computed, options = result, "index"
        if isinstance(end, Training):
            last = self.batches(computed, end)
        elif end is None:
            last = [f"return {computed}"]
        else:
            last = [f"{result}.to_parquet({quoted(OUTPUT_FILE)}, {options}=False)"]
        return self.module(self.laid_out([*self.statements, *last]))

    def frame(self, node: Node) -> str:
        if node not in self.frames and is_gathered(node):
            for source in united(node, self.uses) if isinstance(node, Union) else node.inputs:
                self.frame(source)
            if not is_gathered(*node.inputs):
                self.frames[node] = getattr(self, f"_gathered_{method_name(type(node))}")(node)
            return self.gathered.frame(node)
        return super().frame(node)

    # ------------------------------------------------------------------ frames of few rows

    def expressions(self, node: Node) -> PandasExpressions:
        print_ = super().expressions(node)
        if isinstance(print_, DaskExpressions) and print_.masks:
            print_.proven = _proven(node)
        return print_

    def _apart(self, node: Aggregate | Window | TopPerGroup, keys: Sequence[str], name: str) -> str:
        """Emits a node as a function run on partitions, shuffled so that equal keys are together.

        For steps in a row by the same keys, or by further ones, they are shuffled once. Without
        keys it runs on one partition: an order over the whole table has no parallel form. ``name``
        is the function's name, numbered if it is taken.
        """
        frame = self.exact(node.input)
        inner, function = (
            self.local(self.gaps, self.tables, self.source),
            self.variables.fresh(name),
        )
        inner.uses = Counter()
        rows = inner.frames[node.input] = inner.variables.fresh(frame_name(node))
        inner.physical[node.input] = self.order(node.input)
        if not isinstance(node, TopPerGroup):  # columns are aligned by label, which must be unique
            inner.statements.append(f"{rows} = {rows}.reset_index(drop=True)")
        result = inner.exact(node)
        self.statements.append(f"def {function}({rows}):")
        body = chained([*inner.statements, f"return {result}"])
        self.statements += [f"    {line}" for line in body]
        self.physical[node] = inner.order(node)
        together, by = "", self._shuffled_by(node.input)
        if not (by and by <= {*keys}):
            by, listed = frozenset(keys), one_or_list(list(dict.fromkeys(keys)))
            together = f".shuffle({listed})" if keys else ".repartition(npartitions=1)"
        self.shuffled[node] = by
        meta = f", meta={frame}._meta.assign({_examples(node)})" if _misread(node) else ""
        if self.printer.masks and (proven := _proven(node.input)) and not meta:
            frame += f".astype({mapping(proven)})"
        return self.assign(node, f"{frame}{together}.map_partitions({function}{meta})")

    def _shuffled_by(self, node: Node) -> frozenset[str]:
        """Returns the columns by which a node's rows were shuffled last; none if they were not.

        Rows that are equal in these are in one partition.
        """
        match node:
            case Window() | TopPerGroup():
                return self.shuffled.get(node, frozenset())
            case Filter():
                return self._shuffled_by(node.input)
            case Project():
                names = {e.name: name for name, e in node.items if isinstance(e, exp.Column)}
                keys = self._shuffled_by(node.input)
                return frozenset(names[key] for key in keys if keys <= names.keys())
        return frozenset()


_MASKED = (Type.INT64, Type.BOOLEAN)
_PLAIN = {Type.INT64: "int64", Type.BOOLEAN: "bool", Type.FLOAT64: "float64"}


def _proven(node: Node) -> dict[str, str]:
    """Maps columns that have no NULLs, but a dtype that allows them, to their plain dtypes.

    Dask tries functions on a sample, in which columns of dtypes that allow NULLs have some. A
    column without NULLs has one of these dtypes if a filter dropped its NULLs, or if it is joined
    to, or computed from, a column with NULLs.
    """
    masked: set[str] = set()
    for below in walk(node):
        masked |= {c.name for c in below.schema if c.nullable and c.type in _MASKED}
        if isinstance(below, Join):
            masked |= {key for pair in below.on if masked & set(pair) for key in pair}
        masked |= {name for name, e in _computed(below) if masked & columns_in(e)}
    return {
        c.name: _PLAIN[c.type]
        for c in node.schema
        if c.type in _PLAIN and not c.nullable and c.name in masked
    }


def _computed(node: Node) -> Sequence[Item]:
    """Returns (name, expression) of the columns that a node computes, except counts."""
    match node:
        case Project():
            return node.computed
        case Aggregate():
            return [(name, e) for name, e in node.aggregates if not isinstance(e, exp.Count)]
        case Window():
            return [(n, e.this) for n, e in node.functions if not isinstance(e.this, exp.Count)]
    return ()


def is_gathered(*nodes: Node) -> bool:
    """True if each node is a LIMIT, VALUES, a total of all rows, or computed only from these."""
    return all(
        isinstance(node, (Limit, Values))
        or (isinstance(node, Aggregate) and not node.keys)
        or (bool(node.inputs) and is_gathered(*node.inputs))
        for node in nodes
    )


def _misread(node: Node) -> bool:
    """True if Dask cannot infer a node's dtypes from a sample, in which keys are NULL.

    That is so of ranks and of frames of values.
    """
    ranks = (exp.Rank, exp.DenseRank)
    return isinstance(node, Window) and any(
        isinstance(e.this, ranks) or frame_of(e).kind == "range" for _, e in node.functions
    )


def _examples(node: Node) -> str:
    """Returns the text of arguments of ``assign`` that add a window node's columns to ``_meta``.

    Each column gets some value of its type, from which Dask takes the column's dtype.
    """
    added = node.schema[len(node.inputs[0].schema) :]
    return keywords((column.name, _EXAMPLES[column.type]) for column in added)


def without_duplicates(columns: Sequence[str]) -> str:
    """Returns the text ``drop_duplicates(subset=["a", "b"])``, for all columns of a frame.

    In Dask a rename after it fails without the subset.
    """
    return f"drop_duplicates(subset={listing(columns)})"
