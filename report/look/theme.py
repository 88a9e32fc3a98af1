"""A theme's name -> the colours of static/page.css and the configuration of Vega charts.

The style sheet names every colour once, as `--name: light-dark(#rrggbb, #rrggbb)`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

Theme = Literal["light", "dark"]
FONT = "DejaVu Sans, Liberation Sans, Arial, Helvetica, sans-serif"
"""Pictures are drawn with the fonts of the machine that builds them."""


@cache
def colours(theme: Theme) -> Mapping[str, str]:
    """The style sheet's colours by name, ``#rrggbb``."""
    sheet = files("report").joinpath("static", "page.css").read_text(encoding="utf-8")
    pairs = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", sheet)
    return {name: light if theme == "light" else dark for name, light, dark in pairs}


def config(theme: Theme) -> dict[str, Any]:
    """What static/charts.js configures for the page, with the page's own background."""
    of = colours(theme)
    ink, faint, rule = of["ink"], of["faint"], of["rule"]
    return {
        "background": of["page"],
        "font": FONT,
        "padding": 12,
        "view": {"stroke": None},
        "axis": {
            "labelColor": ink, "titleColor": faint, "gridColor": rule, "domainColor": rule,
            "tickColor": rule, "labelFontSize": 12, "titleFontSize": 11,
            "titleFontWeight": "normal",
        },
        "axisX": {"labelColor": faint, "labelFontSize": 11},
        "title": {"color": ink, "subtitleColor": faint, "anchor": "start", "fontSize": 15,
                  "subtitleFontSize": 12, "offset": 12},
        "text": {"color": ink, "fontSize": 12},
        "rule": {"color": ink},
        "circle": {"fill": ink, "stroke": of["page"], "strokeWidth": 0.5},
    }  # fmt: skip
