"""Looks engines up by name, among those that packages announce as ``harness.engines``."""

from __future__ import annotations

import importlib.metadata
import re
from functools import cache
from typing import TYPE_CHECKING

from harness.errors import UnknownEngine
from harness.machine.announced import announced
from harness.words import suggestion

if TYPE_CHECKING:
    from harness.engines.base import Engine

GROUP = "harness.engines"


@cache
def names() -> tuple[str, ...]:
    """The names of all announced engines whose code can be imported, in alphabetical order."""
    return tuple(name for name in sorted(announced(GROUP)) if name not in broken())


@cache
def broken() -> dict[str, str]:
    """The names of the announced engines whose code cannot be imported, each with the reason."""
    found = {}
    for name in sorted(announced(GROUP)):
        try:
            _class(name)
        except UnknownEngine as error:
            found[name] = str(error)
    return found


@cache
def get(name: str) -> Engine:
    """The engine for a text of the form ``[NAME=]ENGINE[==VERSION][@VARIABLE=VALUE ...]``.

    ENGINE is a name, or ``module:Class``. One engine under two names (``polars,new=polars``), of
    two versions (``polars,polars==1.44.2``; ``>=``, ``<`` and ``~=`` are understood, too), or under
    other environment variables (``streaming=polars@POLARS_ENGINE_AFFINITY=streaming``), is two
    engines of a run. Raises UnknownEngine for an unknown name or a text of another form.
    """
    from harness.engines.variant import pinned, variant  # not in a worker

    found = parts(name)
    kind = _class(found["engine"])
    if found["pin"]:
        kind = pinned(kind, found["pin"])
    variables = dict(pair.split("=", 1) for pair in found["variables"].split("@")[1:])
    if not (found["name"] or variables):
        return kind()
    return variant(kind, found["name"] or found["variables"][1:], variables)()


def short(name: str) -> str:
    """Returns NAME of ``NAME=ENGINE…``, for a line of text; all of ``name`` if it has no NAME."""
    found = _ASKED.fullmatch(name)
    return (found and found["name"]) or name


def renamed(name: str, own: str) -> str:
    """Returns the text of an engine that runs a user's own program, which is called ``own``.

    ``renamed("pandas", "mine")`` = ``pandas-mine=pandas``; ``name`` is a text for ``get``.
    """
    found = parts(name)
    prefix, kind = found["name"], _class(found["engine"])
    rest = name[len(prefix) + 1 :] if prefix else name
    return f"{prefix or kind.name}-{own}={rest}"


_ASKED = re.compile(
    r"(?:(?P<name>[A-Za-z0-9][\w.-]*)=(?!=))?(?P<engine>[\w.-]+(?::\w+)?)"
    r"(?P<pin>(?:(?:[=~!<>]=|[<>])[\w.*+!]+)?)"
    r"(?P<variables>(?:@[A-Za-z_]\w*=[^@,]*)*)"
)


def parts(name: str) -> re.Match[str]:
    """The parts of a text for ``get``: ``name``, ``engine``, ``pin`` and ``variables``.

    Raises UnknownEngine for a text of another form.
    """
    found = _ASKED.fullmatch(name)
    if found is None:
        raise UnknownEngine(f"{name!r} is not [NAME=]ENGINE[==VERSION][@VARIABLE=VALUE ...]")
    return found


def _class(name: str) -> type[Engine]:
    if ":" not in name and name not in announced(GROUP):
        raise UnknownEngine(f"there is no engine {name!r}; {suggestion(name, names(), 'engines')}")
    point = importlib.metadata.EntryPoint(name, name, GROUP)
    if ":" not in name:
        point = announced(GROUP)[name]
    try:
        kind: type[Engine] = point.load()
    except Exception as error:  # another package's code, which may raise anything
        raise UnknownEngine(f"the engine {name!r} cannot be loaded: {error}") from error
    return kind


def by_default() -> tuple[str, ...]:
    """The engines of a run without ``--engines``; optional ones only where they can be used."""
    wanted = (name for name in names() if get(name).by_default)
    return tuple(name for name in wanted if not (get(name).optional and get(name).unavailable()))
