"""The records of a question -> how much its engines' ratios are still in want of further rounds."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.measure.rounds import PRECISION, Rounds
from harness.outcome import Outcome, Record
from harness.records.medians import FEWEST_ROUNDS, PROCESS_ERROR, TIE_MARGIN, blocks, interval_ranks

UNKNOWN = 1.0
"""The spread of a median of so few rounds that they say nothing of it."""
QUANTILE = 1.96
"""Standard errors from the middle to either end of a 95% interval."""
LEAST_SECONDS = 0.1
"""A pass of fewer seconds is not worth a process."""
MARGIN = math.log1p(TIE_MARGIN)
STOPPING = 1.5
"""A ratio is told apart from 1, or is a tie, where an interval so many times as wide says so.

It is looked at after each pass: with the interval itself, chance would sooner or later end a run.
"""


def timed(records: Sequence[Record]) -> list[Record]:
    """Returns the records that have rounds."""
    return [record for record in records if record.outcome is Outcome.OK and record.rounds]


def want(records: Sequence[Record]) -> float:
    """Returns how wide the widest ratio to the best engine is, by its size; 0 if all are sharp.

    A ratio is sharp if both medians are known to PRECISION, and it is known whether the two differ
    or tie. Of a lone engine the median itself counts.
    """
    found = timed(records)
    if not found:
        return 0.0
    best = min(found, key=middle)
    others = [record for record in found if record is not best]
    if not others:
        return spread(best) if spread(best) > PRECISION else 0.0
    return max(_want(record, best) for record in others)


def _want(record: Record, best: Record) -> float:
    mine, other = spread(record), spread(best)
    width = STOPPING * math.hypot(mine, other, *(_between(each) for each in (record, best)))
    gap = math.log(max(middle(record), 1e-12) / max(middle(best), 1e-12))
    told = width < gap or width + gap < MARGIN
    return 0.0 if told and max(mine, other) <= PRECISION else width / max(gap, MARGIN)


def middle(record: Record) -> float:
    """Returns the median of a record's rounds, in seconds."""
    seconds = sorted(one.seconds for one in record.rounds)
    return seconds[len(seconds) // 2]


def spread(record: Record) -> float:
    """Returns how far a median's 95% interval reaches, as a share of it, by its turns' medians."""
    rounds = record.rounds
    values = sorted(blocks([one.seconds for one in rounds], [one.turn for one in rounds]))
    if len(values) < FEWEST_ROUNDS or not values[0] > 0:
        return UNKNOWN
    low, high = interval_ranks(len(values))
    return max(values[high] / middle(record) - 1, 1 - values[low] / middle(record))


def _between(record: Record) -> float:
    """Returns the share by which processes that do the same differ, over those of this cell."""
    return QUANTILE * PROCESS_ERROR / math.sqrt(passes(record))


def passes(record: Record) -> int:
    """Returns the number of a record's passes: each had a process of its own."""
    return len({one.process for one in record.rounds})


def spent(record: Record) -> float:
    """Returns about how many seconds a record's rounds have taken, counted or not."""
    figures, count = record.figures, len(record.rounds)
    uncounted = (figures.uncounted_rounds or 0) if figures else 0
    loops = (figures.loops or 1) if figures else 1
    return sum(one.seconds for one in record.rounds) * loops * (1 + uncounted / max(count, 1))


def may_go_on(record: Record, rounds: Rounds) -> bool:
    """Returns whether a cell may have a further pass: it has rounds, and may have more.

    Its seconds and its number of rounds are not used up, or `--processes` asks for more passes.
    """
    if not timed([record]):
        return False
    if passes(record) < rounds.processes:
        return True
    left = rounds.seconds - spent(record)
    return len(record.rounds) < rounds.most and left >= LEAST_SECONDS
