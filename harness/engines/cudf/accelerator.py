"""cudf.pandas: pandas' programs unchanged, run on the GPU where cuDF can, else on the CPU."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from sqlglot import exp

from harness.engines.cudf.gaps import BEYOND_PANDAS, CUDF_PANDAS_GAPS, DIVISION, WRITTEN_NAN
from harness.engines.gaps import Gaps, Refused
from harness.engines.gpu import GpuEngine
from harness.engines.pandas.engine import Pandas
from harness.engines.session import Program
from harness.plan import CompiledQuery
from harness.plan.facts.columns import columns_of
from harness.plan.facts.kinds import COMPARISONS
from harness.plan.facts.printing import in_sql
from harness.plan.facts.typing import infer
from harness.plan.guards.special_uses import FULL_CASE, Differing, expressions_of
from harness.plan.tree.nodes import (
    Aggregate,
    Expression,
    Filter,
    Limit,
    Node,
    Project,
    Scan,
    Sort,
    conjuncts,
    walk,
)
from harness.tables import Input, Table
from harness.types import Schema, Type

MASKED = (Type.INT64, Type.BOOLEAN)


def refuse_three_values(plan: Node, gaps: Gaps) -> None:
    """Raises Unsupported for OR and AND with NULL operands: in cudf.pandas NULL OR true is NULL.

    The ANDs of a filter are allowed: a filter drops a row whether NULL AND false is NULL or
    false.
    """
    for node in walk(plan):
        schema = tuple(column for source in node.inputs for column in source.schema)
        for e in expressions_of(node):
            parts = conjuncts(e) if isinstance(node, Filter) else [e]
            for part in parts:
                for operator in part.find_all(exp.Or, exp.And):
                    if any(may_be_null(side, schema) for side in operator.flatten()):
                        what = "OR and AND of what may be NULL"
                        raise gaps.unsupported(what, in_sql(operator))


def refuse_lost_nulls(plan: Node, gaps: Gaps) -> None:
    """Raises Unsupported where cudf.pandas returns a dtype without NULLs, or with too few bits.

    A comparison has its left side's dtype (in a filter this matters for ``!=`` only), a length
    has 32 bits, and joining texts turns a group's integer keys into floats.
    """
    for node in walk(plan):
        schema = tuple(column for source in node.inputs for column in source.schema)
        if isinstance(node, Aggregate) and any(
            isinstance(e, exp.GroupConcat) for _, e in node.aggregates
        ):
            keys = node.schema[: len(node.keys)]
            if any(key.nullable and key.type in MASKED for key in keys):
                raise gaps.unsupported("the keys of joined texts that may be NULL")
        for e in expressions_of(node):
            for product in e.find_all(exp.Mul):
                if product.find(exp.ByteLength, exp.Length):
                    raise gaps.unsupported("a product of lengths", in_sql(product))
            for compared in e.find_all(*COMPARISONS):
                sides = compared.left, compared.right
                if any(isinstance(x, exp.Extract) for x in sides) and any(map(_is_beyond, sides)):
                    what = "a part of a date compared with a number beyond 32 bits"
                    raise gaps.unsupported(what, in_sql(compared))
            kinds = (exp.NEQ,) if isinstance(node, Filter) else COMPARISONS
            for compared in e.find_all(*kinds):
                left, right = (infer(side, schema) for side in (compared.left, compared.right))
                lost = right.nullable and right.type in MASKED and not left.nullable
                if lost and columns_of(compared.left):
                    what = "a comparison with what may be NULL"
                    raise gaps.unsupported(what, in_sql(compared))


def refuse_written_nan(plan: Node, gaps: Gaps) -> None:
    """Raises Unsupported if columns of a CSV file, with NULLs among floats, are written unchanged.

    cudf.pandas writes NaN for these NULLs.
    """
    unchanged = all(
        isinstance(node, (Scan, Filter, Sort, Limit))
        or (isinstance(node, Project) and all(isinstance(e, exp.Column) for _, e in node.items))
        for node in walk(plan)
    )
    for column in plan.schema if unchanged else ():
        if column.nullable and column.type is Type.FLOAT64:
            raise gaps.unsupported(WRITTEN_NAN, detail=column.name)


def _is_beyond(e: Expression) -> bool:
    """True for an integer beyond the 32 bits of a part of a date."""
    number = e.this if isinstance(e, exp.Neg) else e
    return isinstance(number, exp.Literal) and number.is_int and int(number.name) >= 2**31


def may_be_null(condition: Expression, schema: Schema) -> bool:
    """True if a condition may be NULL in pandas, rather than False."""
    if isinstance(condition, exp.Is):
        return False
    if isinstance(condition, (exp.And, exp.Or, exp.Not, exp.Paren)):
        return any(may_be_null(part, schema) for part in condition.iter_expressions())
    columns = (infer(column, schema) for column in columns_of(condition))
    return any(column.nullable and column.type in MASKED for column in columns)


class CudfPandas(GpuEngine, Pandas):
    name = "cudf-pandas"
    label = "cudf.pandas"
    colour = "#7400b8"
    distribution = "cudf"
    module = "cudf"
    gaps = CUDF_PANDAS_GAPS
    session = "harness.engines.cudf.session:CudfPandasSession"
    special_differs: ClassVar[Differing] = {
        **Pandas.special_differs,
        **FULL_CASE,
        **DIVISION,
    }

    def compile(self, query: CompiledQuery, tables: Mapping[str, Table], source: Input) -> Program:
        program = super().compile(query, tables, source)
        for call, gap in BEYOND_PANDAS.items():
            if call in program.text:
                raise Refused(self.label, gap)
        plan, gaps = self.lowered(query), self.lacks()
        refuse_three_values(plan, gaps)
        refuse_lost_nulls(plan, gaps)
        if query.write and source is Input.CSV:
            refuse_written_nan(plan, gaps)
        return program
