"""Charts of the engines over all queries: ranking, memory, cores, threads, clients, GPU …"""

from __future__ import annotations

import altair as alt

from report.charts.parts import (
    BAR_HEIGHT,
    COLOUR,
    DURATION,
    LINES,
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

LINE_HEIGHT = 16
"""Pixels of a line of text above a plot."""
LINES_END = alt.ExprRef(f"{LINE_HEIGHT} * lines")
WHERE = {"query": "Query", "setting": "Setting", "label": "Value"}


def ranking() -> alt.LayerChart:
    """Returns the chart of the engines' mean ratios, best first.

    Fields of its rows: engine, colour, place (the engine's order), ratio, low, high (the interval),
    reach (the rightmost of these, where the label stands), label (the ratio as text), note (of how
    many cells, for the tooltip).
    """
    base = rows_of("ranking").encode(y=engines())
    bars = base.mark_bar(height=alt.RelativeBandSize(0.66)).encode(
        x=from_zero("ratio", "geometric mean of the ratios (1 = baseline)"),
        color=COLOUR,
        tooltip=tooltip(engine="Engine", label="Mean ratio", note="Cells"),
    )
    return bars_of(alt.layer(bars, intervals(base), labels_at(base)), BAR_HEIGHT + 4)


def memory() -> alt.LayerChart:
    """Returns the chart of time against peak memory: a point for each cell, and the Pareto line.

    Both are divided by the least value of the query. Fields of its rows: engine, colour, kind
    ("cell", "mean" for an engine's geometric means, or "front" for the engines that none beats in
    both), x, y, query, setting, label; a mean also has dx, dy and align, which place the engine's
    name.
    """
    base = rows_of("memory")
    x = logarithmic(alt.X, "x", "hot time, × the fastest of each query")
    y = logarithmic(alt.Y, "y", "peak memory, × the leanest")
    front = of_kind(base, "front").mark_line(
        strokeDash=[5, 4], strokeWidth=1.2, interpolate="step-after"
    )
    layers = [_cells(base, x, y), front.encode(x=x, y=y, order="x:Q"), *_means(base)]
    return plot_of(alt.layer(*layers), 300)


def cold() -> alt.LayerChart:
    """Returns the chart of first runs in a process, divided by the hot median, against that median.

    Fields of its rows: engine, colour, kind ("cell", "mean", or "equal" for the ends of the dashed
    line where both take as long), x (hot seconds), y (cold ÷ hot), query, setting, label; a mean
    also has dx, dy and align, which place the engine's name.
    """
    base = rows_of("cold")
    x = logarithmic(alt.X, "x", "hot median", DURATION)
    y = logarithmic(alt.Y, "y", "cold run, × hot")
    equal = of_kind(base, "equal").mark_line(strokeDash=[5, 4], strokeWidth=1.2).encode(x=x, y=y)
    return plot_of(alt.layer(equal, _cells(base, x, y), *_means(base)), 300)


def cores() -> alt.LayerChart:
    """Returns the chart of the CPU seconds that engines use for each second of wall clock.

    It has a point for each cell and a bar for the mean. Fields of its rows: engine, colour, place
    (the engine's order), kind ("cell" or "mean"), amount (cores used), reach (where the label
    stands), threads, query, setting, label (the amount as text).
    """
    base = rows_of("cores").encode(y=engines())
    means = of_kind(base, "mean")
    bars = means.mark_bar(height=alt.RelativeBandSize(0.6), opacity=0.45).encode(
        x=from_zero("amount", "cores used"), color=COLOUR, tooltip=tooltip(engine="Engine", **WHERE)
    )
    points = of_kind(base, "cell").mark_circle(size=14, opacity=0.55).encode(
        x="amount:Q", tooltip=tooltip(engine="Engine", **WHERE)
    )  # fmt: skip
    return bars_of(alt.layer(bars, points, labels_at(means)), BAR_HEIGHT + 6)


def threads() -> alt.LayerChart:
    """Returns the chart of speed by number of threads, over the speed with the fewest threads.

    It is the geometric mean over queries; a dashed line shows the ideal. Fields of its rows:
    engine, colour, threads, amount (times as fast), ideal, label; the last row of an engine also
    has dy, which places its name.
    """
    base = _by_number("threads")
    ideal = base.mark_line(strokeDash=[5, 4], strokeWidth=1.2, opacity=0.6).encode(y="ideal:Q")
    told = tooltip(engine="Engine", threads="Threads", label="Speed-up")
    layers = _lines(base, "threads", "times as fast", told)
    return plot_of(alt.layer(ideal, *layers), 260)


def clients() -> alt.LayerChart:
    """Returns the chart of queries per second by number of clients.

    It is the geometric mean over queries. Fields of its rows: engine, colour, clients, amount
    (queries per second), label, median and high (the latency of half and of 95% of the runs, as
    text), note (of how many queries); the last row of an engine also has dy, which places its name.
    """
    told = tooltip(
        engine="Engine", clients="Clients", label="Served", median="Latency, median",
        high="Latency, 95%", note="Over",
    )  # fmt: skip
    layers = _lines(_by_number("clients"), "clients", "queries per second", told)
    return plot_of(alt.layer(*layers), 260)


def limits() -> alt.LayerChart:
    """Returns the chart of time by memory limit, over the time with the largest limit.

    It is the geometric mean over queries. Fields of its rows: engine, colour, limit (bytes), name
    (of the limit), kind ("value", "end" for the engine's name at its last value, or "oom"), amount
    (the time over that with the largest limit), label; an end also dy, which places the name. An
    engine that ran out of memory has a sign in its line (the field line, from 0) above the plot;
    note says on how many queries.
    """
    x = logarithmic(
        alt.X, "limit", "memory limit", "format(datum.value, '~s') + 'B'", range=room_for_names()
    )
    base = rows_of("limits").encode(x=x, color=COLOUR, detail="engine:N")
    up = logarithmic(alt.Y, "amount", "× the time", range=[alt.ExprRef("height"), LINES_END])
    lines = of_kind(base, "value").encode(y=up)
    points = lines.mark_point(filled=True, size=46, opacity=1).encode(
        tooltip=tooltip(engine="Engine", name="Memory limit", label="Time")
    )
    names = names_at_ends(of_kind(base, "end")).encode(y="amount:Q", text="engine:N")
    down = alt.ExprRef(f"{LINE_HEIGHT} * datum.line")
    lost = of_kind(base, "oom").mark_text(align="left", fontWeight="bold", yOffset=down).encode(
        y=alt.value(LINE_HEIGHT / 2), text="label:N",
        tooltip=tooltip(engine="Engine", name="Memory limit", note="Out of memory on"),
    )  # fmt: skip
    layers = [lines.mark_line(strokeWidth=1.5), points, names, lost]
    return plot_of(alt.layer(*layers), 260).add_params(LINES)


def sizes() -> alt.LayerChart:
    """Returns the chart of time by number of rows, both over those of the smallest size.

    The time is the geometric mean over queries; a dashed line has slope 1. Fields of its rows:
    engine, colour, times (the number of rows over that of the smallest size), amount (the time over
    that of the smallest), ideal, label; the last row of an engine also has dy, which places its
    name.
    """
    base = rows_of("sizes").encode(
        x=logarithmic(alt.X, "times", "× the rows of the smallest size", range=room_for_names())
    )
    up = logarithmic(alt.Y, "amount", "× the time")
    ideal = base.mark_line(strokeDash=[5, 4], strokeWidth=1.2, opacity=0.6).encode(y="ideal:Q")
    lines = base.encode(y=up, color=COLOUR, detail="engine:N")
    points = lines.mark_point(filled=True, size=46, opacity=1).encode(
        tooltip=tooltip(engine="Engine", label="Time")
    )
    names = base.transform_filter("isValid(datum.dy)")
    labels = names_at_ends(names).encode(y="amount:Q", text="engine:N")
    return plot_of(alt.layer(ideal, lines.mark_line(strokeWidth=1.5), points, labels), 260)


def crossover() -> alt.LayerChart:
    """Returns the chart of the fastest engine without a GPU over the fastest on one, by size.

    Above the line the GPU is faster. Fields of its rows: line (equal where only the size differs),
    query, workload, size, rows, amount, label.
    """
    base = rows_of("crossover")
    x = logarithmic(alt.X, "rows", "rows of the tables")
    lines = base.encode(
        x=x,
        y=logarithmic(alt.Y, "amount", "CPU time ÷ GPU time"),
        color=alt.Color("workload:N", title=None),
        detail="line:N",
    )
    points = lines.mark_point(filled=True, size=40, opacity=1).encode(
        tooltip=tooltip(query="Query", size="Size", label="Times")
    )
    even = base.mark_rule(strokeDash=[5, 4]).encode(y=alt.datum(1))
    layers = [even, lines.mark_line(strokeWidth=1.2, opacity=0.7), points]
    return plot_of(alt.layer(*layers), 300)


def _by_number(name: str) -> alt.Chart:
    """Returns a chart whose rows, and whose horizontal axis of whole numbers, have this name."""
    axis, scale = alt.Axis(tickMinStep=1, grid=False), alt.Scale(range=room_for_names(), zero=False)
    return rows_of(name).encode(x=alt.X(f"{name}:Q", title=name, axis=axis, scale=scale))


def _lines(base: alt.Chart, name: str, title: str, told: list[alt.Tooltip]) -> list[alt.Chart]:
    """Returns charts: the line of each engine's ``amount``, its points, and its name at the end.

    ``name`` is that of `_by_number`, ``title`` the vertical axis'; ``told`` is a point's tooltip.
    """
    lines = base.encode(
        y=alt.Y("amount:Q", title=title, axis=alt.Axis(tickCount=4, grid=True)),
        color=COLOUR,
        detail="engine:N",
    )
    points = lines.mark_point(filled=True, size=46, opacity=1).encode(tooltip=told)
    ends = base.transform_joinaggregate(last=f"max({name})", groupby=["engine"])
    names = ends.transform_filter(f"datum.{name} === datum.last")
    labels = names_at_ends(names).encode(y="amount:Q", text="engine:N")
    return [lines.mark_line(strokeWidth=1.5), points, labels]


def _cells(base: alt.Chart, x: alt.X, y: alt.Y) -> alt.Chart:
    return of_kind(base, "cell").mark_point(filled=True, size=18, opacity=0.4).encode(
        x=x, y=y, color=COLOUR, tooltip=tooltip(engine="Engine", **WHERE)
    )  # fmt: skip


def _means(base: alt.Chart) -> list[alt.Chart]:
    """Returns charts: a large mark at each engine's geometric means, and its name beside it."""
    means = of_kind(base, "mean").encode(x="x:Q", y="y:Q")
    marks = means.mark_point(filled=True, size=130, opacity=1, shape="diamond").encode(
        color=COLOUR, tooltip=tooltip(engine="Engine", **WHERE)
    )
    names = means.mark_text(
        dx=alt.ExprRef("datum.dx"),
        dy=alt.ExprRef("datum.dy"),
        align=alt.ExprRef("datum.align"),
        fontWeight="bold",
    ).encode(text="engine:N")
    return [marks, names]
