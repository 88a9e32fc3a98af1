"""The chart specifications, against golden files and as they are drawn with rows.

Run `UPDATE_GOLDEN=1 python -m pytest tests/report/test_charts.py` to write the golden files anew,
and read the difference before committing it.
"""

from __future__ import annotations

import json
import os
from functools import cache
from typing import Any

import pytest
import vl_convert

from report.charts.registry import CHARTS
from tests import places

GOLDEN = places.GOLDEN / "report"
LOOK = {"engine": "Polars", "colour": "#0075ff", "place": 0}
OTHER = {"engine": "pandas", "colour": "#150458", "place": 1}
WHERE = {"query": "q1", "setting": "from memory"}
POINTS = [
    {**LOOK, **WHERE, "kind": "cell", "x": 1.0, "y": 2.0, "label": "cell"},
    {**LOOK, **WHERE, "kind": "mean", "x": 1.0, "y": 2.0, "dx": 0, "dy": -13, "align": "center"},
    {**OTHER, **WHERE, "kind": "mean", "x": 5.0, "y": 1.0, "dx": 0, "dy": -13, "align": "center"},
]
ROWS: dict[str, list[dict[str, Any]]] = {
    "ranking": [{**LOOK, "ratio": 1.06, "low": 1.0, "high": 1.1,
                 "reach": 1.1, "label": "1.06× · 25 of 27 cells", "note": "25 of 27"}],
    "query": [
        {**LOOK, "kind": "value", "amount": 0.2, "low": 0.1, "high": 0.3,
         "reach": 0.3, "label": "0.200 s", "note": "0.100–0.300 s"},
        {**LOOK, "kind": "round", "amount": 0.3, "jitter": 0.0, "label": "1"},
        {**OTHER, "kind": "missing", "label": "↑ out of memory", "note": "why"},
        {**OTHER, "engine": "DuckDB", "kind": "missing", "label": "≠ wrong answer", "note": "why"},
        {**OTHER, "engine": "PyArrow", "kind": "missing", "label": "! error", "note": "why"},
    ],
    "times": [
        {"query": "q1", "place": 0, "kind": "span", "low": 0.02, "high": 3.0},
        {**LOOK, "query": "q1", "kind": "value", "cell": 0, "amount": 0.02, "low": 0.01,
         "high": 0.03, "label": "20.0 ms"},
        {**OTHER, "query": "q1", "place": 0, "kind": "value", "cell": 1, "amount": 3.0, "low": 2.0,
         "high": 4.0, "label": "3.00 s"},
        {"query": "q2", "place": 1, "kind": "missing", "label": "– pandas", "note": "why"},
    ],
    "pair": [
        {"query": "q1", "place": 0, "kind": "time", "cell": 0, "colour": "#0075ff", "gain": 5.0,
         "low": 4.0, "high": 6.0, "label": "5.00×", "note": "5.00 s → 1.00 s"},
        {"query": "q1", "place": 0, "kind": "memory", "cell": 0, "colour": "#0075ff", "gain": 2.0,
         "low": 2.0, "high": 2.0, "label": "memory 2.00×", "note": "20 MiB → 10 MiB"},
        {"query": "q2", "place": 1, "kind": "missing", "label": "pandas: ! error", "note": "why"},
    ],
    "sizes": [
        {**LOOK, "times": 1, "amount": 1.0, "ideal": 1, "label": "1.00×"},
        {**LOOK, "times": 10, "amount": 9.0, "ideal": 10, "dy": 0, "label": "9.00×"},
    ],
    "past": [
        {**LOOK, "kind": "name", "label": "● Polars", "across": 0},
        {**LOOK, "kind": "value", "started": 1e12, "amount": 1.0, "low": 1.0, "high": 1.0,
         "label": "100%", "version": "2.1.0", "mark": "", "note": "2026-11-01 09:30"},
        {**LOOK, "kind": "value", "started": 2e12, "amount": 0.8, "low": 0.8, "high": 0.8,
         "label": "80.0%", "version": "2.2.0", "mark": "2.2.0", "note": "2026-11-03 09:30"},
    ],
    "rounds": [
        {**LOOK, "kind": kind, "round": at, "amount": 0.3, "median": 0.2, "low": 0.1, "high": 0.3}
        for at, kind in enumerate(["cold", "hot", "hot", "hot"])
    ],
    "scaling": [
        {**LOOK, "kind": "value", "size": "small", "rows": 10, "order": 0, "amount": 0.2},
        {**LOOK, "kind": "value", "size": "large", "rows": 100, "order": 1, "amount": 2.0},
        {**LOOK, "kind": "end", "rows": 100, "amount": 2.0, "dy": 0, "label": "Polars, slope 1.00"},
        {**OTHER, "kind": "missing", "size": "large", "rows": 100, "label": "out of memory"},
        {**OTHER, "kind": "missing", "size": "small", "rows": 10, "label": "wrong answer"},
    ],
    "memory": [*POINTS, {**LOOK, "kind": "front", "x": 1, "y": 2},
               {**OTHER, "kind": "front", "x": 5, "y": 1}],
    "cold": [*POINTS, {"kind": "equal", "x": 1, "y": 1}, {"kind": "equal", "x": 5, "y": 1}],
    "cores": [
        {**LOOK, **WHERE, "kind": "cell", "amount": 3.0, "threads": 4, "label": "3.0 cores"},
        {**LOOK, **WHERE, "kind": "mean", "amount": 2.5, "reach": 3.0, "label": "2.5"},
    ],
    "threads": [
        {**LOOK, "threads": 1, "amount": 1.0, "ideal": 1.0, "dy": 0, "label": "1.00×"},
        {**LOOK, "threads": 4, "amount": 3.0, "ideal": 4.0, "dy": 0, "label": "3.00×"},
    ],
    "clients": [
        {**LOOK, "clients": 1, "amount": 60.0, "dy": 0, "label": "60.0 queries/s",
         "median": "16.0 ms", "high": "20.0 ms", "note": "1 of 1 query"},
        {**LOOK, "clients": 4, "amount": 212.0, "dy": 0, "label": "212 queries/s",
         "median": "18.0 ms", "high": "40.0 ms", "note": "1 of 1 query"},
    ],
    "limits": [
        {**LOOK, "kind": "value", "limit": 2e9, "name": "2GB", "amount": 1.5, "label": "1.50×"},
        {**LOOK, "kind": "value", "limit": 8e9, "name": "8GB", "amount": 1.0, "label": "1.00×"},
        {**LOOK, "kind": "end", "limit": 8e9, "name": "8GB", "amount": 1.0, "dy": 0},
        {**OTHER, "kind": "oom", "limit": 2e9, "name": "2GB", "line": 0, "note": "3 of 4 queries",
         "label": "↑ pandas out of memory: 3 of 4"},
    ],
    "crossover": [
        {"line": "a", "query": "q1", "workload": "w", "size": "small", "rows": 1e6, "amount": 0.5},
        {"line": "a", "query": "q1", "workload": "w", "size": "large", "rows": 1e8, "amount": 5.0},
    ],
    "history": [
        {**LOOK, "kind": "name", "label": "● Polars", "across": 0},
        {**LOOK, "kind": "value", "started": 1e12, "amount": 0.2, "low": 0.1, "high": 0.3,
         "label": "0.200 s", "version": "2.1.0", "mark": "2.1.0", "note": "2026-11-01 09:30"},
        {**LOOK, "kind": "missing", "started": 2e12, "label": "!", "line": 0, "note": "why"},
    ],
    "changes": [
        {**WHERE, "engine": "Polars", "column": 0, "place": 0, "colour": "#f39a4b",
         "kind": "change", "label": "▲ 1.30", "note": "1.30 (1.20–1.40)"},
        {**WHERE, "engine": "pandas", "column": 1, "place": 0, "colour": "#f6f7f9",
         "kind": "lost", "label": "✗ lost", "note": "why"},
    ],
}  # fmt: skip


@cache
def spec(name: str) -> dict[str, Any]:
    """Returns a chart's specification, made once, since Altair takes long to check it."""
    return CHARTS[name].draw().to_dict()


def normalised(spec: dict[str, Any]) -> str:
    """Returns a specification as text, without the schema's URL, which names Altair's release."""
    kept = {key: value for key, value in spec.items() if key != "$schema"}
    return json.dumps(kept, indent=2, sort_keys=True) + "\n"


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_as_its_golden_file(name: str) -> None:
    text, golden = normalised(spec(name)), GOLDEN / f"{name}.json"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def drawn(name: str) -> str:
    size = {"width": 400, "height": 80}
    return vl_convert.vegalite_to_svg(spec(name) | size | {"datasets": {name: ROWS[name]}})


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("ranking", "1.06× · 25 of 27 cells"),
        ("times", "q1"),
        ("times", "– pandas"),
        ("times", "20 ms"),
        ("pair", "pandas: ! error"),
        ("sizes", "Polars"),
        ("past", "80%"),
        ("past", "2.2.0"),
        ("query", "0.200 s"),
        ("query", "↑ out of memory"),
        ("query", "≠ wrong answer"),
        ("query", "! error"),
        ("rounds", "round (0 is the cold run)"),
        ("scaling", "Polars, slope 1.00"),
        ("memory", "pandas"),
        ("cold", "Polars"),
        ("cores", "2.5"),
        ("threads", "Polars"),
        ("limits", "Polars"),
        ("limits", "2GB"),
        ("limits", "↑ pandas out of memory: 3 of 4"),
        ("crossover", "w"),
        ("history", "● Polars"),
        ("history", "2.1.0"),
        ("history", "!"),
        ("changes", "▲ 1.30"),
        ("changes", "✗ lost"),
    ],
)
def test_a_chart_shows_the_rows_that_it_is_given(name: str, label: str) -> None:
    assert f">{label}</text>" in drawn(name)


def test_a_cell_without_a_time_has_no_bar() -> None:
    assert drawn("query").count('aria-roledescription="bar"') == 1


def test_a_size_without_a_time_is_a_cross() -> None:
    """The chart has two points of one engine, and a cross for each size of the other."""
    assert drawn("scaling").count('aria-roledescription="point"') == 4


def test_every_kind_of_chart_is_tried_here() -> None:
    assert ROWS.keys() == CHARTS.keys()


def test_every_chart_holds_no_data_of_its_own() -> None:
    assert all(each["layer"] and "datasets" not in each for each in map(spec, CHARTS))
