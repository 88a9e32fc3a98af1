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
    """Returns the chart of all queries over runs, as multiples of each engine's first run.

    Its rows have the fields of the rows of `history`.
    """
    return history("past", "% of its first run")


def history(name: str = "history", title: str | None = None) -> alt.LayerChart:
    """Returns the chart of one query over runs: a line for each engine, its interval and versions.

    Fields of its rows: engine, colour, kind ("value", "missing" or "name"), label. A row for a run
    also has started (milliseconds of the epoch), version and note; one with a value also amount,
    low, high and mark (the version where it differs from that of the run before, else empty). A run
    without a value breaks its line; the sign of its outcome (its label) stands at the foot, as many
    lines of text above it as its field line says. An engine's name stands above the chart; its
    field across says how many pixels from the left. ``name`` is the name of the rows' data. With a
    ``title`` for the vertical axis its values are shown in percent, otherwise as measured.
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
    """Returns the signs of runs without a value, as marks at the foot of the chart.

    The rows are not filtered, since the time axis needs all of them.
    """
    up = alt.ExprRef("-12 * (datum.line || 0)")
    return runs.mark_text(fontWeight="bold", fontSize=13, yOffset=up).encode(
        y=alt.value(HISTORY_HEIGHT - 7),
        text=alt.condition("datum.kind === 'missing'", "label:N", alt.value("")),
        tooltip=_tooltip(engine="Engine", version="Version", note="Reason"),
    )


def _names(base: alt.Chart) -> alt.Chart:
    """Returns the engines' names as a legend, made of text marks.

    Vega's own legend would have to be given the engines before the rows are known.
    """
    names = base.transform_filter("datum.kind === 'name'")
    across = alt.ExprRef("datum.across")
    return names.mark_text(align="left", fontSize=11, xOffset=across).encode(
        x=alt.value(0), y=alt.value(-12), text="label:N"
    )


def changes() -> alt.LayerChart:
    """Returns the chart of two runs: queries by engines, each cell coloured by after ÷ before.

    Fields of its rows: query, place, engine, column (their order), colour, kind ("change", "tie",
    "unclear", "lost", "gained" or "none"), label, note. A cell that was lost or gained has no
    ratio, and has a frame instead.
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
    """Returns the chart of queries by engines as a table, for pictures; the page has its own.

    Fields of its rows: query, place (the query's order), engine, column (the engine's order),
    colour, ink (the colour of the text on it), kind ("value" or "missing"), label (the text).
    """
    base = _grid("matrix")
    values = base.transform_filter("datum.kind === 'value'")
    text = base.mark_text(fontSize=11).encode(text="label:N", color=alt.Color("ink:N", scale=None))
    return _fitted(alt.layer(_coloured(values), text))


def _coloured(base: alt.Chart) -> alt.Chart:
    return base.mark_rect().encode(color=alt.Color("colour:N", scale=None))


def _grid(name: str, tooltip: Sequence[alt.Tooltip] = ()) -> alt.Chart:
    """Returns a chart with only axes: queries downwards and engines across, each in their order.

    Its rows are supplied later, under ``name``.
    """
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
