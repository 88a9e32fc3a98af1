"""Emits plans as cuDF: pandas' programs without what only pandas' dtypes need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from sqlglot import exp

from harness.answer import SortKey
from harness.engines.cudf.expressions import CudfExpressions
from harness.engines.pandas.expressions import PandasExpressions
from harness.engines.pandas.joins import on_keys
from harness.engines.pandas.program import PandasProgram
from harness.engines.pandas.tables import csv_options
from harness.engines.pandas.values import DTYPES
from harness.engines.pandas.windows import ROLLING, PandasWindows, Partitions
from harness.engines.python.gaps import OTHER_FRAME
from harness.engines.python.kernel import listing, quoted
from harness.engines.python.windows import partition_names
from harness.plan.facts.frames import Frame
from harness.plan.facts.printing import in_sql
from harness.plan.facts.special import specials_of
from harness.plan.tree.nodes import Aggregate, Expression, Join, Node, columns_in
from harness.special import Special
from harness.tables import Input, Table
from harness.types import Type


class CudfWindows(PandasWindows):
    """Emits window functions for cuDF."""

    counting: ClassVar[str] = '.astype("int64")'
    without_keys: ClassVar[str] = ".reset_index(level={}, drop=True)"

    def transform(self, call: str, options: str) -> str:
        """Returns the text of a call that gives each row its group's aggregate.

        ``call`` is pandas' name of the aggregate, ``options`` the text of its arguments. A sum is
        called without them: cuDF's sum of no values is NULL, as SQL's is.
        """
        if not options or call == "sum":
            return f'transform("{call}")'
        return f"transform(lambda group: group.{call}({options}))"

    def _ranks(self, order: tuple[SortKey, ...], e: Expression) -> bool:
        """True if the method ``rank`` can compute the ranks of the window ``e``.

        It can if ``order``, the window's ORDER BY, has one key, which is no text if the window
        has partitions.
        """
        texts = any(self.print_.type(exp.column(k.column)) is Type.STRING for k in order)
        return super()._ranks(order, e) and not (texts and partition_names(e))

    def _ranged(self, e: Expression, frame: Frame) -> str:
        raise self.gaps.unsupported("a frame of values", in_sql(e))

    def _bounded(self, e: Expression, frame: Frame, rows: Partitions) -> str:
        """Emits an aggregate over a frame that ends at this row or before, or is centred on it.

        cuDF's moving aggregates give floats.
        """
        function, width = e.this, frame.width
        assert frame.first is not None and width is not None
        if type(function) not in ROLLING or isinstance(function.this, exp.Distinct):
            raise self.gaps.unsupported(
                OTHER_FRAME,
                in_sql(e),
            )
        if frame.last > 0 and frame.first != -frame.last:
            reason = "a frame that reaches ahead and not as far back"
            raise self.gaps.unsupported(reason, in_sql(e))
        column = self._counted(function) if isinstance(function, exp.Count) else function.this
        numeric = self.print_.type(column) in (Type.INT64, Type.FLOAT64)
        if not numeric and not isinstance(function, exp.Count):
            raise self.gaps.unsupported("moving aggregates of anything but numbers", in_sql(e))
        centred = ", center=True" if frame.last > 0 else ""
        text = self._rolling(function, column, width, min(frame.last, 0), rows, centred)
        if self.print_.type(e) is not Type.INT64:
            return text
        if Special.BEYOND in specials_of(column, self.print_.schema):
            raise self.gaps.unsupported(f"a moving aggregate of {Special.BEYOND}", in_sql(e))
        known = ".nans_to_nulls()" if self.print_.nullable(e) else ""
        return f'{text}{known}.astype("int64")'


def keeping_integers(node: Join, side: Node) -> dict[str, str]:
    """Maps integer columns of ``side``, an input of the join, to Int64.

    They are those that the join gives or its residual reads, but no shared keys: rows without a
    partner would turn them into floats.
    """
    wanted = (set(node.names) | columns_in(node.residual)) - node.shared_keys
    return {c.name: "Int64" for c in side.schema if c.type is Type.INT64 and c.name in wanted}


def keeping_whole_keys(node: Join) -> dict[str, str]:
    """Maps integer left keys of a left join to Int64; there are none for other joins.

    They are those whose right key has another name and is read after the join, since
    ``keeping_integers`` has that right key, and both must have one dtype.
    """
    if node.kind != "left":
        return {}
    wanted = set(node.names) | columns_in(node.residual)
    pairs = [(a, node.right.column(b)) for a, b in node.on if a != b and b in wanted]
    return {a: "Int64" for a, column in pairs if column.type is Type.INT64}


class CudfProgram(PandasProgram):
    """Emits a plan as a program of cuDF."""

    looks_up_first: ClassVar[bool] = False
    groups_in_order: ClassVar[bool] = False  # it has not been seen
    printer: ClassVar[type[PandasExpressions]] = CudfExpressions
    windows: ClassVar[type[PandasWindows]] = CudfWindows
    stable: ClassVar[str] = ""  # all sorts are stable
    imports: ClassVar[Mapping[str, str]] = {
        "cudf": "import cudf",
        "np": "import numpy as np",
        "pd": "import pandas as pd",
    }

    def _counts_rows(self, node: Aggregate, keys: Sequence[str]) -> str | None:
        """Returns the column whose values are counted for COUNT(*): the first that is no text.

        None if all columns are texts, which cuDF cannot count in groups. ``keys`` are the names of
        the node's keys in the program.
        """
        columns = [*node.schema[: len(node.keys)], *node.input.schema]
        named = [*keys, *node.input.names]
        pairs = zip(named, columns, strict=True)
        fit = (column for column, c in pairs if c.type is not Type.STRING)
        return next(fit, None)

    def _keeping_integers(self, node: Join, side: Node) -> dict[str, str]:
        return keeping_integers(node, side)

    def _join_dtypes(self, node: Join) -> tuple[dict[str, str], dict[str, str]]:
        """Adds keys that would be compared as floats with those of another dtype."""
        left, right = super()._join_dtypes(node)
        return left | keeping_whole_keys(node), right

    def _reader(self, table: Table, columns: Sequence[str]) -> str:
        columns = columns or [table.schema[0].name]  # it has not been seen to count rows without
        name, read = f"t({quoted(table.name)})", [table.column(c) for c in columns]
        if self.source is Input.PARQUET:
            return f"cudf.read_parquet({name}, columns={listing(columns)})"
        if self.source is Input.CSV:
            dtypes = {t: plain for t, (plain, _) in DTYPES.items()}
            return f"cudf.read_csv({name}, {csv_options(table, read, dtypes)})"
        return name

    def _plain(self, e: Expression, node: Aggregate) -> bool:
        """True if ``agg`` computes an aggregate as SQL does.

        Its sum of no values is NULL, as in SQL, unless it also computes the mean of the
        same column.
        """
        means = [mean.this for _, mean in node.aggregates if isinstance(mean, exp.Avg)]
        alone = isinstance(e, exp.Sum) and e.this not in means
        return alone or super()._plain(e, node)

    def row(self, node: Aggregate, values: Mapping[str, str]) -> str:
        columns = []
        for column in node.schema:
            value = f"[{values[column.name]}]"
            dtype = DTYPES.get(column.type)
            if column.nullable and dtype is not None:
                value = f"cudf.Series({value}, dtype={quoted(dtype[0])})"
            columns.append(f"{quoted(column.name)}: {value}")
        return f"cudf.DataFrame({{{', '.join(columns)}}})"

    def _semi_merge(self, node: Join) -> str:
        left, right = self.exact(node.left), self.frame(node.right)
        theirs = [b for _, b in node.on]
        keys = f"{right}[{listing(theirs)}]"
        on = on_keys(node)
        if len(set(theirs)) < len(theirs):  # one column beside two of ours
            keys, on = self._copied(right, node.on), f"on={listing([a for a, _ in node.on])}"
            theirs = [a for a, _ in node.on]
        pairs = zip(theirs, node.on, strict=True)
        risky = [
            key
            for key, (a, b) in pairs
            if node.left.column(a).nullable and node.right.column(b).nullable
        ]
        keys += f".dropna(subset={listing(risky)})" if risky else ""
        self.physical[node] = self.order(node.left)
        return self.assign(node, f'{left}.merge({keys}, {on}, how="left{node.kind}")')

    def _may_be_nothing(self, node: Node) -> bool:
        return any(column.nullable for column in node.schema)
