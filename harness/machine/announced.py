"""Finds what installed packages announce as entry points: engines and generators."""

from __future__ import annotations

import importlib.metadata
from functools import cache

OWN = "harness."


@cache
def announced(group: str) -> dict[str, importlib.metadata.EntryPoint]:
    """Returns the entry points of a group, of all installed packages, by name; takes 20 ms.

    The harness's own entry point has precedence, so that no package can replace DuckDB. If several
    other packages announce a name, the one whose module is first in the alphabet is returned.
    """
    points = importlib.metadata.entry_points(group=group)
    ranked = sorted(points, key=lambda point: (not point.value.startswith(OWN), point.value))
    return {point.name: point for point in reversed(ranked)}
