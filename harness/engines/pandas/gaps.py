"""The gaps of pandas, and of engines that run programs in pandas' API."""

from __future__ import annotations

from sqlglot import exp

from harness.engines.gaps import Gap, cannot, not_yet
from harness.engines.python.gaps import OF_RANGES, OTHER_FRAME, OTHER_RUNNING, OWN_WAY, SHARED
from harness.plan.tree.nodes import Aggregate, Join, Project, Window
from harness.special import Special

GREAT_EXTREME = f"an extreme of {Special.BEYOND}, over a frame of values"
PARAMETER = cannot(
    Project, "a column by a name that a method has for a parameter", "it takes columns by keyword"
)
PANDAS_GAPS: tuple[Gap, ...] = (
    *SHARED,
    PARAMETER,
    cannot(exp.Cast, "a boolean as a text", OWN_WAY),
    not_yet(exp.Cast, "anything but integers as booleans"),
    not_yet(exp.Null, "a column of NULLs"),
    not_yet(exp.Func, "a function of a constant"),
    not_yet(exp.Case, "a CASE that is always NULL"),
    not_yet(exp.Greatest, "the greatest of booleans"),
    not_yet(exp.Log, "a logarithm to a base other than 2, 10 and e"),
    not_yet(exp.Trim, "trim of a column's characters"),
    not_yet(exp.Replace, "replace with a column"),
    not_yet(exp.DPipe, "|| of anything but texts"),
    not_yet(exp.PercentileDisc),
    not_yet(exp.GroupConcat, "texts of a group in several or computed orders"),
    not_yet(exp.Order),
    not_yet(exp.Corr, "a correlation of anything but two columns"),
    not_yet(Join, "a join other than inner with more than equalities"),
    not_yet(Window, "a rank without an order"),
    not_yet(Window, "a window over a computed value"),
    not_yet(Window, "a running aggregate of rows to come"),
    not_yet(Window, OTHER_RUNNING),
    not_yet(Window, "a running count of distinct values"),
    not_yet(Window, OTHER_FRAME),
    *OF_RANGES,
    not_yet(Window, GREAT_EXTREME),
    not_yet(Aggregate, "a count of rows without a sure column"),
)
