"""Generators by name, from the entry point group ``harness.generators`` of all packages."""

from __future__ import annotations

import importlib.metadata
from functools import cache
from typing import Any

from harness.data.generators.base import Generator

GROUP = "harness.generators"


@cache
def names() -> tuple[str, ...]:
    """Returns the names of all generators, sorted."""
    return tuple(sorted(point.name for point in importlib.metadata.entry_points(group=GROUP)))


@cache
def get(name: str) -> Generator[Any]:
    """Returns the generator of a name; raises KeyError if there is none."""
    kind: type[Generator[Any]] = importlib.metadata.entry_points(group=GROUP)[name].load()
    return kind()
