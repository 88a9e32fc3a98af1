"""Emits a plan as a program of Daft's DataFrames."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

from sqlglot import exp

from harness.engines.daft.expressions import DaftExpressions
from harness.engines.daft.gaps import MORE_THAN_EQUALITIES, UNREAD_TOTAL
from harness.engines.daft.values import TYPES
from harness.engines.daft.windows import DaftWindows
from harness.engines.python.columns import ColumnProgram, ordered
from harness.engines.python.constants import lists, of_columns
from harness.engines.python.kernel import names, one_or_list, quoted
from harness.engines.session import OUTPUT_FILE
from harness.plan.facts.columns import fresh
from harness.plan.tree.nodes import (
    Aggregate,
    AsOfJoin,
    Distinct,
    Expression,
    Filter,
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
    columns_in,
    united,
)
from harness.tables import Input, Table
from harness.types import Type

_BARE = {
    "daft": ("DataType", "Window", "col", "element", "interval", "lit"),
    "daft.functions": (
        *("add_months", "coalesce", "columns_max", "columns_min", "concat_ws", "date_add"),
        *("date_diff", "date_sub", "dense_rank", "last_day", "make_date", "rank", "row_number"),
        "when",
    ),
}
"""Module -> its names that programs use bare."""
_DATATYPES = {
    Type.BOOLEAN: "bool()",
    Type.INT64: "int64()",
    Type.FLOAT64: "float64()",
    Type.STRING: "string()",
    Type.DATE: "date()",
    Type.TIMESTAMP: 'timestamp("us")',
}


class DaftProgram(ColumnProgram[DaftExpressions]):
    """Emits a plan as the source of one DataFrame, which is collected as an Arrow table."""

    imports: ClassVar[Mapping[str, str]] = {"daft": "import daft"}
    reserved: ClassVar[tuple[str, ...]] = tuple(name for part in _BARE.values() for name in part)
    rename: ClassVar[str] = "with_columns_renamed"
    adds: ClassVar[tuple[str, str]] = ("with_column", "with_columns")
    printer = DaftExpressions

    def more_imports(self, text: str) -> list[str]:
        found = {
            module: [name for name in bare if re.search(rf"(?<![\w.\"'])\b{name}[(.]", text)]
            for module, bare in _BARE.items()
        }
        return [f"from {module} import {', '.join(bare)}" for module, bare in found.items() if bare]

    def end(self, write: str | None) -> str:
        if write is None:
            return ".to_arrow()"
        return f".write_parquet({quoted(OUTPUT_FILE)}, single_file=True)"

    def reader(self, table: Table) -> str:
        name = f"t({quoted(table.name)})"
        if self.source is Input.MEMORY:
            return name
        if self.source is Input.PARQUET:
            return f"daft.read_parquet({name})"
        types = ", ".join(f"{quoted(c.name)}: DataType.{_DATATYPES[c.type]}" for c in table.schema)
        by = table.csv_format.delimiter
        options = "" if by == "," else f", delimiter={quoted(by)}"
        return f"daft.read_csv({name}, infer_schema=False, schema={{{types}}}{options})"

    def scan(self, node: Scan) -> str:
        """Emits a scan; Daft reads an empty field of a CSV file as an empty text, not as NULL."""
        text = super().scan(node)
        texts = [c.name for c in node.schema if c.type is Type.STRING and c.nullable]
        known = {n: f'when(col({quoted(n)}) != "", col({quoted(n)}))' for n in texts}
        return text + (self.added(known) if known and self.source is Input.CSV else "")

    def shared(self, node: Node, text: str) -> str:
        """Returns the text of a frame that is read twice: collected, or Daft computes it twice.

        Twice computed, its row numbers and sums of floats need not be the same.
        """
        return f"{text}.collect()" if _is_computed(node) else text

    def filter(self, node: Filter) -> str:
        condition = self.expressions(node.input).kept(node.condition)
        return f"{self.below(node)}.where({condition})"

    # ------------------------------------------------------------------ columns and groups

    def project(self, node: Project) -> str:
        if not columns_in(*(e for _, e in node.items)) and _is_total(node.input):
            raise self.gaps.unsupported(UNREAD_TOTAL)
        return super().project(node)

    def aggregate(self, node: Aggregate) -> str:
        text, print_ = self.frame(node.input), self.expressions(node.input)
        keys = ", ".join(self._key(name, e, print_) for name, e in node.keys)
        if not node.aggregates:
            return f"{text}.select({keys}).distinct()"
        values = self.items(node.aggregates, node.input)
        return f"{text}.groupby({keys}).agg({values})" if keys else f"{text}.agg({values})"

    def _key(self, name: str, e: Expression, print_: DaftExpressions) -> str:
        """Returns the text of a key of groups; a float has one zero."""
        if print_.may_be_two_zeros(e):
            return f"({print_.one_zero(e)}).alias({quoted(name)})"
        return self.item(name, e, print_)

    def values(self, node: Values) -> str:
        """Emits rows of constants; a column of NULLs alone gets its type by a cast."""
        self.physical[node] = node.names
        empty = [
            c
            for c, values in zip(node.columns, zip(*node.rows, strict=True), strict=True)
            if all(value is None for value in values)
        ]
        casts = {c.name: f"lit(None).cast({quoted(TYPES[c.type])})" for c in empty}
        text = f"daft.from_pydict({of_columns(lists(node))})"
        return text + (self.added(casts) if casts else "")

    def distinct(self, node: Distinct) -> str:
        return f"{self._alike(node.input, node.names, self.exact(node.input))}.distinct()"

    def _alike(self, node: Node, columns: Sequence[str], text: str) -> str:
        """Returns the text of a node's frame in which floats among these columns have one zero."""
        print_ = self.expressions(node)
        keys = {name: exp.column(name) for name in columns}
        floats = {n: print_.one_zero(e) for n, e in keys.items() if print_.may_be_two_zeros(e)}
        return text + (self.added(floats) if floats else "")

    # ------------------------------------------------------------------ joins

    def join(self, node: Join) -> str:
        if node.residual is not None and node.kind not in ("inner", "cross", "single"):
            raise self.gaps.unsupported(MORE_THAN_EQUALITIES)
        left, right = self._sides(node)
        how = _HOW[node.kind] if node.on else ', how="cross"'
        text = f"{left}.join({right}{self._on(node)}{how})"
        if node.residual is None:
            return text
        return f"{text}.where({self.expressions(node.left, node.right).kept(node.residual)})"

    def _sides(self, node: Join) -> tuple[str, str]:
        """Returns the texts of both inputs' frames, the right one's as a variable.

        The columns of the joined frame are stored for the node.
        """
        ours, theirs = [a for a, _ in node.on], [b for _, b in node.on]
        if node.kind in ("semi", "anti"):
            left, right = self.below(node), self.frame(node.right)
        else:
            (left, mine), (right, others) = self.sides(node)
            keys = tuple(a for a, b in node.on if a == b)
            self.physical[node] = (*mine, *(c for c in others if c not in node.shared_keys))
            if len(keys) == len(node.on):  # Daft has the keys first
                rest = (c for c in self.physical[node] if c not in keys)
                self.physical[node] = (*keys, *rest)
        left = self._alike(node.left, ours, left)
        right = self._alike(node.right, theirs, right)
        return left, self.assigned(node.right, right)

    def _on(self, node: Join) -> str:
        ours, theirs = [a for a, _ in node.on], [b for _, b in node.on]
        if not node.on:
            return ""
        if ours == theirs:
            return f", on={one_or_list(ours)}"
        return f", left_on={one_or_list(ours)}, right_on={one_or_list(theirs)}"

    def as_of_join(self, node: AsOfJoin) -> str:
        if not node.exact:
            raise self.gaps.unsupported("ASOF JOIN by < or >")
        (left, mine), (right, theirs) = self.sides(node)
        known = node.unmatched(node.right)
        right += f".drop_null({names(known)})" if known else ""
        ours, others = node.keys(0)[:-1], node.keys(1)[:-1]
        by = f", left_by={one_or_list(ours)}, right_by={one_or_list(others)}" if ours else ""
        by = f", by={one_or_list(ours)}" if ours == others and ours else by
        on = f", left_on={quoted(node.on[0])}, right_on={quoted(node.on[1])}"
        forward = "" if node.backward else ', strategy="forward"'
        text = f"{left}.join_asof({self.assigned(node.right, right)}{on}{by}{forward})"
        text += "" if node.outer else f".drop_null({quoted(node.on[1])})"
        gone = {key for _, key in node.by}
        self.physical[node] = (*mine, *(c for c in theirs if c not in gone))
        copied = {b: self._partner(node, a) for a, b in node.by if a != b and b in node.names}
        self.physical[node] += tuple(copied)
        return text + (self.added(copied) if copied else "")

    def _partner(self, node: AsOfJoin, ours: str) -> str:
        """Returns the text of a right key: the left key, where there is a right row."""
        key = f"col({quoted(ours)})"
        return f"when(col({quoted(node.on[1])}).not_null(), {key})" if node.outer else key

    # ------------------------------------------------------------------ windows and order

    def window(self, node: Window) -> str:
        text, print_ = self.below(node), self.expressions(node.input)
        windows = DaftWindows(print_, self.defined)
        first = {name: windows.function(e) for name, e in node.functions}
        second, rows = {}, dict[str, str]()
        for name, e in node.functions:
            if windows.shares(e):
                window = windows.window(e)
                taken = {*self.physical[node], *node.names, *rows.values()}
                row = rows.setdefault(window, fresh("row", taken))
                first[row] = f"lit(1).count().over({window})"
                second[name] = f"col({quoted(name)}).last_value().over({windows.peers(e, row)})"
        self.physical[node] += tuple(name for name, _ in node.functions)
        text += self.added(first)
        if second:
            text += f"{self.added(second)}.exclude({names(list(rows.values()))})"
        return text

    def top_per_group(self, node: TopPerGroup) -> str:
        text, print_ = self.below(node), self.expressions(node.input)
        keys = ", ".join(print_.name_or_text(exp.column(key)) for key in node.keys)
        order, options = print_.sorting(list(map(ordered, node.order)))
        window = f"Window().partition_by({keys}).order_by({', '.join(order)}{options})"
        numbers = f"row_number().over({self.defined(window, '_'.join(['by', *node.keys]))})"
        number = quoted(fresh("number", set(self.physical[node])))
        first = f"col({number}) {'==' if node.count == 1 else '<='} {node.count}"
        return f"{text}.with_column({number}, {numbers}).where({first}).exclude({number})"

    def sort(self, node: Sort) -> str:
        order = list(map(ordered, node.keys))
        keys, options = self.expressions(node.input).sorting(order)
        by = keys[0] if len(keys) == 1 else f"[{', '.join(keys)}]"
        return f"{self.below(node)}.sort({by}{options})"

    def limit(self, node: Limit) -> str:
        text = super().limit(node)
        endless = node.offset and node.count is None  # Daft has no offset without a limit
        return f"{text}.limit(2**63 - 1)" if endless else text

    def union(self, node: Union) -> str:
        first, *others = map(self._widened, united(node, self.uses))
        return first + "".join(f".union_all({other})" for other in others)

    def _widened(self, node: Node) -> str:
        """Returns the text of a node's frame, in the node's order, its integers in 64 bits."""
        text = self.exact(node)
        narrow = [name for name in node.names if name in self.widths.narrow(node)]
        casts = {name: f'col({quoted(name)}).cast("int64")' for name in narrow}
        return text + (self.added(casts) if casts else "")


_HOW = {
    "inner": "",
    "left": ', how="left"',
    "right": ', how="right"',
    "full": ', how="outer"',
    "semi": ', how="semi"',
    "anti": ', how="anti"',
    "cross": ', how="cross"',
    "single": ', how="cross"',
}


def _is_computed(node: Node) -> bool:
    """True if a node's frame is more than some rows and columns of a table."""
    costly = isinstance(node, (Aggregate, Distinct, Join, Sort, TopPerGroup, Window))
    return costly or any(map(_is_computed, node.inputs))


def _is_total(node: Node) -> bool:
    """True if a node's frame is the one row of an aggregate without keys, perhaps filtered."""
    if isinstance(node, (Filter, Project)):
        return _is_total(node.input)
    return isinstance(node, Aggregate) and not node.keys
