"""Generators by name: those that packages announce under the entry point group of this name."""

from __future__ import annotations

import importlib.metadata
from functools import cache
from typing import Any

from harness.data.generators.base import Generator

GROUP = "harness.generators"


@cache
def names() -> tuple[str, ...]:
    """The names of all generators that are announced, in alphabetical order."""
    return tuple(sorted(point.name for point in importlib.metadata.entry_points(group=GROUP)))


@cache
def get(name: str) -> Generator[Any]:
    """An announced generator by its name."""
    kind: type[Generator[Any]] = importlib.metadata.entry_points(group=GROUP)[name].load()
    return kind()
