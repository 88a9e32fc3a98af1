"""The gaps of cuDF, dask-cuDF and cudf.pandas."""

from __future__ import annotations

from sqlglot import exp

from harness.engines.dask.gaps import DASK_GAPS
from harness.engines.gaps import BATCHES, Gap, cannot, not_yet
from harness.engines.pandas.gaps import PANDAS_GAPS
from harness.plan.guards.special_uses import Differing
from harness.plan.tree.nodes import Aggregate, AsOfJoin, Scan, Window
from harness.special import Special

_OWN: tuple[Gap, ...] = (
    cannot(exp.RegexpLike, "options within a regular expression"),
    cannot(exp.RegexpReplace, "to replace the first match alone by what has a group in it"),
    cannot(Window, "a frame that reaches ahead and not as far back"),
    not_yet(Window, "a frame of values"),
    cannot(Window, "moving aggregates of anything but numbers"),
    cannot(Window, f"a moving aggregate of {Special.BEYOND}"),
)
DIVISION: Differing = {exp.Div: frozenset({Special.MINUS_ZERO})}
"""Divided by a column with a -0.0, a number or a column gives quotients of the other sign."""
CUDF_GAPS: tuple[Gap, ...] = (
    *PANDAS_GAPS,
    *_OWN,
    BATCHES,
    cannot(AsOfJoin),
    not_yet(exp.GroupConcat),
)
DASK_CUDF_GAPS: tuple[Gap, ...] = (
    *DASK_GAPS,
    *_OWN,
    BATCHES,
    cannot(exp.Corr, "a correlation of NULLs"),
)

WRITTEN_NAN = "numbers of a CSV file that are written unchanged, some NULL"
BEYOND_PANDAS = {
    "np.fmod(": cannot(exp.Mod, "a remainder", "it has the sign of the divisor"),
    "np.arctan2(": cannot(exp.Atan2, "an angle", "np.arctan2 exchanges its operands"),
    "np.copysign(": cannot(exp.Round, "rounding", "np.copysign exchanges its operands"),
    r"\\g<": cannot(exp.RegexpReplace, "groups in what matches are replaced with"),
    "range_frames(": cannot(
        Window, "a frame of values", "it has no windows that a program defines"
    ),
    '.astype("Int64"), unit=': cannot(
        exp.Interval, "an interval of so many days, where some are NULL"
    ),
}
"""Text in a pandas program -> the gap where cudf.pandas computes it differently (RAPIDS 26.10)."""
CUDF_PANDAS_GAPS: tuple[Gap, ...] = (
    *PANDAS_GAPS,
    *BEYOND_PANDAS.values(),
    cannot(exp.Or, "OR and AND of what may be NULL"),
    cannot(exp.EQ, "a comparison with what may be NULL"),
    cannot(exp.Extract, "a part of a date compared with a number beyond 32 bits"),
    cannot(exp.Mul, "a product of lengths", "it has 32 bits"),
    cannot(Scan, WRITTEN_NAN, "it writes NaN"),
    cannot(Aggregate, "the keys of joined texts that may be NULL", "it makes floats of them"),
)
