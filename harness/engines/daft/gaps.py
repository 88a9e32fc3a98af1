"""The gaps of Daft."""

from __future__ import annotations

from sqlglot import exp

from harness.engines.gaps import BATCHES, Gap, cannot, not_yet
from harness.engines.python.gaps import SHARED
from harness.plan.tree.nodes import Aggregate, AsOfJoin, Join, Window

NTH = "the nth value of a window"
RANGE = "a frame of values"
OTHER_GREATEST = "the greatest of texts or times"
OTHER_ORDER = "texts in an order of other values"
UNREAD_TOTAL = "a total of all rows of which nothing is read"
MORE_THAN_EQUALITIES = "a join other than inner with more than equalities"

DAFT_GAPS: tuple[Gap, ...] = (
    *SHARED,
    BATCHES,
    cannot(exp.ArgMax, reason="it has no value at an extreme of another"),
    cannot(exp.ArgMin, reason="it has no value at an extreme of another"),
    cannot(exp.PercentileDisc, reason="its percentiles are interpolated"),
    cannot(Window, NTH, "it has the first and the last value of a window"),
    cannot(exp.GroupConcat, OTHER_ORDER, "it sorts a list by its own values"),
    cannot(exp.Pow, "a power by a computed exponent", "it takes a constant"),
    cannot(
        Aggregate, UNREAD_TOTAL, "its optimizer forgets the total, and with it that it is one row"
    ),
    cannot(Window, RANGE, "it computes its range_between row by row"),
    cannot(AsOfJoin, "ASOF JOIN by < or >", "an equal row matches in it"),
    not_yet(exp.Greatest, OTHER_GREATEST),
    not_yet(exp.Cast, "a text as a boolean"),
    not_yet(exp.Trim, "trim of a column's characters"),
    not_yet(exp.Replace, "to replace a computed text"),
    not_yet(exp.StrToTime, "hours without minutes"),
    not_yet(exp.Substring, "a substring of a computed length from within"),
    not_yet(Join, MORE_THAN_EQUALITIES),
    cannot(
        exp.ConcatWs,
        "concat_ws in a condition",
        says=["Mismatch of expected expression name and name from computed series"],
    ),
    cannot(
        exp.In,
        "IN of a value that is compared with a constant beside it",
        says=["Tried to get unmaterialized stats"],
    ),
)
