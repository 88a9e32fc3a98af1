"""Engines by name: those that packages announce under the entry point group ``harness.engines``."""

from __future__ import annotations

import importlib.metadata

from harness.engines.base import Engine

GROUP = "harness.engines"


def names() -> tuple[str, ...]:
    """The names of all engines that are announced, in alphabetical order."""
    return tuple(sorted(point.name for point in importlib.metadata.entry_points(group=GROUP)))


def get(name: str) -> Engine:
    """An engine by its name, or by ``module:Class``. Raises KeyError where there is none."""
    point = importlib.metadata.EntryPoint(name, name, GROUP)
    if ":" not in name:
        point = importlib.metadata.entry_points(group=GROUP)[name]
    engine: Engine = point.load()()
    return engine
