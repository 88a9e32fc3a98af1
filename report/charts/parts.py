"""Axes, marks and tooltips that several kinds of chart share."""

from __future__ import annotations

from typing import Any

import altair as alt

BAR_HEIGHT = 22
"""Pixels for each bar: the page makes a chart as high as ``step`` of its metadata times bars."""
FIT = alt.AutoSizeParams(type="fit-x", contains="padding")
COLOUR = alt.Color("colour:N", scale=None)
LONGEST = alt.param(name="longest", value=1)
"""The rightmost mark of a chart, which the page sets; a chart may have no mark at all."""
UNIT = alt.param(name="unit", value="s")
"""The unit of the chosen metric, "s" or "MiB", which the page sets."""
ROOM = alt.param(name="room", value=0)
"""Pixels at the right of a plot that its marks leave to texts, which the page sets."""
LINES = alt.param(name="lines", value=0)
"""The lines of text above a plot, which the page sets."""
IN_UNIT = "unit === 'MiB' ? format(datum.value, ',.0f') + ' MiB' : "
DURATION = (
    "datum.value === 0 ? '0' : datum.value >= 0.9999 ? format(datum.value, ',.12~g') + ' s' : "
    "datum.value >= 0.0009999 ? format(datum.value * 1e3, '.4~g') + ' ms' : "
    "format(datum.value * 1e6, '.4~g') + ' µs'"
)
"""Vega's expression for the label of a tick in seconds."""
NAME_PIXELS = 125
"""Room for the name of an engine and a slope."""
LABEL_PIXELS = 112
"""The axis ends this far beyond the longest mark, so that the label there fits."""


def rows_of(name: str) -> alt.Chart:
    """Returns a chart whose rows are supplied later, under ``name``."""
    return alt.Chart(alt.NamedData(name=name))


def of_kind(base: alt.Chart, kind: str) -> alt.Chart:
    return base.transform_filter(f"datum.kind === '{kind}'")


def engines(sort: str = "place") -> alt.Y:
    """Returns a vertical axis with a band for each engine, sorted by the rows' field ``sort``."""
    axis = alt.Axis(labelLimit=150, labelPadding=6, ticks=False, domain=False)
    return alt.Y("engine:N", sort=alt.EncodingSortField(sort, op="min"), title=None, axis=axis)


def from_zero(field: str, title: str | None, label: str | None = None) -> alt.X:
    """Returns an axis from 0, with room for a label beyond the longest mark.

    ``label`` is a Vega expression for the texts of its ticks.
    """
    own = {} if label is None else {"labelExpr": label}
    axis = alt.Axis(tickCount=4, grid=True, title=title, labelBound=True, **own)
    end = f"longest * width / max(width - {LABEL_PIXELS}, width / 2, 1)"
    domain = [0, alt.ExprRef(end)]
    return alt.X(f"{field}:Q", scale=alt.Scale(domain=domain, nice=False), axis=axis)


def logarithmic(
    channel: Any, field: str, title: str | None, label: str | None = None, **scale: Any
) -> Any:
    """Returns a logarithmic axis for a field of the rows, with room around the outermost marks.

    ``channel`` is ``alt.X`` or ``alt.Y``, of which one is returned. ``label`` is a Vega expression
    for the texts of the ticks; ``scale`` has further arguments of ``alt.Scale``.
    """
    axis = alt.Axis(
        tickCount=4, grid=False, title=title, labelOverlap="greedy", labelSeparation=8,
        **({"format": "~s"} if field == "rows" else {}),
        **({"labelExpr": label} if label is not None else {}),
    )  # fmt: skip
    own = alt.Scale(type="log", nice=False, padding=14, **scale)
    return channel(f"{field}:Q", scale=own, axis=axis)


def names_at_ends(base: alt.Chart) -> alt.Chart:
    """Returns text marks to the right of the last points; the rows' ``dy`` keeps them apart."""
    return base.mark_text(align="left", dx=8, dy=alt.ExprRef("datum.dy"), fontSize=11)


def room_for_names() -> list[object]:
    """Returns the range of a horizontal axis that leaves NAME_PIXELS free at its right."""
    return [0, alt.ExprRef(f"max(width - {NAME_PIXELS}, width / 2)")]


def intervals(base: alt.Chart) -> alt.Chart:
    """Returns a line from ``low`` to ``high``, which are equal in rows without an interval."""
    return base.mark_rule(strokeWidth=2).encode(x="low:Q", x2="high:Q")


def labels_at(base: alt.Chart, field: str = "reach") -> alt.Chart:
    return base.mark_text(align="left", dx=7).encode(x=f"{field}:Q", text="label:N")


def tooltip(**titles: str) -> list[alt.Tooltip]:
    return [alt.Tooltip(f"{field}:N", title=title) for field, title in titles.items()]


def bars_of(chart: alt.LayerChart, step: int) -> alt.LayerChart:
    """Returns the chart, made as wide as its container and ``step`` pixels high for each bar."""
    return chart.add_params(LONGEST).properties(
        width="container", autosize=FIT, usermeta={"step": step}
    )


def plot_of(chart: alt.LayerChart, height: int) -> alt.LayerChart:
    """Returns the chart, made as wide as its container and ``height`` pixels high."""
    return chart.properties(width="container", height=height, autosize=FIT)
