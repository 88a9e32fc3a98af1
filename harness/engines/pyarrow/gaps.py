"""The gaps of PyArrow."""

from __future__ import annotations

from sqlglot import exp

from harness.engines.gaps import Gap, cannot, not_yet
from harness.engines.python.gaps import OF_RANGES, OTHER_FRAME, SHARED
from harness.plan.tree.nodes import AsOfJoin, Join, Window

PYARROW_GAPS: tuple[Gap, ...] = (
    *SHARED,
    cannot(exp.TryCast, reason="Arrow's casts raise for a text that they cannot read"),
    cannot(exp.Func, "a parameter that is not a constant"),
    not_yet(exp.GroupConcat),
    not_yet(exp.Order),
    not_yet(exp.PercentileDisc),
    not_yet(exp.Greatest, "the greatest of booleans"),
    not_yet(exp.Like, "a LIKE pattern that is not a constant"),
    not_yet(exp.Substring, "a substring of a computed length"),
    not_yet(Join, "a cross join of a table with a column 'one'"),
    cannot(AsOfJoin, "ASOF JOIN by < or >"),
    cannot(AsOfJoin, "ASOF JOIN by floats"),
    cannot(AsOfJoin, "ASOF JOIN with booleans that are equal"),
    cannot(
        AsOfJoin,
        "ASOF JOIN by numbers below 0, or times before 1970",
        says=["no numbers below 0"],
    ),
    not_yet(AsOfJoin, "ASOF LEFT JOIN where a left key may be NULL"),
    not_yet(Window, "a ranking without an order"),
    not_yet(Window, "a quantile over a partition"),
    not_yet(Window, "a running aggregate of rows to come"),
    not_yet(Window, "a frame of more than 64 rows"),
    not_yet(Window, OTHER_FRAME),
    *OF_RANGES,
)
