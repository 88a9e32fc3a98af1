"""Emits plans as dask-cuDF: Dask's programs, with cuDF in the partitions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from sqlglot import exp

from harness.engines.cudf.expressions import CudfExpressions
from harness.engines.cudf.program import CudfProgram, keeping_integers, keeping_whole_keys
from harness.engines.cudf.session import has_dates
from harness.engines.dask.aggregates import NATIVE
from harness.engines.dask.expressions import DaskExpressions
from harness.engines.dask.program import DaskProgram
from harness.engines.pandas.expressions import PandasExpressions
from harness.engines.pandas.program import PandasProgram
from harness.engines.pandas.steps import keywords
from harness.engines.pandas.tables import csv_options
from harness.engines.pandas.values import DTYPES
from harness.engines.python.kernel import ATOM, Code, listing, mapping, quoted
from harness.plan.facts.columns import fresh
from harness.plan.facts.kinds import DEVIATIONS
from harness.plan.facts.printing import in_sql
from harness.plan.guards.truth import CONDITIONS, Place
from harness.plan.tree.nodes import Aggregate, Expression, Join, Node, columns_in
from harness.tables import Input, Table

_BEYOND_DASK = (
    "cudf.",
    ".str.like(",
    ".str.split_part(",
    ".str.replace_with_backrefs(",
    'how="half_up"',
)
"""Parts of calls that Dask does not pass on to cuDF, and that run by partition."""


class DaskCudfExpressions(DaskExpressions, CudfExpressions):
    """Emits expressions as operations on lazy columns of cuDF."""

    local: ClassVar[type[PandasExpressions]] = CudfExpressions
    nothing: ClassVar[str] = ", None"  # Dask's default, NaN, would make the column one of floats

    def code(self, e: Expression) -> Code:
        if isinstance(e, CONDITIONS):
            return super().code(e)
        return self._beyond_dask(e, lambda local: local.code(e)) or super().code(e)

    def condition(self, e: Expression, place: Place) -> Code:
        by_partition = self._beyond_dask(e, lambda local: local.condition(e, place))
        return by_partition or super().condition(e, place)

    def _beyond_dask(
        self, e: Expression, print_: Callable[[PandasExpressions], Code]
    ) -> Code | None:
        """Emits an expression, computed partition by partition, that Dask's own API lacks.

        Returns None if the API has it, or if the expression reads no column or is one.

        ``print_`` emits the expression, given the emitter for the partitions' library.
        """
        if isinstance(e, exp.Column) or not columns_in(e):
            return None
        text = print_(self.local(self.gaps, self.schema, self.frame, self.narrow)).text
        if not any(words in text for words in _BEYOND_DASK):
            return None
        return Code(self._locally(text, columns_in(e), self._meta(e)), ATOM)

    def total(self, e: Expression) -> str:
        """Returns the text of an aggregate of the whole frame, which is a lazy scalar.

        A deviation is that from the mean of all: dask-cuDF's ``std`` is NaN if a partition is
        empty (RAPIDS 26.10). Raises Unsupported for a correlation of columns that may hold NULLs.
        """
        if isinstance(e, DEVIATIONS):
            x = self.operand(e.this, ATOM)
            less = " - 1" if isinstance(e, (exp.StddevSamp, exp.Variance)) else ""
            count = f"({x}.count(){less})" if less else f"{x}.count()"
            root = " ** 0.5" if isinstance(e, (exp.StddevSamp, exp.StddevPop)) else ""
            variance = f"(({x} - {x}.mean()) ** 2).sum() / {count}"
            return f"({variance}){root}" if root else variance
        if not isinstance(e, exp.Corr):
            return super().total(e)
        if self.nullable(e.this) or self.nullable(e.expression):
            raise self.gaps.unsupported("a correlation of NULLs", in_sql(e))
        x, y = (self.operand(side, ATOM) for side in (e.this, e.expression))
        return f'{x}.rename("x").corr({y}.rename("y"))'

    def _meta(self, e: Expression) -> str:
        """Returns the text of an option of Dask's functions: ``, meta=cudf.Series(dtype="int64")``.

        It states the dtype of the expression's result. Without it, Dask would try the expression on
        made-up values to find the dtype.
        """
        dtype = self.dtype(self.typed(e)) or "datetime64[us]"
        return f", meta=cudf.Series(dtype={quoted(dtype)})"


class DaskCudfProgram(DaskProgram):
    """Emits a plan as a program of dask-cuDF."""

    printer: ClassVar[type[PandasExpressions]] = DaskCudfExpressions
    local: ClassVar[type[PandasProgram]] = CudfProgram
    native: ClassVar[tuple[type[Expression], ...]] = tuple(set(NATIVE) - {exp.Median})
    counts_distinct: ClassVar[bool] = False
    imports: ClassVar[Mapping[str, str]] = {
        "cudf": "import cudf",
        "dask": "import dask",
        "dd": "import dask.dataframe as dd",
        "dask_cudf": "import dask_cudf",
        "np": "import numpy as np",
        "pd": "import pandas as pd",
    }

    def _keeping_integers(self, node: Join, side: Node) -> dict[str, str]:
        return keeping_integers(node, side)

    def _join_dtypes(self, node: Join) -> tuple[dict[str, str], dict[str, str]]:
        left, right = super()._join_dtypes(node)
        return left | keeping_whole_keys(node), right

    def _counts_rows(self, node: Aggregate, keys: Sequence[str]) -> str | None:
        """Returns the name of a column to count rows by, no key and without NULLs, or None.

        dask-cuDF has ``count`` only, which skips NULLs.
        """
        fit = (c.name for c in node.input.schema if not c.nullable and c.name not in keys)
        return next(fit, None)

    def _called(
        self, node: Aggregate, groups: str, calls: Mapping[tuple[str, str], str], rename: str
    ) -> str:
        """Emits ``agg`` with a dictionary, and then names the columns that it gives.

        ``calls`` maps (function, column) to the name of the result, ``groups`` is the text of the
        grouped frame, ``rename`` that of a call that renames its keys, or empty.
        """
        functions: dict[str, dict[str, list[str]]] = {}
        for (function, column), name in calls.items():
            called = "count" if function == "size" else function
            functions.setdefault(column, {}).setdefault(called, []).append(name)
        if all(len(of) == 1 for of in functions.values()) and len(functions) == len(calls):
            firsts = {column: next(iter(of.items())) for column, of in functions.items()}
            names = {column: name for column, (_, (name,)) in firsts.items() if column != name}
            named = f".rename(columns={mapping(names)})" if names else ""
            by = mapping({column: called for column, (called, _) in firsts.items()})
            return self.assign(node, f"{groups}.agg({by}){named}.reset_index(){rename}")
        by = ", ".join(f"{quoted(column)}: {listing(list(of))}" for column, of in functions.items())
        frame = self.assign(node, f"{groups}.agg({{{by}}})")
        computed = [names for of in functions.values() for names in of.values()]
        self.statements.append(f"{frame}.columns = {listing([first for first, *_ in computed])}")
        self.statements.append(f"{frame} = {frame}.reset_index(){rename}")
        again = [(name, f"{frame}[{quoted(first)}]") for first, *more in computed for name in more]
        if again:
            self.statements.append(f"{frame} = {frame}.assign({keywords(again)})")
        found = [*(first for first, *_ in computed), *(name for name, _ in again)]
        self.physical[node] = (*(name for name, _ in node.keys), *found)
        return frame

    def _with_scalars(self, values: Mapping[str, str], dtypes: Mapping[str, str]) -> str:
        """Returns the text ``part.assign(…)``: a partition with each scalar as a column.

        ``values`` maps column names to the texts of the scalars, ``dtypes`` some of these names to
        the dtypes of their columns; in these a scalar that is NaN becomes NULL.
        """
        columns = [
            (
                name,
                f"cudf.Series({value}, index=part.index, dtype={quoted(dtypes[name])}, "
                "nan_as_null=True)"
                if name in dtypes
                else value,
            )
            for name, value in values.items()
        ]
        return f"part.assign({keywords(columns)})"

    def _reader(self, table: Table, columns: Sequence[str]) -> str:
        name, columns = f"t({quoted(table.name)})", columns or [table.schema[0].name]
        if self.source is Input.PARQUET and has_dates(table):
            files = name if len(table.parquet) > 1 else f"[{name}]"
            return f"dd.from_map(cudf.read_parquet, {files}, columns={listing(columns)})"
        if self.source is Input.PARQUET:
            return f"dask_cudf.read_parquet({name})"
        if self.source is Input.CSV:
            dtypes = {kind: plain for kind, (plain, _) in DTYPES.items()}
            options = csv_options(table, [table.column(c) for c in columns], dtypes)
            whole = any(path.suffix == ".gz" for path in table.csv)
            return f"dask_cudf.read_csv({name}, {options}{', blocksize=None' if whole else ''})"
        return name

    def _unmatched(self, node: Join, left: str, keys: str) -> str:
        """Emits the rows of ``left`` without a partner: those that a left join gives no mark.

        ``keys`` is the text of a frame of the distinct right keys, to which a column of marks is
        added. Dask has no anti join, and cuDF's merge does not tell which rows found a partner.
        """
        ours = listing([a for a, _ in node.on])
        found = fresh("found", set(self.physical[node]))
        right = f"{keys}.assign({found}=1)"
        merged = self.assign(node, f'{left}.merge({right}, on={ours}, how="left")')
        self.physical[node] += (found,)
        self.statements.append(f"{merged} = {merged}[{merged}[{quoted(found)}].isnull()]")
        return merged
