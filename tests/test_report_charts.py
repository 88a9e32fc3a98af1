"""The chart specifications, against golden files and as they are drawn with rows.

Run `UPDATE_GOLDEN=1 python -m pytest tests/test_report_charts.py` to write the golden files anew,
and read the difference before committing it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import vl_convert

from report.charts import CHARTS, specs

GOLDEN = Path(__file__).parent / "golden" / "report"
LOOK = {"colour": "#0075ff", "place": 0}
ROWS: dict[str, list[dict[str, Any]]] = {
    "ranking": [{**LOOK, "engine": "Polars", "ratio": 1.06, "low": 1.0, "high": 1.1,
                 "reach": 1.1, "label": "1.06×", "note": "27 of 27"}],
    "query": [
        {**LOOK, "engine": "Polars", "kind": "value", "amount": 0.2, "low": 0.1, "high": 0.3,
         "reach": 0.3, "label": "0.200 s", "note": "0.100–0.300 s"},
        {**LOOK, "engine": "Polars", "kind": "round", "amount": 0.3, "jitter": 0.0, "label": "1"},
        {**LOOK, "engine": "pandas", "kind": "missing", "label": "out of memory", "note": "why"},
    ],
    "scaling": [
        {**LOOK, "engine": "Polars", "size": "small", "amount": 0.2, "label": "0.200 s"},
        {**LOOK, "engine": "Polars", "size": "large", "amount": 2.0, "label": "2.00 s"},
    ],
}  # fmt: skip


def normalised(spec: dict[str, Any]) -> str:
    """Without the schema's address, which changes with each release of Altair."""
    kept = {key: value for key, value in spec.items() if key != "$schema"}
    return json.dumps(kept, indent=2, sort_keys=True) + "\n"


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_as_its_golden_file(name: str) -> None:
    text, golden = normalised(specs()[name]), GOLDEN / f"{name}.json"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def drawn(name: str) -> str:
    spec = specs()[name] | {"width": 400, "height": 80, "datasets": {name: ROWS[name]}}
    return vl_convert.vegalite_to_svg(spec)


@pytest.mark.parametrize(
    ("name", "label"),
    [("ranking", "1.06×"), ("query", "0.200 s"), ("query", "out of memory"), ("scaling", "large")],
)
def test_a_chart_shows_the_rows_that_it_is_given(name: str, label: str) -> None:
    assert f">{label}</text>" in drawn(name)


def test_a_cell_without_a_time_has_no_bar() -> None:
    assert drawn("query").count('aria-roledescription="bar"') == 1


def test_every_chart_holds_no_data_of_its_own() -> None:
    assert all(spec["layer"] and "datasets" not in spec for spec in specs().values())
