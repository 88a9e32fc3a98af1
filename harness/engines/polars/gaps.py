"""The gaps of Polars, and of its GPU engine."""

from __future__ import annotations

from sqlglot import exp

from harness.engines.gaps import Gap, cannot, not_yet
from harness.engines.polars.gpu_session import NOT_ON_GPU
from harness.engines.python.gaps import OF_RANGES, OTHER_FRAME, OTHER_RUNNING, SHARED
from harness.plan.tree.nodes import AsOfJoin, Join, Scan, Window

HEADER = "a quotation mark in the header of a CSV file"

POLARS_GAPS: tuple[Gap, ...] = (
    *SHARED,
    cannot(Scan, HEADER),
    not_yet(exp.Cast, "a text as a boolean"),
    not_yet(exp.PercentileDisc, "a discrete quantile of anything but numbers"),
    not_yet(exp.StrToTime, "hours without minutes"),
    not_yet(exp.Substring, "a substring of a computed length from within"),
    not_yet(exp.Replace, "to replace a computed text"),
    not_yet(Join, "a join other than inner with more than equalities"),
    not_yet(Window, "a constant as a value of a window"),
    not_yet(Window, OTHER_RUNNING),
    not_yet(Window, "a running count of distinct values"),
    not_yet(Window, OTHER_FRAME),
    *OF_RANGES,
    cannot(Window, "a frame of values of floats", "its keys are whole numbers and times"),
    cannot(Window, "a frame of one other value", "its windows have a length"),
    not_yet(Window, "a frame of values beyond the row by what may be NULL"),
)
UNTRANSLATED = cannot(Scan, NOT_ON_GPU)
INEXACT_TIME = "a time beyond 285 years from 1970"
POLARS_GPU_GAPS: tuple[Gap, ...] = (
    *POLARS_GAPS,
    UNTRANSLATED,
    cannot(AsOfJoin),
    cannot(exp.Cast, INEXACT_TIME),
    cannot(Window, "running aggregates of what may be NULL, in partitions"),
)
