"""Charts over runs and pictures: what they show, what they are called, and their golden specs.

Run `UPDATE_GOLDEN=1 python -m pytest tests/report/test_pictures.py` to write the golden files anew,
and read the difference before committing it.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from report.charts.of_runs import matrix
from report.look.theme import colours
from report.page.pictures import Album, Picture, file_name
from report.read.frame import Results, load
from tests.report.test_charts import GOLDEN, normalised
from tests.report.test_results import command
from tests.support.page_script import Script
from tests.support.results_factory import ENGINES, Asked, document, write

DAYS = ("2026-11-01", "2026-11-03", "2026-11-08")
NEW = {**ENGINES, "polars": {**ENGINES["polars"], "version": "2.2.0"}}


def cell(query: str, engine: str, seconds: float | None, reason: str = "broken") -> Asked:
    """Returns a cell with five rounds near ``seconds``; with an error if that is None."""
    if seconds is None:
        return Asked(query, engine, outcome="error", reason=reason)
    return Asked(query, engine, [seconds * each for each in (0.99, 1, 1.01, 0.995, 1.005)])


def runs(folder: Path, *cells: Sequence[Asked], engines: Any = None) -> Results:
    """Returns the results of several runs, one for each list of cells, each on one of DAYS.

    ``engines`` are the last run's entries of engines, if given.
    """
    return load([
        write(
            folder / f"{day}.json",
            document(each, started=f"{day}T09:30:00+00:00",
                     engines=engines if engines and day == DAYS[-1] else ENGINES),
        )
        for day, each in zip(DAYS, cells, strict=False)
    ])  # fmt: skip


@pytest.fixture
def three(tmp_path: Path) -> Results:
    """Returns three runs: in the second DuckDB fails; in the third Polars is newer and faster."""
    times = [(1.0, 1.1), (1.002, None), (0.7, 1.1)]
    asked = [[cell("q1", "polars", one), cell("q1", "duckdb", two)] for one, two in times]
    return runs(tmp_path, *asked, engines=NEW)


def test_the_matrix_of_pictures_is_as_its_golden_file() -> None:
    text, golden = normalised(matrix().to_dict()), GOLDEN / "matrix.json"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.usefixtures("three")
def test_a_history_goes_over_versions_and_marks_where_one_changes(tmp_path: Path) -> None:
    found = history(tmp_path, "Polars")
    values = [(row["version"], row["amount"], row["mark"]) for row in found[1:]]
    assert values == [("2.1.0", 1.0, ""), ("2.1.0", 1.002, ""), ("2.2.0", 0.7, "2.2.0")]
    assert found[0]["label"] == "● Polars"


@pytest.mark.usefixtures("three")
def test_a_run_without_a_value_is_in_the_history_with_its_reason(tmp_path: Path) -> None:
    found = history(tmp_path, "DuckDB")
    assert [(row["kind"], row["label"]) for row in found] == [
        ("name", "● DuckDB"), ("value", "1.10 s"), ("missing", "!"), ("value", "1.10 s"),
    ]  # fmt: skip
    assert found[2]["note"] == "broken"


def history(folder: Path, engine: str) -> list[dict[str, Any]]:
    """Returns an engine's rows in the history chart of the first query, from a folder's files."""
    return [row for row in Script(folder.iterdir()).rows("history") if row["engine"] == engine]


def test_a_single_run_has_no_history(tmp_path: Path) -> None:
    results = runs(tmp_path, [cell("q1", "polars", 1.0)])
    assert {picture.name for picture in Album(results).pictures()} == {
        "summary", "memory", "cold", "cores",
        "matrix-groupby-memory-small-2t", "times-groupby-memory-small-2t",
        "query-groupby-q1-memory-small-2t",
    }  # fmt: skip


def test_without_quickjs_the_command_says_what_pictures_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path / "one.json", document([cell("q1", "polars", 1.0)]))
    monkeypatch.setitem(sys.modules, "quickjs", None)
    code, text = command(str(file), "--format", "svg", "--out", str(tmp_path / "pictures"))
    assert code == 5 and "pip install 'enginebench[pictures]'" in text


def svg(results: Results, name: str) -> str:
    (found,) = [picture for picture in Album(results).pictures() if picture.name == name]
    return found.content("svg").decode()


def labels(text: str) -> list[str]:
    return re.findall(r">([^<>]+)</text>", text)


def test_the_latest_two_runs_are_drawn_as_verdicts(tmp_path: Path) -> None:
    before = {"up": 1.0, "down": 1.0, "same": 1.0, "broke": 1.0, "mended": None}
    after = {"up": 1.3, "down": 0.5, "same": 1.001, "broke": None, "mended": 1.0}
    both = [[cell(q, "polars", value) for q, value in side.items()] for side in (before, after)]
    drawn = svg(runs(tmp_path, *both), "changes-groupby-memory-small-2t")
    assert {"▲ 1.30", "▼ 0.50", "≈", "✗ lost", "✓ gained"} <= set(labels(drawn))
    assert "from memory · small · 2 threads · laptop · 2026-11-03 09:30 ÷ 2026-11-01 09:30" in drawn


def test_the_history_is_drawn_with_names_versions_and_signs(three: Results) -> None:
    found = labels(svg(three, "history-groupby-q1-memory-small-2t"))
    assert {"● Polars", "● DuckDB", "2.2.0", "!"} <= set(found)


def test_a_matrix_shows_ratios_and_outcomes(tmp_path: Path) -> None:
    asked = [cell("q1", "polars", 0.1), cell("q1", "duckdb", 0.2), cell("q1", "pandas", None)]
    found = labels(svg(runs(tmp_path, asked), "matrix-groupby-memory-small-2t"))
    assert {"100 ms · 1.00×", "200 ms · 2.00×", "! error"} <= set(found)


def test_a_summary_has_the_mean_of_each_kind_of_work(tmp_path: Path) -> None:
    asked = [cell("q1", "polars", 0.004), cell("q1", "duckdb", 0.008)]
    found = labels(svg(runs(tmp_path, asked), "summary"))
    assert found.count("2.00×") == 2  # 8 ms / 4 ms, of all and of groupby
    assert {"groupby", "By kind of work"} <= set(found)


def test_sizes_are_drawn_in_one_picture(tmp_path: Path) -> None:
    asked = [Asked("q1", "polars", (0.1,) * 5), Asked("q1", "polars", (1.0,) * 5, size="large")]
    found = labels(svg(runs(tmp_path, asked), "scaling-groupby-q1-memory-all_sizes-2t"))
    assert "Polars, slope 0.50" in found  # 10 times as long for 100 times the rows


def test_charts_over_all_queries_have_their_titles_and_notes(three: Results) -> None:
    drawn = svg(three, "memory")
    assert {"Time against memory", "DuckDB", "Polars 2.2.0", "Polars 2.1.0"} <= set(labels(drawn))
    assert ">Lower left is better." in drawn


def test_the_command_writes_both_formats_in_the_theme_asked(tmp_path: Path) -> None:
    file = write(tmp_path / "one.json", document([cell("q1", "polars", 1.0)]))
    out = tmp_path / "pictures"
    arguments = ["--format", "png,svg", "--theme", "dark", "--out", str(out)]
    assert command(str(file), *arguments) == (0, f"14 pictures in {out}\n")
    names = {path.name for path in out.iterdir()}
    assert {"summary.png", "summary.svg", "query-groupby-q1-memory-small-2t.svg"} <= names
    assert all(path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n" for path in out.glob("*.png"))
    assert f'fill="{colours("dark")["page"]}"' in (out / "summary.svg").read_text()


def test_a_format_that_there_is_not_is_a_usage_error(tmp_path: Path) -> None:
    file = write(tmp_path / "one.json", document([cell("q1", "polars", 1.0)]))
    code, text = command(str(file), "--format", "png,gif")
    assert code == 2 and "'png,gif' is not html, png, svg or png,svg" in text


def test_text_from_results_is_text_in_a_picture(tmp_path: Path) -> None:
    titles = {"groupby": '<script>alert(1)</script> & "co"'}
    path = write(tmp_path / "a.json", document([cell("q1", "polars", 1.0)], titles=titles))
    drawn = svg(load([path]), "matrix-groupby-memory-small-2t")
    assert "<script" not in drawn and "&lt;script&gt;" in drawn


def test_names_of_pictures_are_plain_short_and_distinct(tmp_path: Path) -> None:
    assert file_name(["query", "a/../b c", "", "ü"]) == "query-a_.._b_c-_"
    long = "x" * 300
    asked = [cell(query, "polars", 1.0) for query in ("a b", "a/b", long)]
    found = [picture.name for picture in Album(runs(tmp_path, asked)).pictures()]
    assert "query-groupby-a_b-memory-small-2t" in found
    assert "query-groupby-a_b-memory-small-2t-2" in found
    assert len(set(found)) == len(found) and max(map(len, found)) <= 200


def test_every_colour_that_pictures_need_is_in_the_style_sheet() -> None:
    needed = {"page", "ink", "faint", "rule", "heat-ink", "no-change", "better", "worse"}
    assert needed <= colours("light").keys()
    assert all(colours("light")[name] != colours("dark")[name] for name in needed)


def test_a_picture_has_no_reference_to_anything_outside(three: Results) -> None:
    picture: Picture
    for picture in Album(three).pictures():
        outside = re.findall(r'(?:href|src|url)[=(]"?http[^"]*', picture.content("svg").decode())
        assert outside == []
