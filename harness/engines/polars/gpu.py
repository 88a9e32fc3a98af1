"""Polars' GPU engine: the lazy programs, collected by cuDF and never on the CPU."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from sqlglot import exp

from harness.engines.gpu import GpuEngine
from harness.engines.polars.engine import Polars, PolarsProgram
from harness.engines.polars.expressions import PolarsExpressions
from harness.engines.polars.gaps import INEXACT_TIME, POLARS_GPU_GAPS
from harness.engines.polars.windows import PolarsWindows
from harness.engines.python.kernel import ATOM, Code, names, quoted
from harness.engines.python.like import CUDF, RegexSpelling
from harness.machine.gpu.device import __name__ as MODULE
from harness.plan.facts.patterns import ends_only
from harness.plan.facts.printing import in_sql
from harness.plan.guards.nan_uses import Use
from harness.plan.guards.special_uses import Differing
from harness.plan.tree.nodes import Aggregate, Expression, TopPerGroup
from harness.special import EXACT, Special
from harness.types import Type

MEMORY_VARIABLE = "CUDF_POLARS__MEMORY_RESOURCE_CONFIG__QUALNAME"
MEMORY = {MEMORY_VARIABLE: f"{MODULE}.memory_resource"}
"""The variable that makes cuDF-Polars allocate memory where all GPU engines do."""
ON_GPU = "engine=pl.GPUEngine(raise_on_fail=True)"


class PolarsGpuExpressions(PolarsExpressions):
    """Emits expressions that cuDF-Polars can translate."""

    spelling: ClassVar[RegexSpelling] = CUDF
    parsing: ClassVar[str] = ", cache=False"  # the cache of parsed dates exists on the CPU only
    time_formats: ClassVar[frozenset[str]] = PolarsExpressions.time_formats - {
        *("%a", "%A", "%b", "%B"),  # names of days and months exist on the CPU only
    }

    def pattern(self, e: Expression) -> str:
        return ends_only(super().pattern(e))

    def date_literal(self, e: Expression) -> Code | None:
        """Emits a constant; raises Unsupported for a time of which a float loses microseconds.

        cuDF-Polars makes floats of some, as of a window's default (RAPIDS 26.10).
        """
        code = super().date_literal(e)
        if code and code.text.startswith("datetime(") and not _is_exact(e.this.name):
            raise self.gaps.unsupported(INEXACT_TIME, in_sql(e))
        return code

    def truncated_date(self, e: Expression) -> Code:
        if e.args["unit"].name.lower() == "month" and self.type(e.this) is Type.DATE:
            return Code(f"{self.operand(e.this, ATOM)}.dt.month_start()", ATOM)
        return super().truncated_date(e)

    def timestamp_trunc(self, e: Expression) -> Code:
        """Emits a truncation to months by ``month_start``.

        cuDF-Polars truncates to days or less.
        """
        if e.args["unit"].name.lower() != "month":
            return super().timestamp_trunc(e)
        day = "" if self.type(e.this) is Type.DATE else '.dt.truncate("1d")'
        return Code(f"{self._timestamp(e.this)}{day}.dt.month_start()", ATOM)


def _is_exact(time: str) -> bool:
    """True if a float holds the microseconds since 1970 of a time as a text."""
    since = datetime.fromisoformat(time).replace(tzinfo=None) - datetime(1970, 1, 1)
    return abs(since // timedelta(microseconds=1)) <= EXACT


class PolarsGpuWindows(PolarsWindows):
    """Emits windows that cuDF-Polars can translate."""

    def _numbers(self, over: str) -> str:
        """Emits row numbers as a cumulative count: cuDF-Polars has no ranges."""
        sure = next((c.name for c in self.print_.schema if not c.nullable), None)
        if sure is None:
            return super()._numbers(over)
        if not over:
            return f"pl.col({quoted(sure)}).cum_count()"
        return f"pl.col({quoted(sure)}).is_not_null().cast(pl.Int64).cum_sum()"

    def _filled(self, over: str) -> str:
        """Returns the text of a call that fills NULLs from the row before.

        Raises Unsupported in partitions (``over`` is not empty): there cuDF fills NULLs from rows
        of other partitions (RAPIDS 26.10).
        """
        if over:
            raise self.gaps.unsupported("running aggregates of what may be NULL, in partitions")
        return super()._filled(over)


class PolarsGpuProgram(PolarsProgram):
    """Emits a program for the GPU; it collects an answer before it writes it to a file.

    ``sink_parquet`` would run on the CPU.
    """

    collect: ClassVar[str] = f".collect({ON_GPU})"
    write: ClassVar[str] = f".collect({ON_GPU}).write_parquet"
    stream: ClassVar[str] = f".collect({ON_GPU}).iter_slices({{rows}})"
    printer: ClassVar[type[PolarsExpressions]] = PolarsGpuExpressions
    windows: ClassVar[type[PolarsWindows]] = PolarsGpuWindows

    def _keys_first(self, node: Aggregate) -> bool:
        """True if the keys must become columns before the aggregation.

        That is so for constant keys, and for computed ones beside distinct counts (RAPIDS 26.10).
        """
        computed = any(not isinstance(e, exp.Column) for _, e in node.keys)
        distinct = any(e.find(exp.Distinct) for _, e in node.aggregates)
        return super()._keys_first(node) or (computed and distinct)

    def top_per_group(self, node: TopPerGroup) -> str:
        """Emits a filter by rank if there is one sort key, without NULLs, and ``count`` is not 1.

        ``head`` of a group, which Polars has for it on the CPU, does not run on the GPU.
        """
        key = node.order[0]
        if node.count == 1 or len(node.order) > 1 or node.input.column(key.column).nullable:
            return super().top_per_group(node)
        text = self.below(node)
        descending = ", descending=True" if key.descending else ""
        rank = f'pl.col({quoted(key.column)}).rank("ordinal"{descending})'
        return f"{text}.filter({rank}.over({names(node.keys)}) <= {node.count})"


class PolarsGpu(GpuEngine, Polars):
    name = "polars-gpu"
    label = "Polars on GPU"
    colour = "#00b4d8"
    distribution = "cudf-polars"
    module = "cudf_polars"
    emitter = PolarsGpuProgram
    session = "harness.engines.polars.gpu_session:PolarsGpuSession"
    gaps = POLARS_GPU_GAPS
    nan_differs = Polars.nan_differs | {Use.COMPARED_AT_ALL, Use.COMPARED}
    special_differs: ClassVar[Differing] = {
        **Polars.special_differs,
        exp.Reverse: frozenset({Special.JOINED, Special.NEW}),
        exp.Div: frozenset({Special.MINUS_ZERO}),  # in filters of Parquet (RAPIDS 26.10)
    }

    def environment(self, threads: int) -> dict[str, str]:
        """Adds the variable that sets where cuDF-Polars allocates memory."""
        return {**super().environment(threads), **MEMORY}
