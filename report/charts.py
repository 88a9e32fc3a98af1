"""One function for each kind of chart -> an Altair chart over rows that the page names and fills.

A chart holds no data: static/charts.js gives the rows named after it to every place that draws it.
A new chart is a new function here, a line in CHARTS, and its rows in static/charts.js.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import altair as alt

BAR_HEIGHT = 22
"""Pixels for each bar: the page makes a chart as high as ``step`` of its metadata times bars."""
FIT = alt.AutoSizeParams(type="fit-x", contains="padding")
LONGEST = alt.param(name="longest", value=1)
"""The rightmost mark of a chart, which the page sets; a chart may have no mark at all."""
LABEL_PIXELS = 112
"""The axis ends this far beyond the longest mark, so that the label there fits."""


def ranking() -> alt.LayerChart:
    """The engines' mean ratios, best first.

    Rows: engine, colour, place, ratio, low, high, reach (the rightmost of these), label, note.
    """
    base = alt.Chart(alt.NamedData(name="ranking")).encode(y=_engine(sort="place"))
    tooltip = _tooltip(engine="Engine", label="Mean ratio", note="Cells")
    bars = base.mark_bar(height=alt.RelativeBandSize(0.66)).encode(
        x=_amount("ratio", "geometric mean of the ratios (1 = baseline)"),
        color=alt.Color("colour:N", scale=None),
        tooltip=tooltip,
    )
    return (
        alt.layer(bars, _interval(base), _label(base))
        .add_params(LONGEST)
        .properties(width="container", autosize=FIT, usermeta={"step": BAR_HEIGHT + 4})
    )


def query() -> alt.LayerChart:
    """One task: a bar for each engine's value, its interval, and every round as a point.

    Rows: engine, colour, place, kind ("value", "round" or "missing"), amount, low, high, reach,
    label, note, jitter (-1 to 1: spreads the points over the bar's height).
    A cell without a value has its outcome written in the place of a bar.
    """
    base = alt.Chart(alt.NamedData(name="query")).encode(y=_engine(sort="place"))
    values = base.transform_filter("datum.kind === 'value'")
    tooltip = _tooltip(engine="Engine", label="Value", note="Interval")
    bars = values.mark_bar(height=alt.RelativeBandSize(0.66), opacity=0.55).encode(
        x=_amount("amount", None), color=alt.Color("colour:N", scale=None), tooltip=tooltip
    )
    layers = [bars, _interval(values), _rounds(base), _label(values), _missing(base)]
    return (
        alt.layer(*layers)
        .add_params(LONGEST)
        .properties(width="container", autosize=FIT, usermeta={"step": BAR_HEIGHT})
    )


def scaling() -> alt.LayerChart:
    """One query over several sizes: a line for each engine, both axes in the order of the sizes.

    Rows: engine, colour, size, place, amount, low, high, label.
    """
    base = alt.Chart(alt.NamedData(name="scaling")).encode(
        x=alt.X("size:N", sort=alt.EncodingSortField("place", op="min"), title=None),
        y=alt.Y("amount:Q", scale=alt.Scale(type="log"), title=None,
                axis=alt.Axis(tickCount=5, grid=True)),
        color=alt.Color("colour:N", scale=None),
        detail="engine:N",
    )  # fmt: skip
    points = base.mark_point(filled=True, size=46, opacity=1).encode(
        tooltip=_tooltip(engine="Engine", size="Size", label="Value")
    )
    return alt.layer(base.mark_line(strokeWidth=1.5), points).properties(
        width="container", height=150, autosize=FIT
    )


CHARTS: Mapping[str, Callable[[], alt.LayerChart]] = {
    "ranking": ranking,
    "query": query,
    "scaling": scaling,
}


def specs() -> dict[str, dict[str, Any]]:
    """The Vega-Lite specification of each kind of chart, by name."""
    return {name: chart().to_dict() for name, chart in CHARTS.items()}


def _engine(sort: str) -> alt.Y:
    axis = alt.Axis(labelLimit=150, labelPadding=6, ticks=False, domain=False)
    return alt.Y("engine:N", sort=alt.EncodingSortField(sort, op="min"), title=None, axis=axis)


def _amount(field: str, title: str | None) -> alt.X:
    axis = alt.Axis(tickCount=4, grid=True, title=title)
    end = f"longest * width / max(width - {LABEL_PIXELS}, width / 2, 1)"
    domain = [0, alt.ExprRef(end)]
    return alt.X(f"{field}:Q", scale=alt.Scale(domain=domain, nice=False), axis=axis)


def _interval(base: alt.Chart) -> alt.Chart:
    """A line over the interval; rows without one have it empty, from their value to itself."""
    return base.mark_rule(strokeWidth=2).encode(x="low:Q", x2="high:Q")


def _rounds(base: alt.Chart) -> alt.Chart:
    rounds = base.transform_filter("datum.kind === 'round'")
    spread = alt.ExprRef(f"datum.jitter * {BAR_HEIGHT / 4}")
    return rounds.mark_circle(size=16, opacity=0.75, yOffset=spread).encode(
        x="amount:Q", tooltip=_tooltip(engine="Engine", label="Round")
    )


def _label(base: alt.Chart) -> alt.Chart:
    return base.mark_text(align="left", dx=7).encode(x="reach:Q", text="label:N")


def _missing(base: alt.Chart) -> alt.Chart:
    missing = base.transform_filter("datum.kind === 'missing'")
    return missing.mark_text(align="left", dx=5, fontStyle="italic").encode(
        x=alt.value(0), text="label:N", tooltip=_tooltip(engine="Engine", note="Reason")
    )


def _tooltip(**titles: str) -> list[alt.Tooltip]:
    return [alt.Tooltip(f"{field}:N", title=title) for field, title in titles.items()]
