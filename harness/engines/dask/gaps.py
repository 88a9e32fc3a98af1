"""The gaps of Dask: pandas', and those of computing by partition."""

from __future__ import annotations

from sqlglot import exp

from harness.engines.gaps import Gap, cannot, not_yet
from harness.engines.pandas.gaps import PANDAS_GAPS
from harness.plan.tree.nodes import AsOfJoin, Join, Limit

DASK_GAPS: tuple[Gap, ...] = (
    *PANDAS_GAPS,
    cannot(exp.Median, "an exact quantile of a whole table", "Dask estimates it"),
    cannot(Limit, "rows from a place to the end", "no partition knows the place"),
    not_yet(AsOfJoin),
    not_yet(exp.GroupConcat),
    not_yet(exp.ArgMax, "a value at an extreme of another in a whole table"),
    not_yet(Join, "EXISTS without a column that ties it to the row"),
    not_yet(Join, "a scalar subquery that may be empty"),
)
