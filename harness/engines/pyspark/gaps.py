"""The gaps of PySpark's DataFrames, and those that its SQL has, too."""

from __future__ import annotations

from sqlglot import exp

from harness.engines.gaps import BATCHES, Gap, cannot, not_yet
from harness.engines.python.gaps import SHARED
from harness.plan.tree.nodes import Window

OF_SPARK: tuple[Gap, ...] = (
    cannot(exp.Div, "a division by zero", says=["DIVIDE_BY_ZERO", "REMAINDER_BY_ZERO"]),
    cannot(exp.Cast, "a number that passes its type", says=["OVERFLOW]", "OUT_OF_RANGE"]),
    cannot(exp.RegexpExtract, "a name of a group that Java refuses", says=["VALUE.PATTERN]"]),
)
"""What raises errors by Spark's ANSI rules, or in Java, however a query is put."""

FRACTION = "a frame of values by a distance with a fraction"

PYSPARK_GAPS: tuple[Gap, ...] = (
    BATCHES,
    *SHARED,
    *OF_SPARK,
    not_yet(exp.DateBin),
    not_yet(exp.PercentileDisc, "a discrete quantile of what is computed"),
    cannot(exp.PercentileDisc, "a discrete quantile of anything but numbers"),
    not_yet(exp.Substring, "a substring of a computed length from within"),
    cannot(Window, FRACTION, "its distances are whole numbers"),
    not_yet(exp.GroupConcat, "texts in an order that is not all up or all down"),
)
