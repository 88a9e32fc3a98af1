"""Emits a plan as a program of PySpark's DataFrames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from sqlglot import exp

from harness.engines.pyspark.expressions import SparkExpressions
from harness.engines.pyspark.tables import quoted as in_backquotes
from harness.engines.pyspark.values import TYPES, column_name
from harness.engines.pyspark.windows import SparkWindows
from harness.engines.python.columns import ColumnProgram, ordered
from harness.engines.python.constants import constant
from harness.engines.python.kernel import mapping, one_or_list, quoted
from harness.engines.python.lazy import Side
from harness.engines.session import OUTPUT_FILE
from harness.plan.facts.columns import fresh
from harness.plan.tree.nodes import (
    Aggregate,
    AsOfJoin,
    Distinct,
    Filter,
    Join,
    Sort,
    TopPerGroup,
    Union,
    Values,
    Window,
    conjuncts,
    united,
)
from harness.tables import Table

_HOW = {
    "inner": "",
    "left": ', "left"',
    "right": ', "right"',
    "full": ', "full"',
    "semi": ', "left_semi"',
    "anti": ', "left_anti"',
}


class SparkProgram(ColumnProgram[SparkExpressions]):
    """Emits a plan as the source of one DataFrame, which is collected as an Arrow table."""

    imports: ClassVar[Mapping[str, str]] = {
        "Path": "from pathlib import Path\n",
        "Window": "from pyspark.sql import Window",
        "F": "from pyspark.sql import functions as F",
        "SparkSession": "from pyspark.sql import SparkSession",
    }
    rename: ClassVar[str] = "withColumnsRenamed"
    adds: ClassVar[tuple[str, str]] = ("withColumn", "withColumns")
    printer = SparkExpressions

    def end(self, write: str | None) -> str:
        if write is None:
            return ".toArrow()"
        return f".write.parquet((Path.cwd() / {quoted(OUTPUT_FILE)}).as_uri())"

    def name(self, column: str) -> str:
        return column_name(column)

    def names(self, columns: Sequence[str]) -> str:
        return ", ".join(map(column_name, columns))

    def reader(self, table: Table) -> str:
        return f"t({quoted(table.name)})"

    def filter(self, node: Filter) -> str:
        condition = self.expressions(node.input).kept(node.condition)
        return f"{self.below(node)}.filter({condition})"

    # ------------------------------------------------------------------ columns and groups

    def aggregate(self, node: Aggregate) -> str:
        text, keys = self.frame(node.input), self.items(node.keys, node.input)
        if not node.aggregates:
            return f"{text}.select({keys}).distinct()"
        values = self.items(node.aggregates, node.input)
        return f"{text}.groupBy({keys}).agg({values})" if keys else f"{text}.agg({values})"

    def values(self, node: Values) -> str:
        rows = ", ".join(constant(row) for row in node.rows)
        types = (f"{in_backquotes(c.name)} {TYPES[c.type]}" for c in node.schema)
        schema = quoted(", ".join(types))
        self.physical[node] = node.names
        return f"SparkSession.active().createDataFrame([{rows}], {schema})"

    def distinct(self, node: Distinct) -> str:
        return f"{self.exact(node.input)}.distinct()"

    # ------------------------------------------------------------------ joins

    def join(self, node: Join) -> str:
        if node.kind in ("cross", "single") and node.residual is None:
            left, right = self.sides(node)
            self.physical[node] = left.columns + right.columns
            return f"{left.text}.crossJoin({self.assigned(node.right, right.text)})"
        if node.on and node.residual is None and all(a == b for a, b in node.on):
            return self._by_names(node)
        return self._on_conditions(node)

    def _by_names(self, node: Join) -> str:
        """Emits a join on columns that have one name in both inputs; they come first."""
        reduces = node.kind in ("semi", "anti")
        left, right = (self.side(x) for x in node.inputs) if reduces else self.sides(node)
        keys = tuple(name for name, _ in node.on)
        others = left.columns if reduces else left.columns + right.columns
        self.physical[node] = keys + tuple(name for name in others if name not in keys)
        other = self.assigned(node.right, right.text)
        return f"{left.text}.join({other}, {one_or_list(keys)}{_HOW[node.kind]})"

    def _on_conditions(self, node: Join) -> str:
        """Emits a join on conditions, in which no name may be in both inputs.

        So a column with a name of the left input gets another one in the right input.
        """
        left, right = self.sides(node)
        reduces = node.kind in ("semi", "anti")
        if reduces:
            right = Side(self.narrowed(node.right), node.right.names)
        taken = {*left.columns, *right.columns}
        twins = {n: fresh(f"{n}_right", taken) for n in right.columns if n in left.columns}
        other = f"{right.text}.withColumnsRenamed({mapping(twins)})" if twins else right.text
        other = self.assigned(node.right, other)
        joined = f"{left.text}.join({other}, {self._on(node, twins)}{_HOW.get(node.kind, '')})"
        added = () if reduces else tuple(n for n in right.columns if n not in twins)
        self.physical[node] = left.columns + added
        return joined if reduces else joined + self._without(node, twins)

    def _on(self, node: Join, twins: Mapping[str, str]) -> str:
        """Returns the text of a join's condition, or of a list of them.

        ``twins`` maps names of the right input's columns to the names that they have got.
        """
        pairs = ((column_name(a), column_name(twins.get(b, b))) for a, b in node.on)
        conditions = [f"F.col({a}) == F.col({b})" for a, b in pairs]
        print_ = self.expressions(node.left, node.right)
        conditions += map(print_.kept, conjuncts(node.residual))
        return conditions[0] if len(conditions) == 1 else f"[{', '.join(conditions)}]"

    def _without(self, node: Join, twins: Mapping[str, str]) -> str:
        """Returns the calls that drop the right input's keys, after they have filled in for NULLs.

        ``twins`` maps a key's name to its name in the right input.
        """
        if not twins:
            return ""
        filled = ""
        if node.kind in ("right", "full"):
            pairs = {a: f"F.coalesce({self.names([a, b])})" for a, b in twins.items()}
            filled = self.added(pairs)
        return f"{filled}.drop({', '.join(map(quoted, twins.values()))})"

    def as_of_join(self, node: AsOfJoin) -> str:
        """Emits both inputs' rows in one order, in which the last right row is a left row's match.

        The column ``match`` holds a right row; of left rows it is NULL.
        """
        left, right = self.sides(node)
        taken = {*left.columns, *right.columns}
        match, nearest = (quoted(fresh(name, taken)) for name in ("match", "nearest"))
        both = f"{left.text}.unionByName({self._matches(node, right.text, match)}"
        last = f"F.last({match}, ignorenulls=True).over({self._in_order(node, match)})"
        text = f"{both}, allowMissingColumns=True).withColumn({nearest}, {last})"
        text += f".filter(F.col({match}).isNull())"
        text += "" if node.outer else f".filter(F.col({nearest}).isNotNull())"
        theirs = [name for name in node.right.names if name not in node.shared_keys]
        self.physical[node] = (*left.columns, *theirs)
        found = [f"F.col({nearest})[{quoted(name)}].alias({quoted(name)})" for name in theirs]
        return f"{text}.select({', '.join([self.names(left.columns), *found])})"

    def _matches(self, node: AsOfJoin, text: str, match: str) -> str:
        """Returns the text of the right rows: their keys under the left keys' names, and ``match``.

        ``text`` is that of the right frame, ``match`` the text of the column's name.
        """
        known = [f"F.col({column_name(key)}).isNotNull()" for key in node.unmatched(node.right)]
        text += f".filter({' & '.join(known)})" if known else ""
        pairs = [(ours, exp.column(theirs)) for ours, theirs in (*node.by, node.on)]
        keys = self.items(pairs, node.right)
        return f"{text}.select({keys}, F.struct({self.names(node.right.names)}).alias({match}))"

    def _in_order(self, node: AsOfJoin, match: str) -> str:
        """Returns the variable of a window: right rows that count at the same place come first."""
        key = column_name(node.on[0])
        key = key if node.backward else f"F.desc_nulls_first({key})"
        first = f"F.col({match}).is{'' if node.exact else 'Not'}Null()"
        names = [ours for ours, _ in node.by]
        keys = f"partitionBy({self.names(names)})." if names else ""
        window = f"Window.{keys}orderBy({key}, {first})"
        return self.defined(window, "_".join(["by", *names]) if names else "window")

    # ------------------------------------------------------------------ windows and order

    def window(self, node: Window) -> str:
        text, windows = self.below(node), SparkWindows(self.expressions(node.input))
        added = {
            name: windows.function(e, self.defined(windows.definition(e), windows.name(e)))
            for name, e in node.functions
        }
        self.physical[node] += tuple(added)
        return text + self.added(added)

    def top_per_group(self, node: TopPerGroup) -> str:
        text, print_ = self.below(node), self.expressions(node.input)
        order = print_.sorting(list(map(ordered, node.order)))
        window = f"Window.partitionBy({self.names(node.keys)}).orderBy({order})"
        numbers = f"F.row_number().over({self.defined(window, '_'.join(['by', *node.keys]))})"
        number = quoted(fresh("number", set(self.physical[node])))
        first = f"F.col({number}) {'==' if node.count == 1 else '<='} {node.count}"
        return f"{text}.withColumn({number}, {numbers}).filter({first}).drop({number})"

    def sort(self, node: Sort) -> str:
        order = self.expressions(node.input).sorting(list(map(ordered, node.keys)))
        return f"{self.below(node)}.orderBy({order})"

    def union(self, node: Union) -> str:
        first, *others = map(self.exact, united(node, self.uses))
        return first + "".join(f".union({other})" for other in others)
