"""What the page's script says of results: verdicts on queries and the summary."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from report.words import wording
from tests.support.page_script import Script, script_of
from tests.support.results_factory import Asked, document

Value = float | str | tuple[float, ...]
NARROW, WIDE = (0.0995, 0.1, 0.1005, 0.1, 0.1), (0.09, 0.095, 0.101, 0.11, 0.12)
TIMES: dict[str, dict[str, Value]] = {
    "q1": {"polars": 0.09, "duckdb": 0.19, "pandas": 0.79},
    "q2": {"polars": 0.19, "duckdb": 0.09, "pandas": "wrong"},
    "q3": {"polars": "error", "duckdb": "oom", "pandas": "timeout"},
}
"""Three engines on three queries; a time is three equal rounds, a text is an outcome."""


def script(folder: Path, times: Mapping[str, Mapping[str, Value]]) -> Script:
    cells = [
        Asked(query, name, outcome=value, reason="it is so")
        if isinstance(value, str)
        else Asked(query, name, value if isinstance(value, tuple) else (value,) * 3)
        for query, row in times.items()
        for name, value in row.items()
    ]
    return script_of(folder, document(cells))


def verdicts(script: Script) -> list[str]:
    return list(script.view("view.tasks.map((task) => verdict(task, view.state))"))


def test_the_verdict_names_the_best_and_its_lead(tmp_path: Path) -> None:
    assert verdicts(script(tmp_path, TIMES)) == [
        "Polars is fastest: 90.0 ms; next is DuckDB at 2.11× (2.05–2.17).",
        "DuckDB is fastest: 90.0 ms; next is Polars at 2.11× (2.05–2.17).",
        "No engine has a value.",
    ]


def test_the_verdict_says_tie_only_where_the_interval_is_narrow(tmp_path: Path) -> None:
    queries: dict[str, dict[str, Value]] = {
        "tie": {"polars": NARROW, "duckdb": NARROW, "pandas": 0.2},
        "open": {"polars": NARROW, "duckdb": WIDE, "pandas": 0.2},
        "both": {"polars": NARROW, "duckdb": WIDE, "pandas": NARROW},
    }
    found = script(tmp_path, queries)
    leads = "leads with 100 ms, but cannot be told yet from DuckDB at 1.01× (0.87–1.18)."
    assert verdicts(found)[1] == f"Polars {leads}"
    assert "cannot be told apart yet" in verdicts(found)[2]
    assert {each.replace("Polars", "DuckDB") for each in verdicts(found)[:1]} == {
        "DuckDB and DuckDB tie at 100 ms."
    }


def test_the_overall_sentence_ranks_the_engines_and_follows_the_baseline(tmp_path: Path) -> None:
    found = script(tmp_path, TIMES)
    assert found.view("overall(view)") == (
        "Over 3 queries, DuckDB stays closest to the best of each: 1.45× in the geometric mean, "
        "Polars 1.45×, pandas 6.09×."
    )
    assert "as a multiple of DuckDB: " in found.view("overall(view)", baseline=0)


NUMBERS = (0, 1.23e-05, 0.0123, 0.1, 0.999, 1, 1.2345, 9.994, 12.34, 99.5, 123.4, 140.4, 54321.0)


@pytest.mark.parametrize("name", ["significant", "duration", "times"])
def test_numbers_look_as_they_do_in_the_terminal(tmp_path: Path, name: str) -> None:
    found = script(tmp_path, TIMES).call(f"((values) => values.map({name}))", NUMBERS)
    assert found == [getattr(wording, name)(value) for value in NUMBERS]


def test_the_colour_scale_is_even_in_the_ratio_s_logarithm(tmp_path: Path) -> None:
    heats = script(tmp_path, TIMES).call(
        "((ratios) => ratios.map(heatOf))", [0.01, 0.1**0.5, 1, 10**0.5, 10, 1000]
    )
    assert heats == pytest.approx([-1, -0.5, 0, 0.5, 1, 1])
