"""Charts over runs, and grids of queries by engine: Altair charts made like those of charts.py."""

from __future__ import annotations

import math
from collections.abc import Sequence

import altair as alt

FIT = alt.AutoSizeParams(type="fit-x", contains="padding")
HISTORY_HEIGHT = 170
CHANGE_STEP = 24
"""Pixels for each query of the heat map."""
WIDEST_CHANGE = math.log2(1.5)
"""From a factor of 1.5 on the heat map's colour is the deepest."""
TIMES = {"hours": "%H:%M", "minutes": "%H:%M"}
"""Times of day in 24 hours; what is longer is written as Vega does."""
FRAMES = {"lost": "#d9480f", "gained": "#1c7ed6"}
"""Visible on a light and on a dark page."""


def history() -> alt.LayerChart:
    """One query over runs: a line for each engine, its interval, and its versions.

    Rows: engine, colour, kind ("value", "missing" or "name"), label; of a run also started
    (milliseconds of the epoch), version, note; of a value also amount, low, high and mark (the
    version where it is another than in the run before, or empty). A run without a value breaks its
    line and has the sign of its outcome (its label) at the foot, ``line`` lines up. A name stands
    above, ``across`` pixels from the left.
    """
    base = alt.Chart(alt.NamedData(name="history")).encode(
        x=alt.X("started:T", title=None, scale=alt.Scale(type="utc", padding=18),
                axis=alt.Axis(grid=False, labelOverlap=True, format=TIMES)),
        color=alt.Color("colour:N", scale=None),
        detail="engine:N",
    )  # fmt: skip
    amount = alt.Y("amount:Q", title=None, axis=alt.Axis(tickCount=3, grid=True),
                   scale=alt.Scale(type="log", padding=16, nice=False))  # fmt: skip
    tooltip = _tooltip(engine="Engine", version="Version", label="Value", note="Run")
    values = base.transform_filter("datum.kind === 'value'").encode(y=amount)
    spread = values.mark_rule(strokeWidth=1.5, opacity=0.7).encode(y="low:Q", y2="high:Q")
    points = values.mark_point(filled=True, size=46, opacity=1).encode(tooltip=tooltip)
    lines = base.transform_filter("datum.kind !== 'name'").encode(y=amount)
    changed = values.transform_filter("datum.mark !== ''")
    return alt.layer(
        lines.mark_line(strokeWidth=1.5),
        spread,
        points,
        changed.mark_point(size=150, strokeWidth=1.5, opacity=1).encode(tooltip=tooltip),
        changed.mark_text(dy=-13, fontSize=10).encode(text="mark:N"),
        _missing(base),
        _names(base),
    ).properties(width="container", height=HISTORY_HEIGHT, autosize=FIT)


def _missing(base: alt.Chart) -> alt.Chart:
    foot = base.transform_filter("datum.kind === 'missing'")
    up = alt.ExprRef("-12 * datum.line")
    return foot.mark_text(fontWeight="bold", fontSize=13, yOffset=up).encode(
        y=alt.value(HISTORY_HEIGHT - 7),
        text="label:N",
        tooltip=_tooltip(engine="Engine", version="Version", note="Reason"),
    )


def _names(base: alt.Chart) -> alt.Chart:
    """A legend: a scale of its own cannot know the engines before the rows are there."""
    names = base.transform_filter("datum.kind === 'name'")
    across = alt.ExprRef("datum.across")
    return names.mark_text(align="left", fontSize=11, xOffset=across).encode(
        x=alt.value(0), y=alt.value(-12), text="label:N"
    )


def changes() -> alt.LayerChart:
    """Two runs: a cell for each query and engine, coloured by the logarithm of after ÷ before.

    Rows: query, place, engine, column (their order), log (to base 2; 0 for a tie), kind ("change",
    "tie", "lost", "gained" or "none"), label, note. Ties are pale; a cell that was lost or gained
    has no ratio, and stands out by a frame.
    """
    base = _grid("changes", _tooltip(query="Query", engine="Engine", note="After ÷ before"))
    scale = alt.Scale(domain=[-WIDEST_CHANGE, WIDEST_CHANGE], domainMid=0, clamp=True,
                      interpolate="lab")  # fmt: skip
    ratios = base.transform_filter("datum.kind === 'change' || datum.kind === 'tie'")
    cells = ratios.mark_rect().encode(color=alt.Color("log:Q", scale=scale, legend=None))
    frames = [
        base.transform_filter(f"datum.kind === '{kind}'").mark_rect(
            filled=False, stroke=colour, strokeWidth=2.5
        )
        for kind, colour in FRAMES.items()
    ]
    text = base.mark_text(fontSize=11).encode(text="label:N")
    return _fitted(alt.layer(cells, *frames, text))


def matrix() -> alt.LayerChart:
    """Query by engine, for pictures: the page draws it as a table.

    Rows: query, place, engine, column, heat (0 to 1), ink, kind ("value" or "missing"), label.
    """
    base = _grid("matrix")
    scale = alt.Scale(domain=[0, 1], interpolate="lab")
    values = base.transform_filter("datum.kind === 'value'").mark_rect()
    text = base.mark_text(fontSize=11).encode(text="label:N", color=alt.Color("ink:N", scale=None))
    cells = values.encode(fill=alt.Fill("heat:Q", scale=scale, legend=None))
    return _fitted(alt.layer(cells, text))


def _grid(name: str, tooltip: Sequence[alt.Tooltip] = ()) -> alt.Chart:
    """Queries downwards and engines across, each in its order."""
    across = alt.Axis(orient="top", labelAngle=0, ticks=False, domain=False)
    down = alt.Axis(ticks=False, domain=False, labelLimit=320)
    return alt.Chart(alt.NamedData(name=name)).encode(
        x=alt.X("engine:N", title=None, sort=alt.EncodingSortField("column", op="min"),
                axis=across, scale=alt.Scale(paddingInner=0.04)),
        y=alt.Y("query:N", title=None, sort=alt.EncodingSortField("place", op="min"),
                axis=down, scale=alt.Scale(paddingInner=0.08)),
        **({"tooltip": tooltip} if tooltip else {}),
    )  # fmt: skip


def _fitted(chart: alt.LayerChart) -> alt.LayerChart:
    return chart.properties(width="container", autosize=FIT, usermeta={"step": CHANGE_STEP})


def _tooltip(**titles: str) -> list[alt.Tooltip]:
    return [alt.Tooltip(f"{field}:N", title=title) for field, title in titles.items()]
