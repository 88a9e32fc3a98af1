"""How much room an engine's library takes on the disk."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from harness.engines.base import Engine
from harness.engines.own_environment import InOwnEnvironment, requirements


@cache
def installed_bytes(engine: Engine) -> int:
    """Returns the installed size of an engine's library and of all packages that it requires."""
    path = sys.path
    if isinstance(engine, InOwnEnvironment):
        path = [str(folder) for folder in engine.home().folder.glob("lib/python*/site-packages")]
    sizes = dict[str, int]()
    left = [Requirement(text) for text in requirements(engine.distribution, "")]
    while left:
        wanted = left.pop()
        name = canonicalize_name(wanted.name)
        found = next(iter(importlib.metadata.distributions(name=wanted.name, path=path)), None)
        if found is not None and name not in sizes:
            sizes[name] = _bytes_of(found)
            left += _required(found, wanted.extras)
    return sum(sizes.values())


def _required(of: importlib.metadata.Distribution, extras: set[str]) -> Iterator[Requirement]:
    """Yields the packages that a distribution and its ``extras`` require."""
    for text in of.requires or ():
        each = Requirement(text)
        if each.marker is None or any(map(each.marker.evaluate, _of_extras(extras))):
            yield each


def _of_extras(extras: set[str]) -> Iterator[dict[str, str]]:
    return ({"extra": extra} for extra in ("", *extras))


def _bytes_of(found: importlib.metadata.Distribution) -> int:
    files = (Path(str(found.locate_file(file))) for file in found.files or ())
    return sum(file.stat().st_size for file in files if file.is_file())
