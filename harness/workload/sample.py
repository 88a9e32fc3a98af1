"""A workload over generated data -> the few of its queries that stand for it in a quick run."""

from __future__ import annotations

from dataclasses import replace

from harness.workload.file import Workload

PART = 10
"""One query in so many is in the sample, but at least one of each workload."""


def sample(workload: Workload) -> Workload:
    """Returns the workload with one in ten of its queries, evenly spaced, and at least one.

    With all of them, if the workload has a user's own tables.
    """
    if workload.data is None:
        return workload
    count = len(workload.queries)
    places = evenly(count, max(1, round(count / PART)))
    return replace(workload, queries=tuple(workload.queries[place] for place in places))


def evenly(count: int, wanted: int) -> list[int]:
    """Returns ``wanted`` places, evenly spread over the places from 0 to ``count`` - 1.

    Each is the middle of one of ``wanted`` even parts. No engine and no earlier result decides.
    """
    if count <= wanted:
        return list(range(count))
    return [(2 * part + 1) * count // (2 * wanted) for part in range(wanted)]
