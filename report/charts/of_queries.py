"""Charts of queries: all of a setting, one pair of engines, one query, one cell, and by size."""

from __future__ import annotations

import altair as alt

from report.charts.parts import (
    BAR_HEIGHT,
    COLOUR,
    DURATION,
    FIT,
    IN_UNIT,
    ROOM,
    UNIT,
    bars_of,
    engines,
    from_zero,
    intervals,
    labels_at,
    logarithmic,
    names_at_ends,
    of_kind,
    plot_of,
    room_for_names,
    rows_of,
    tooltip,
)

DOT_STEP = 26
"""Pixels for each query of a plot of many."""


def times() -> alt.LayerChart:
    """Returns the chart of a setting's queries: a point for each engine on one logarithmic axis.

    Fields of its rows: query (its title), place (the query's order), kind ("value", "span" for the
    ends of a query's line, or "missing"), engine, colour, cell (its index, for a click), amount
    (the value), low, high (its interval), label (the value as text), note. The engines without a
    value on a query are listed at the right, in the label of a row of the kind "missing"; its note
    has the reasons.
    """
    base = rows_of("times").encode(y=_queries())
    free = [0, alt.ExprRef("width - room")]
    x = logarithmic(alt.X, "amount", None, IN_UNIT + DURATION, range=free)
    spans = of_kind(base, "span").mark_rule(strokeWidth=1, opacity=0.25, aria=False)
    values = of_kind(base, "value")
    errors = values.mark_rule(strokeWidth=2, opacity=0.8, aria=False).encode(
        x="low:Q", x2="high:Q", color=COLOUR
    )
    points = values.mark_point(filled=True, size=80, opacity=0.9, cursor="pointer").encode(
        x=x, color=COLOUR, tooltip=tooltip(engine="Engine", query="Query", label="Value")
    )
    names = of_kind(base, "missing").mark_text(align="left", fontSize=10, limit=105)
    missing = names.encode(
        x=alt.value(alt.expr("width - room + 8")),
        text="label:N",
        tooltip=tooltip(note="Without a value"),
    )
    chart = alt.layer(spans.encode(x="low:Q", x2="high:Q"), errors, points, missing)
    return _many(chart).add_params(UNIT, ROOM)


def pair() -> alt.LayerChart:
    """Returns the chart of two engines: how many times as fast the second is on each query.

    It also shows how much less memory the second needs; right of the line at 1 it needs less.
    Fields of its rows: query (its title), place (the query's order), kind ("time", "memory" or
    "missing"), cell (the second engine's, by index), colour, gain (first ÷ second), low, high (its
    interval), label and note (texts for the tooltip: the gain, and both values).
    """
    base = rows_of("pair").encode(y=_queries())
    x = logarithmic(alt.X, "gain", "the first engine ÷ the second")
    even = rows_of("pair").mark_rule(strokeDash=[5, 4], aria=False).encode(x=alt.datum(1))
    times = of_kind(base, "time")
    bars = times.mark_rule(strokeWidth=5, opacity=0.45, aria=False).encode(
        x=x, x2=alt.datum(1), color=COLOUR
    )
    errors = times.mark_rule(strokeWidth=1.5, aria=False).encode(x="low:Q", x2="high:Q")
    tips = tooltip(query="Query", label="Gain", note="Values")
    points = times.mark_point(filled=True, size=80, opacity=1, cursor="pointer").encode(
        x=x, color=COLOUR, tooltip=tips
    )
    memory = of_kind(base, "memory").mark_point(
        shape="diamond", size=60, strokeWidth=1.5, cursor="pointer"
    ).encode(x=x, tooltip=tips)  # fmt: skip
    missing = of_kind(base, "missing").mark_text(align="left", fontStyle="italic", dx=6).encode(
        x=alt.value(0), text="label:N", tooltip=tooltip(note="Reason")
    )  # fmt: skip
    return _many(alt.layer(even, bars, errors, memory, points, missing))


def _queries() -> alt.Y:
    axis = alt.Axis(labelLimit=260, labelPadding=6, ticks=False, domain=False, grid=True)
    return alt.Y("query:N", sort=alt.EncodingSortField("place", op="min"), title=None, axis=axis)


def _many(chart: alt.LayerChart) -> alt.LayerChart:
    return chart.properties(
        width="container", autosize=FIT, usermeta={"step": DOT_STEP, "lines": "query"}
    )


def query() -> alt.LayerChart:
    """Returns the chart of one task: a bar for each engine's value, with its interval and rounds.

    Fields of its rows: engine, colour, place (the engine's order), kind ("value", "round" for a
    point, or "missing"), amount (the value), low, high (its interval), reach (where the label
    stands), label (the value as text), note (for the tooltip), jitter (-1 to 1: spreads the points
    over the bar's height). A cell without a value has its outcome written in the place of a bar.
    """
    base = rows_of("query").encode(y=engines())
    values = of_kind(base, "value")
    bars = values.mark_bar(height=alt.RelativeBandSize(0.66), opacity=0.55).encode(
        x=from_zero("amount", None, IN_UNIT + DURATION),
        color=COLOUR,
        tooltip=tooltip(engine="Engine", label="Value", note="Interval"),
    )
    layers = [bars, intervals(values), _rounds(base), labels_at(values), _missing(base)]
    return bars_of(alt.layer(*layers), BAR_HEIGHT).add_params(UNIT)


def rounds() -> alt.LayerChart:
    """Returns the chart of one cell: its rounds in the order run, over the median's interval.

    Fields of its rows: engine, colour, kind ("cold" or "hot"), round (the cold run is 0), amount
    (seconds), median, low, high, label.
    """
    base = rows_of("rounds")
    whole = base.transform_aggregate(
        low="min(low)", high="max(high)", median="min(median)", last="max(round)"
    )
    seconds = alt.Y("low:Q", title=None, scale=alt.Scale(zero=True), axis=_few_ticks())
    band = whole.mark_rect(opacity=0.15).encode(y=seconds, y2="high:Q")
    median = whole.mark_rule(strokeWidth=1, strokeDash=[4, 3]).encode(y="median:Q")
    order = alt.X(
        "round:Q", title="round (0 is the cold run)", axis=alt.Axis(tickMinStep=1, grid=False)
    )
    tips = tooltip(round="Round", label="Time")
    hot = of_kind(base, "hot")
    line = hot.mark_line(strokeWidth=1, opacity=0.5).encode(x=order, y="amount:Q", color=COLOUR)
    points = hot.mark_point(filled=True, size=40, opacity=1).encode(
        x=order, y="amount:Q", color=COLOUR, tooltip=tips
    )
    cold = of_kind(base, "cold").mark_point(shape="diamond", size=60, strokeWidth=1.5).encode(
        x=order, y="amount:Q", color=COLOUR, tooltip=tips
    )  # fmt: skip
    return plot_of(alt.layer(band, median, line, points, cold), 150)


def scaling() -> alt.LayerChart:
    """Returns the chart of one query over several sizes: a line for each engine, log-log axes.

    The horizontal axis is the number of rows of the query's tables. Fields of the chart's rows:
    engine, colour, size, rows, order (of the sizes), kind ("value", "end" for the label at the last
    point, or "missing"), amount, label, and of an end also dy. Cells without a value are crosses on
    the upper edge.
    """
    base = rows_of("scaling")
    values = of_kind(base, "value").encode(
        x=logarithmic(alt.X, "rows", "rows of the tables", range=room_for_names()),
        y=logarithmic(alt.Y, "amount", None, IN_UNIT + DURATION),
        color=COLOUR,
        detail="engine:N",
    )
    points = values.mark_point(filled=True, size=46, opacity=1).encode(
        tooltip=tooltip(engine="Engine", size="Size", label="Value")
    )
    labels = names_at_ends(of_kind(base, "end")).encode(x="rows:Q", y="amount:Q", text="label:N")
    crosses = of_kind(base, "missing").mark_point(
        shape="cross", angle=45, size=60, strokeWidth=1.5
    ).encode(
        x="rows:Q", y=alt.value(6), color=COLOUR,
        tooltip=tooltip(engine="Engine", size="Size", label="Outcome"),
    )  # fmt: skip
    layers = [values.mark_line(strokeWidth=1.5), points, crosses, labels]
    return plot_of(alt.layer(*layers), 190).add_params(UNIT)


def _rounds(base: alt.Chart) -> alt.Chart:
    spread = alt.ExprRef(f"datum.jitter * {BAR_HEIGHT / 4}")
    return of_kind(base, "round").mark_circle(size=16, opacity=0.75, yOffset=spread).encode(
        x="amount:Q", tooltip=tooltip(engine="Engine", label="Round")
    )  # fmt: skip


def _missing(base: alt.Chart) -> alt.Chart:
    return of_kind(base, "missing").mark_text(align="left", dx=5, fontStyle="italic").encode(
        x=alt.value(0), text="label:N", tooltip=tooltip(engine="Engine", note="Reason")
    )  # fmt: skip


def _few_ticks() -> alt.Axis:
    return alt.Axis(tickCount=4, grid=True, labelExpr=DURATION)
