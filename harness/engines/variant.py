"""Makes an engine run under another name, with other environment variables, or another version."""

from __future__ import annotations

import colorsys
import zlib
from collections.abc import Mapping

from packaging.requirements import Requirement

from harness.engines.base import Engine


def variant(kind: type[Engine], name: str, variables: Mapping[str, str]) -> type[Engine]:
    """A subclass of ``kind``, which is called ``name``, with these environment variables set.

    Its label says the name; its colour is that of ``kind`` with another hue.
    """

    def environment(self: Engine, threads: int) -> dict[str, str]:
        return {**kind.environment(self, threads), **variables}

    own = {
        "label": _label(kind, name),
        "colour": _turned(kind.colour, zlib.crc32(name.encode()) / 2**32),
        "environment": environment,
        "__doc__": kind.__doc__,
    }
    return type(kind.__name__, (kind,), own)


def _label(kind: type[Engine], name: str) -> str:
    """Returns the label of an engine called ``name``: ``Polars (streaming)``.

    ``pandas-mine`` of pandas, a user's own program, is ``pandas: mine``.
    """
    own = name.removeprefix(f"{kind.name}-")
    return f"{kind.label} ({name})" if own == name else f"{kind.label}: {own}"


def pinned(kind: type[Engine], pin: str) -> type[Engine]:
    """A subclass of ``kind`` in an environment of its own, with a version such as ``==1.44.2``."""
    from harness.engines.own_environment import InOwnEnvironment, requirements  # not in a worker

    others = [r for r in getattr(kind, "requires", ()) if Requirement(r).name != kind.distribution]
    own = {
        "label": f"{kind.label} {pin.removeprefix('==')}",
        "colour": _turned(kind.colour, zlib.crc32(pin.encode()) / 2**32),
        "requires": (*requirements(kind.distribution, pin), *others),
        "selected": True,
        "__doc__": kind.__doc__,
    }
    bases = (kind,) if issubclass(kind, InOwnEnvironment) else (InOwnEnvironment, kind)
    return type(kind.__name__, bases, own)


def _turned(colour: str, turn: float) -> str:
    """The colour ``#rrggbb`` with another hue, at the same lightness.

    The hue is turned by 0.15 to 0.85 of the circle: the further, the greater ``turn`` (0 to 1).
    """
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    hue, lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
    hue += 0.15 + 0.7 * turn  # far from the original hue
    rgb = colorsys.hls_to_rgb(hue % 1, lightness, saturation)
    return "#" + "".join(f"{round(255 * part):02x}" for part in rgb)
