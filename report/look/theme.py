"""The style sheet's names of colours -> Vega's configuration, and colours for pictures.

The style sheet names every colour once, as `--name: light-dark(#rrggbb, #rrggbb)`. Charts of the
page use the names, so that they follow the theme by themselves; a picture has one theme's colours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from report.look.colours import mixed

Theme = Literal["light", "dark"]
FONT = "DejaVu Sans, Liberation Sans, Arial, Helvetica, sans-serif"
"""The fonts of pictures, which are those of the machine that draws them."""
NAMES = ("page", "ink", "faint", "rule")
"""The style sheet's colours that Vega's configuration uses."""
MIX = re.compile(r"color-mix\(in oklab, (var\(--[\w-]+\)) ([\d.]+)%, (var\(--[\w-]+\))\)")


@cache
def colours(theme: Theme) -> Mapping[str, str]:
    """Returns the colours of the style sheet in one theme, ``#rrggbb`` by name."""
    sheet = files("report").joinpath("static", "page.css").read_text(encoding="utf-8")
    pairs = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", sheet)
    return {name: light if theme == "light" else dark for name, light, dark in pairs}


def painted(colour: str, of: Mapping[str, str]) -> str:
    """Returns a CSS colour of the page's script, ``var(--name)`` or a mix of two, as ``#rrggbb``.

    ``of`` has the style sheet's colours by name, as `colours` returns them.
    """
    if mix := MIX.fullmatch(colour):
        return mixed(painted(mix[3], of), painted(mix[1], of), float(mix[2]) / 100)
    return of[colour.removeprefix("var(--").removesuffix(")")]


def picture_config(theme: Theme) -> dict[str, Any]:
    """Returns the Vega-Lite configuration of pictures: colours, fonts and padding."""
    of = colours(theme)
    title = {"color": of["ink"], "subtitleColor": of["faint"], "anchor": "start", "fontSize": 15,
             "subtitleFontSize": 12, "offset": 12}  # fmt: skip
    return {
        **_config(of), "background": of["page"], "font": FONT, "padding": 12, "title": title,
    }  # fmt: skip


def page_config() -> dict[str, Any]:
    """Returns the Vega-Lite configuration of the page's charts: colours and fonts."""
    padding = {"left": 0, "top": 4, "right": 0, "bottom": 6}
    return {
        **_config({name: f"var(--{name})" for name in NAMES}),
        **{"background": "transparent", "font": "system-ui, sans-serif", "padding": padding},
    }


def _config(of: Mapping[str, str]) -> dict[str, Any]:
    ink, faint, rule = of["ink"], of["faint"], of["rule"]
    return {
        "view": {"stroke": None},
        "axis": {
            "labelColor": ink, "titleColor": faint, "gridColor": rule, "domainColor": rule,
            "tickColor": rule, "labelFontSize": 12, "titleFontSize": 11,
            "titleFontWeight": "normal",
        },
        "axisX": {"labelColor": faint, "labelFontSize": 11},
        "legend": {"labelColor": ink, "titleColor": faint},
        "text": {"color": ink, "fontSize": 12},
        "rule": {"color": ink},
        "circle": {"fill": ink, "stroke": of["page"], "strokeWidth": 0.5},
    }  # fmt: skip
