"""Charts over runs, and grids of queries by engine."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from report.charts.parts import DURATION, FIT, IN_UNIT, UNIT

HISTORY_HEIGHT = 170
CHANGE_STEP = 24
"""Pixels for each query of the heat map."""
TIMES = {"hours": "%H:%M", "minutes": "%H:%M"}
"""Vega's formats for times of day, in 24 hours."""
FRAMES = {"lost": "#d9480f", "gained": "#1c7ed6"}
"""Colours of frames, visible on a light and on a dark page."""


def past() -> alt.LayerChart:
    """All queries over runs, each as a multiple of the engine's first run; rows as of `history`."""
    return history("past", "% of its first run")


def history(name: str = "history", title: str | None = None) -> alt.LayerChart:
    """One query over runs: a line for each engine, its interval, and its versions.

    Rows: engine, colour, kind ("value", "missing" or "name"), label; of a run also started
    (milliseconds of the epoch), version, note; of a value also amount, low, high and mark (the
    version where it is another than in the run before, or empty). A run without a value breaks its
    line and has the sign of its outcome (its label) at the foot, ``line`` lines up. A name stands
    above, ``across`` pixels from the left.
    """
    base = alt.Chart(alt.NamedData(name=name)).encode(
        x=alt.X("started:T", title=None, scale=alt.Scale(type="utc", padding=18),
                axis=alt.Axis(grid=False, labelOverlap=True, format=TIMES,
                              tickCount=alt.ExprRef("ceil(width / 120)"))),
        color=alt.Color("colour:N", scale=None),
        detail="engine:N",
    )  # fmt: skip
    label = IN_UNIT + DURATION if title is None else "format(100 * datum.value, '.3~g') + '%'"
    amount = alt.Y("amount:Q", title=title,
                   axis=alt.Axis(tickCount=3, grid=True, labelExpr=label),
                   scale=alt.Scale(type="log", padding=16, nice=False))  # fmt: skip
    tooltip = _tooltip(engine="Engine", version="Version", label="Value", note="Run")
    runs = base.transform_filter("datum.kind !== 'name'")
    values = base.transform_filter("datum.kind === 'value'").encode(y=amount)
    changed = alt.condition("datum.mark !== ''", alt.value(1), alt.value(0))
    return (
        alt.layer(
            runs.encode(y=amount).mark_line(strokeWidth=1.5),
            values.mark_rule(strokeWidth=1.5, opacity=0.7).encode(y="low:Q", y2="high:Q"),
            values.mark_point(filled=True, size=46, opacity=1).encode(tooltip=tooltip),
            values.mark_point(size=150, strokeWidth=1.5).encode(opacity=changed, tooltip=tooltip),
            values.mark_text(dy=-13, fontSize=10).encode(text="mark:N"),
            _missing(runs),
            _names(base),
        )
        .add_params(UNIT)
        .properties(width="container", height=HISTORY_HEIGHT, autosize=FIT)
    )


def _missing(runs: alt.Chart) -> alt.Chart:
    """The signs of runs without a value; unfiltered, since the time axis needs rows."""
    up = alt.ExprRef("-12 * (datum.line || 0)")
    return runs.mark_text(fontWeight="bold", fontSize=13, yOffset=up).encode(
        y=alt.value(HISTORY_HEIGHT - 7),
        text=alt.condition("datum.kind === 'missing'", "label:N", alt.value("")),
        tooltip=_tooltip(engine="Engine", version="Version", note="Reason"),
    )


def _names(base: alt.Chart) -> alt.Chart:
    """The engines' names as a legend; Vega's own would need the engines before the rows."""
    names = base.transform_filter("datum.kind === 'name'")
    across = alt.ExprRef("datum.across")
    return names.mark_text(align="left", fontSize=11, xOffset=across).encode(
        x=alt.value(0), y=alt.value(-12), text="label:N"
    )


def changes() -> alt.LayerChart:
    """Two runs: a cell for each query and engine, coloured by the logarithm of after ÷ before.

    Rows: query, place, engine, column (their order), colour, kind ("change", "tie", "unclear",
    "lost", "gained" or "none"), label, note. A cell that was lost or gained has no ratio, and
    stands out by a frame.
    """
    base = _grid("changes", _tooltip(query="Query", engine="Engine", note="After ÷ before"))
    ratios = base.transform_filter("indexof(['change', 'tie', 'unclear'], datum.kind) >= 0")
    frames = [
        base.transform_filter(f"datum.kind === '{kind}'").mark_rect(
            filled=False, stroke=colour, strokeWidth=2.5, aria=False
        )
        for kind, colour in FRAMES.items()
    ]
    text = base.mark_text(fontSize=11).encode(text="label:N")
    return _fitted(alt.layer(_coloured(ratios), *frames, text))


def matrix() -> alt.LayerChart:
    """Query by engine, for pictures: the page draws it as a table.

    Rows: query, place, engine, column, colour, ink, kind ("value" or "missing"), label.
    """
    base = _grid("matrix")
    values = base.transform_filter("datum.kind === 'value'")
    text = base.mark_text(fontSize=11).encode(text="label:N", color=alt.Color("ink:N", scale=None))
    return _fitted(alt.layer(_coloured(values), text))


def _coloured(base: alt.Chart) -> alt.Chart:
    return base.mark_rect().encode(color=alt.Color("colour:N", scale=None))


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
    return chart.properties(
        width="container", autosize=FIT, usermeta={"step": CHANGE_STEP, "lines": "query"}
    )


def _tooltip(**titles: str) -> list[alt.Tooltip]:
    return [alt.Tooltip(f"{field}:N", title=title) for field, title in titles.items()]
