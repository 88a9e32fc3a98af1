"""Engines by name: those that packages announce under the entry point group ``harness.engines``."""

from __future__ import annotations

import importlib.metadata
from functools import cache

from harness.engines.base import Engine
from harness.errors import UnknownEngine
from harness.spelling import suggestion

GROUP = "harness.engines"


@cache
def names() -> tuple[str, ...]:
    """The names of all engines that are announced, in alphabetical order."""
    return tuple(sorted(point.name for point in importlib.metadata.entry_points(group=GROUP)))


@cache
def get(name: str) -> Engine:
    """An engine by its name, or by ``module:Class``. Raises UnknownEngine where there is none."""
    if ":" not in name and name not in names():
        raise UnknownEngine(f"there is no engine {name!r}; {suggestion(name, names(), 'engines')}")
    point = importlib.metadata.EntryPoint(name, name, GROUP)
    if ":" not in name:
        point = importlib.metadata.entry_points(group=GROUP)[name]
    try:
        engine: Engine = point.load()()
    except (ImportError, AttributeError) as error:
        raise UnknownEngine(f"the engine {name!r} cannot be loaded: {error}") from error
    return engine
