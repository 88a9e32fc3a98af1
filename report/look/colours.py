"""An engine's own colour -> one with enough contrast to the page, in either theme."""

from __future__ import annotations

from dataclasses import dataclass

LIGHT_PAGE = "#ffffff"
DARK_PAGE = "#15181c"
LEAST_CONTRAST = 3.0
"""The least contrast of graphical objects by WCAG 2.2 (success criterion 1.4.11)."""

Channels = tuple[float, float, float]


@dataclass(frozen=True)
class Shades:
    """One colour in the light and in the dark theme, each ``#rrggbb``."""

    light: str
    dark: str


def shades(colour: str, fade: float = 0.0) -> Shades:
    """Returns a colour for each theme; ``fade`` (0 to 1) mixes in grey, for an older version."""
    faded = _mix(_channels(colour), _channels("#9a9a9a"), fade)
    return Shades(_readable(faded, LIGHT_PAGE, "#000000"), _readable(faded, DARK_PAGE, "#ffffff"))


def contrast(one: str, other: str) -> float:
    """Returns the contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    low, high = sorted([_luminance(_channels(one)), _luminance(_channels(other))])
    return (high + 0.05) / (low + 0.05)


def mixed(one: str, other: str, share: float) -> str:
    """Returns the first colour with ``share`` (0 to 1) of the second mixed in, as ``#rrggbb``."""
    return _hex(_mix(_channels(one), _channels(other), share))


def _readable(colour: Channels, page: str, towards: str) -> str:
    """Returns the colour, mixed with ``towards`` until it stands out from the page's colour.

    It does at a contrast ratio of LEAST_CONTRAST. ``page`` and ``towards`` are ``#rrggbb``.
    """
    for step in range(21):
        text = _hex(_mix(colour, _channels(towards), step / 20))
        if contrast(text, page) >= LEAST_CONTRAST:
            return text
    raise ValueError(f"{towards} does not stand out from {page}")


def _luminance(channels: Channels) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
                        for c in channels)  # fmt: skip
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _mix(one: Channels, other: Channels, share: float) -> Channels:
    red, green, blue = (a + (b - a) * share for a, b in zip(one, other, strict=True))
    return red, green, blue


def _channels(colour: str) -> Channels:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _hex(channels: Channels) -> str:
    return "#" + "".join(f"{round(c * 255):02x}" for c in channels)
