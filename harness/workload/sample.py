"""A workload over generated data -> the few of its queries that stand for it in a quick run."""

from __future__ import annotations

from dataclasses import replace

from harness.workload.file import Workload

QUERIES = 3
"""The queries of each workload in a sample."""


def sample(workload: Workload) -> Workload:
    """Returns the workload with QUERIES of its queries; one over a user's own tables as it is."""
    if workload.data is None:
        return workload
    places = evenly(len(workload.queries), QUERIES)
    return replace(workload, queries=tuple(workload.queries[place] for place in places))


def evenly(count: int, wanted: int) -> list[int]:
    """Returns the middle of each part, if ``count`` places are cut into ``wanted`` even parts.

    Only the number of queries decides: no engine, and no earlier result.
    """
    if count <= wanted:
        return list(range(count))
    return [(2 * part + 1) * count // (2 * wanted) for part in range(wanted)]
