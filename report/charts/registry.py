"""The page's charts: what each is called, where it stands, and its Vega-Lite specification.

A chart is a function that returns an Altair chart over named rows, without data. To add one, write
that function in an of_*.py, add a line to CHARTS, and add a function that makes the rows to
`chartRows` in static/rows.js, under the same name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import altair as alt

from report.charts import of_engines as charts_of_engines
from report.charts import of_queries as charts_of_queries
from report.charts import of_runs as charts_of_runs


@dataclass(frozen=True)
class Chart:
    """A chart of the page; its title and note are shown if it is among those over all queries.

    A chart without a title has its place elsewhere: beside the ranking, or with each query. A chart
    without rows is left out, and ``needs`` says what runs would give it rows. ``draw`` returns it
    as an Altair chart.
    """

    draw: Callable[[], alt.LayerChart]
    title: str = ""
    note: str = ""
    needs: str = ""


CHARTS: Mapping[str, Chart] = {
    "ranking": Chart(charts_of_engines.ranking),
    "times": Chart(charts_of_queries.times),
    "pair": Chart(charts_of_queries.pair),
    "query": Chart(charts_of_queries.query),
    "rounds": Chart(charts_of_queries.rounds),
    "scaling": Chart(charts_of_queries.scaling),
    "memory": Chart(
        charts_of_engines.memory,
        "Time against memory",
        "Lower left is better. Diamonds are the engines’ geometric means; the dashed line joins "
        "those that no other engine beats in both.",
        "cells with a time",
    ),
    "cold": Chart(
        charts_of_engines.cold,
        "Cold against hot",
        "How many times as long the first run of a program in its process takes as its hot rounds. "
        "On the dashed line it costs nothing extra.",
        "cells with a cold time",
    ),
    "cores": Chart(
        charts_of_engines.cores,
        "Cores used",
        "CPU seconds for each second of wall clock; a point for each cell, the bar is the mean.",
        "cells with rounds",
    ),
    "threads": Chart(
        charts_of_engines.threads,
        "Speed-up against threads",
        "Times as fast as with the fewest threads; the dashed line is the ideal.",
        "runs with several --threads",
    ),
    "clients": Chart(
        charts_of_engines.clients,
        "Queries per second over clients",
        "Of so many clients at once, each of which asks again as soon as it has its answer; over "
        "the queries that all engines shown here answer.",
        "runs with several --clients",
    ),
    "limits": Chart(
        charts_of_engines.limits,
        "Time over memory limit",
        "Times as long as with the largest limit, over the queries that an engine still answers. "
        "↑: out of memory, on so many of its queries.",
        "runs with several --memory-limit",
    ),
    "sizes": Chart(
        charts_of_engines.sizes,
        "Growth with the data",
        "Geometric mean over queries; on the dashed line twice the rows take twice as long.",
        "runs with several --size",
    ),
    "crossover": Chart(
        charts_of_engines.crossover,
        "CPU against GPU",
        "Above the dashed line the fastest GPU engine beats the fastest one without a GPU.",
        "an engine on a GPU",
    ),
    "past": Chart(
        charts_of_runs.past,
        "Over runs",
        "Each engine’s time as a share of its first run: the geometric mean, from run to run, over "
        "the queries that both measured. A ring marks a new version of the engine.",
        "several runs of one machine",
    ),
    "history": Chart(charts_of_runs.history),
    "changes": Chart(charts_of_runs.changes),
}


def overview() -> dict[str, Chart]:
    """Returns, by name, the charts over all queries in view, in the page's order."""
    return {name: chart for name, chart in CHARTS.items() if chart.title}
