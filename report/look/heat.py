"""A ratio -> its place on the matrix's colour scale, even in the ratio's logarithm."""

from __future__ import annotations

import math

DARKEST_RATIO = 32.0
"""A cell is darkest from this ratio on."""
DEEP = 0.625
"""Beyond this share of the scale the text changes from dark to light (or, in the dark theme, from
light to dark): the two colours of static/page.css are equally legible here, at 4.5 to 1."""


def heat(ratio: float | None) -> float:
    """Where a ratio stands on the colour scale, 0 (as good as the best) to 1."""
    if ratio is None or ratio <= 1:
        return 0.0
    return round(min(math.log(ratio) / math.log(DARKEST_RATIO), 1.0), 3)
