"""The gaps of what all Python emitters share."""

from __future__ import annotations

from sqlglot import exp

from harness.engines.gaps import Gap, cannot, not_yet
from harness.plan.tree.nodes import Window
from harness.special import Special

UNREAD_PATTERN = "a regular expression that libraries read differently"
OWN_WAY = "each library spells it in its own way"
OTHER_FRAME = "an aggregate of a frame other than sum, avg, count, min and max of few rows"
OTHER_RANGE = "an aggregate of a frame of values other than sum, avg, count, min and max of numbers"
OPEN_RANGE = "a frame of values that is open at one end"
GREAT_RANGE = f"a frame of values among {Special.BEYOND}"
OTHER_RUNNING = "a running aggregate other than sum, avg, count, min and max of numbers"
OTHER_DISTINCT = "DISTINCT in an aggregate other than count, min and max"
WIDE_PLACE = "rounding of whole numbers to a place that 64 bits do not hold"
WIDE_COUNT = "a number of rows, parts or characters beyond 31 bits"

SHARED: tuple[Gap, ...] = (
    not_yet(exp.Literal, "a constant that has to be computed"),
    cannot(exp.Literal, WIDE_COUNT),
    not_yet(exp.Interval, "dates moved by a computed number of days"),
    not_yet(exp.Interval, "an interval of a computed number of units"),
    not_yet(exp.Round, "rounding to a computed place"),
    cannot(exp.Round, "rounding to a place that no float has"),
    cannot(exp.Round, WIDE_PLACE),
    not_yet(exp.Lag, "lag by a computed number of rows"),
    not_yet(exp.TimeToStr, "a format of times with parts that libraries spell differently"),
    not_yet(exp.RegexpLike, "a pattern that is not a constant"),
    not_yet(exp.RegexpLike, UNREAD_PATTERN),
    not_yet(exp.RegexpExtract, "a computed group of a pattern"),
    not_yet(exp.RegexpReplace, "an option of regexp_replace other than g"),
    not_yet(exp.RegexpReplace, "a computed replacement"),
    not_yet(exp.RegexpReplace, "an escape in a replacement other than a group"),
    not_yet(exp.Pad, "padding with a computed text"),
    not_yet(exp.Pad, "padding with more than one character"),
    not_yet(exp.Pad, "padding to a computed length"),
    not_yet(exp.Right, "right() of a computed length"),
    not_yet(exp.Repeat, "a text repeated a computed number of times"),
    not_yet(exp.SplitPart, "a part from the end, or computed"),
    not_yet(exp.SplitPart, "splitting by anything but a constant"),
    not_yet(exp.Bracket, "an element from the end, or computed"),
    not_yet(exp.StrPosition, "the position of a computed text"),
    not_yet(exp.Substring, "a substring from a computed or negative place"),
    not_yet(exp.Distinct, OTHER_DISTINCT),
    cannot(exp.Cast, "a float64 as a text", OWN_WAY),
    cannot(exp.Cast, "a timestamp as a text", OWN_WAY),
)
OF_RANGES: tuple[Gap, ...] = tuple(
    not_yet(Window, words) for words in (OTHER_RANGE, OPEN_RANGE, GREAT_RANGE)
)
