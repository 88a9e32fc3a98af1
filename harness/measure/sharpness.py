"""Says from the records of a question how far its engines' ratios are from sharp."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.measure.rounds import PRECISION, Rounds
from harness.outcome import Outcome, Record
from harness.records.medians import FEWEST_ROUNDS, PROCESS_ERROR, TIE_MARGIN, blocks, interval_ranks

UNKNOWN = 1.0
"""The spread of a median of too few rounds to tell."""
QUANTILE = 1.96
"""Standard errors from the middle to either end of a 95% interval."""
LEAST_SECONDS = 0.1
"""A pass shorter than this is not worth starting a process for."""
MARGIN = math.log1p(TIE_MARGIN)
STOPPING = 1.5
"""Two medians differ or tie only if an interval wider by this factor shows it.

The ratio is tested after each pass. With the plain interval, one of these tests would sooner or
later show a difference by chance.
"""


def timed(records: Sequence[Record]) -> list[Record]:
    """Returns the records that are ok and have hot rounds."""
    return [record for record in records if record.outcome is Outcome.OK and record.rounds]


def want(records: Sequence[Record]) -> float:
    """Returns how far from sharp a question is, by its least sharp engine; 0 if it is sharp.

    An engine's number is 0 if its ratio to the best engine is sharp: both medians are known to
    within PRECISION, and the ratio's interval shows that the two engines differ or tie. Otherwise
    the number is the interval's width as a share of the difference. If there is only one engine,
    its median must be known to within PRECISION.
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
    """Returns how far the 95% interval of a record's median reaches, as a share of the median.

    The rounds of one turn count as one observation.
    """
    rounds = record.rounds
    values = sorted(blocks([one.seconds for one in rounds], [one.turn for one in rounds]))
    if len(values) < FEWEST_ROUNDS or not values[0] > 0:
        return UNKNOWN
    low, high = interval_ranks(len(values))
    return max(values[high] / middle(record) - 1, 1 - values[low] / middle(record))


def _between(record: Record) -> float:
    """Returns how far a median may be off because no two processes are equally fast, as a share.

    The more passes the record has, each in a process of its own, the less it is.
    """
    return QUANTILE * PROCESS_ERROR / math.sqrt(passes(record))


def passes(record: Record) -> int:
    """Returns the number of a record's passes, each of which ran in a process of its own."""
    return len({one.process for one in record.rounds})


def spent(record: Record) -> float:
    """Returns the approximate seconds that a record's rounds took, counted or not."""
    figures, count = record.figures, len(record.rounds)
    uncounted = (figures.uncounted_rounds or 0) if figures else 0
    loops = (figures.loops or 1) if figures else 1
    seconds = sum(one.seconds for one in record.rounds)
    if figures and figures.window_seconds:  # in which several clients ran at once
        seconds, count = figures.window_seconds, figures.window_runs or 0
    return seconds * loops * (1 + uncounted / max(count, 1))


def may_go_on(record: Record, rounds: Rounds) -> bool:
    """True if a cell may have a further pass: it has rounds, and is below its limits.

    It may also have a pass if it has had fewer than ``--processes`` asks for.
    """
    if not timed([record]):
        return False
    if passes(record) < rounds.processes:
        return True
    left = rounds.seconds - spent(record)
    return len(record.rounds) < rounds.most and left >= LEAST_SECONDS
