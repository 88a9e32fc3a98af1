"""Generators by name, from the entry point group ``harness.generators`` of all packages."""

from __future__ import annotations

from functools import cache
from typing import Any

from harness.data.generators.base import Generator
from harness.machine.announced import announced

GROUP = "harness.generators"


@cache
def names() -> tuple[str, ...]:
    """Returns the names of all generators, sorted."""
    return tuple(sorted(announced(GROUP)))


@cache
def get(name: str) -> Generator[Any]:
    """Returns the generator of a name; raises KeyError if there is none."""
    kind: type[Generator[Any]] = announced(GROUP)[name].load()
    return kind()
