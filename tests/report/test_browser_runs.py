"""Several runs in a real browser: history, what changed, and the same rows as Python's pictures."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from report.charts.rows import RowMaker
from report.compare.changes import compare_runs
from report.compare.comparison import compare
from report.compare.metrics import METRICS
from report.page.output import build
from report.read.frame import Results, load
from tests.report.test_browser import Opened, browser, pytestmark, serious
from tests.support.results_factory import ENGINES, Asked, Document, document, realistic, write

if TYPE_CHECKING:
    from playwright import sync_api

__all__ = ["browser", "pytestmark"]
DAYS = ("2026-11-01", "2026-11-03", "2026-11-08")
COLOURS = ("colour", "ink")
"""What a picture has as a colour and the page as a name of its style sheet."""


def runs() -> Iterator[Document]:
    """Three runs: Polars 2.2.0 from the third on, DuckDB's q5 lost and join slower in the third."""
    generator = np.random.default_rng(3)
    first = realistic(rounds=7)
    for at, day in enumerate(DAYS):
        run = copy.deepcopy(first)
        run["started"], run["finished"] = f"{day}T09:30:00+00:00", f"{day}T09:40:00+00:00"
        version = "2.2.0" if at == 2 else "2.1.0"
        run["engines"]["polars"]["version"] = version
        for entry in run["benchmarks"]:
            info = entry["extra_info"]
            if info["engine"] == "polars":
                info["engine_version"] = version
            factor = 1.4 if at == 2 and info["workload"] == "join" else 1.0
            noise = generator.lognormal(0, 0.02, len(entry["stats"]["data"]))
            entry["stats"]["data"] = list(factor * noise * entry["stats"]["data"])
        run["noise"] = {"probe_seconds": [0.05 * (1.3 if at == 2 else 1.0)] * 8}
        if at == 2:
            lose(run, "duckdb", "q5")
        yield run


def lose(run: Document, engine: str, query: str) -> None:
    for cell in run["cells"]:
        if (cell["engine"], cell["query"]) == (engine, query):
            cell.update(outcome="wrong", reason="row 3: 17, the reference has 18")
    run["benchmarks"] = [
        entry for entry in run["benchmarks"]
        if (entry["extra_info"]["engine"], entry["extra_info"]["query"]) != (engine, query)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("runs")
    return [write(folder / f"{at}.json", run) for at, run in enumerate(runs())]


@pytest.fixture
def open_runs(browser: sync_api.Browser, files: list[Path]) -> Iterator[Callable[..., Opened]]:
    page_file = files[0].parent / "page.html"
    if not page_file.exists():
        build(files, page_file)
    opened: list[Opened] = []

    def open_it(hash: str = "", **context: Any) -> Opened:
        page = browser.new_context(offline=True, **context).new_page()
        opened.append(Opened(page))
        opened[-1].watch()
        page.goto(f"{page_file.as_uri()}{hash}")
        page.wait_for_selector("[data-ready]", state="attached")
        return opened[-1]

    yield open_it
    for each in opened:
        each.page.context.close()
    assert [fault for each in opened for fault in each.faults] == []


def rows_on_the_page(opened: Opened, chart: str, of: int = 0) -> list[dict[str, Any]]:
    script = """([chart, of]) => {
        const figure = document.createElement("div");
        figure.dataset.of = of;
        return chartRows[chart](figure, current.state, current);
    }"""
    found: list[dict[str, Any]] = opened.page.evaluate(script, [chart, str(of)])
    return found


def comparable(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without colours; the page rounds to six digits, and keeps intervals in single precision."""
    return [
        {
            key: pytest.approx(value, rel=2e-5) if isinstance(value, float) else value
            for key, value in row.items()
            if key not in COLOURS
        }
        for row in rows
    ]


def by_cell(row: dict[str, Any]) -> tuple[str, str]:
    return row["query"], row["engine"]


def python_rows(files: list[Path]) -> tuple[Results, RowMaker]:
    results = load(files)
    return results, RowMaker(results, compare(results), "light")


def test_the_page_s_histories_are_those_of_the_pictures(
    open_runs: Callable[..., Opened], files: list[Path]
) -> None:
    opened = open_runs()
    results, maker = python_rows(files)
    tasks = compare(results).tasks
    for task in tasks[::5]:
        expected = maker.history(task.setting, task.query)
        found = rows_on_the_page(opened, "history", task.index)
        assert {row["engine"] for row in found} == {row["engine"] for row in expected}
        for engine in {row["engine"] for row in found}:
            own = [[{k: v for k, v in row.items() if k not in ("across", "line")} for row in rows
                    if row["engine"] == engine] for rows in (found, expected)]  # fmt: skip
            assert comparable(own[1]) == [
                {k: v for k, v in row.items() if k not in COLOURS} for row in own[0]
            ]


def test_the_page_s_verdicts_are_those_of_the_command(
    open_runs: Callable[..., Opened], files: list[Path]
) -> None:
    opened = open_runs()
    results, maker = python_rows(files)
    newest, before, _ = results.runs
    changes = compare_runs(before, newest)
    settings = list(dict.fromkeys(task.setting for task in compare(results).tasks))
    for place, setting in enumerate(settings):
        expected = sorted(maker.changes(changes, setting), key=by_cell)
        found = sorted(rows_on_the_page(opened, "changes", place), key=by_cell)
        kept = ("query", "engine", "kind", "label", "note")
        assert [[row[k] for k in kept] for row in found] == [
            [row[k] for k in kept] for row in expected
        ]
    assert any(row["kind"] == "lost" for row in rows_on_the_page(opened, "changes", 0))


@pytest.mark.parametrize("name", ["memory", "cold", "cores"])
def test_the_page_s_charts_over_all_queries_are_those_of_the_pictures(
    open_runs: Callable[..., Opened], files: list[Path], name: str
) -> None:
    _, maker = python_rows(files)
    expected = getattr(maker.engines, name)()
    assert len(expected) > 100
    assert_equal_rows(expected, rows_on_the_page(open_runs(), name))


@pytest.mark.parametrize("name", ["threads", "crossover"])
def test_so_are_those_of_threads_and_gpus(
    browser: sync_api.Browser, tmp_path: Path, name: str
) -> None:
    file = write(tmp_path / "a.json", with_threads_and_gpu())
    page = browser.new_page()
    page.goto(build([file], tmp_path / "a.html").as_uri())
    page.wait_for_selector("[data-ready]", state="attached")
    _, maker = python_rows([file])
    expected = getattr(maker.engines, name)()
    assert len(expected) == {"threads": 4, "crossover": 4}[name]
    found = rows_on_the_page(Opened(page), name)
    assert_equal_rows(*(sorted(rows, key=by_line) for rows in (expected, found)))
    page.close()


def test_of_many_rounds_quantiles_are_drawn(browser: sync_api.Browser, tmp_path: Path) -> None:
    many = tuple(0.1 + 0.001 * (at * 37 % 301) for at in range(301))
    asked = [Asked("q1", "polars", many), Asked("q1", "duckdb", (0.2, 0.1, 0.3))]
    file = write(tmp_path / "a.json", document(asked))
    page = browser.new_page()
    page.goto(build([file], tmp_path / "a.html").as_uri())
    page.wait_for_selector("[data-ready]", state="attached")
    results, maker = python_rows([file])
    (task,) = compare(results).tasks
    found = rows_on_the_page(Opened(page), "query", task.index)
    for engine, count, first in (("Polars", 30, "6 of 301 by time"), ("DuckDB", 3, "1: 0.2")):
        rows, drawn = (
            [row for row in each if row["engine"] == engine and row["kind"] == "round"]
            for each in (maker.query(task), found)
        )
        assert len(rows) == count and rows[0]["label"].startswith(first)
        assert_equal_rows(rows, drawn)
    page.close()


def by_line(row: dict[str, Any]) -> tuple[Any, ...]:
    return row.get("engine", ""), row.get("size", ""), row.get("threads", 0), row["label"]


def with_threads_and_gpu() -> Document:
    """Two engines, one on a GPU, on two sizes with one and four threads."""
    content = document([
        Asked("q1", engine, [seconds * (1 + at / 100) / threads**0.5 for at in range(5)],
              size=size, threads=threads)
        for engine, factor in (("polars", 1.0), ("pandas", 0.2))
        for size, seconds in (("small", 1.0 * factor), ("large", 9.0 * factor**0.5))
        for threads in (1, 4)
    ])  # fmt: skip
    content["workloads"]["groupby"]["sizes"] = {"small": 10**6, "large": 10**7}
    for entry in content["benchmarks"]:
        if entry["extra_info"]["engine"] == "pandas":
            entry["extra_info"]["gpu"] = {"peak_bytes": 10**9}
    return content


def assert_equal_rows(expected: list[dict[str, Any]], found: list[dict[str, Any]]) -> None:
    """But for colours, and for words of memory, which the page rounds to six digits before."""
    assert len(found) == len(expected)
    for mine, its in zip(comparable(expected), found, strict=True):
        left_out = {*COLOURS, *(["label"] if "MiB" in its.get("label", "") else [])}
        assert {key: value for key, value in mine.items() if key not in left_out} == {
            key: value for key, value in its.items() if key not in left_out
        }


def test_the_page_says_what_changed_and_follows_the_choice(
    open_runs: Callable[..., Opened],
) -> None:
    opened = open_runs()
    latest = opened.text("[data-changes]")
    assert latest.startswith("Of 107 cells in both: 1 lost, ")
    careful = "Careful: the machine itself was 1.30× slower in the second run, by its probe"
    assert careful in latest
    opened.choose("before", "run:2026-11-01T09:30:00+00:00 laptop")
    opened.choose("after", "run:2026-11-03T09:30:00+00:00 laptop")
    assert not {"lost", "Careful:"} & set(opened.text("[data-changes]").split())
    assert "before=run%3A2026-11-01" in opened.hash()
    again = open_runs(opened.hash())
    assert again.text("[data-changes]") == opened.text("[data-changes]")
    again.page.click("[type=reset]")
    assert again.text("[data-changes]") == latest


def test_two_versions_of_an_engine_are_compared(open_runs: Callable[..., Opened]) -> None:
    opened = open_runs("#before=engine%3Apolars+2.1.0&after=engine%3Apolars+2.2.0")
    assert opened.text("[data-changes]").startswith("Of 27 cells in both: 5 slower, ")
    opened.choose("before", "run:2026-11-01T09:30:00+00:00 laptop")
    assert opened.text("[data-changes]") == "Choose two runs or two engines."


def test_a_filter_and_a_switched_off_engine_are_followed(open_runs: Callable[..., Opened]) -> None:
    opened = open_runs("#workload=join")
    assert opened.text("[data-changes]").startswith("Of 20 cells in both: ")
    opened.page.uncheck("[name=engine] >> nth=0")
    assert opened.text("[data-changes]").startswith("Of 15 cells in both: ")


def test_history_and_changes_are_drawn(open_runs: Callable[..., Opened]) -> None:
    opened = open_runs("#workload=groupby")
    opened.page.locator("#changes").scroll_into_view_if_needed()
    heat_map = opened.page.locator("[data-chart=changes] svg.marks").first
    heat_map.wait_for()
    assert "✗ lost" in (heat_map.text_content() or "")
    history = opened.page.locator("[data-chart=history]").first
    history.scroll_into_view_if_needed()
    history.locator("svg.marks").wait_for()
    assert "2.2.0" in (history.text_content() or "")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault_where_there_are_runs(
    open_runs: Callable[..., Opened], scheme: str
) -> None:
    opened = open_runs("#workload=join", color_scheme=scheme)
    opened.page.locator("[data-chart=history] svg.marks").first.wait_for()
    opened.page.locator("#changes").scroll_into_view_if_needed()
    opened.page.locator("[data-chart=changes] svg.marks").first.wait_for()
    assert serious(opened) == []


@pytest.mark.parametrize("width", [400, 2560])
def test_several_runs_never_scroll_sideways(open_runs: Callable[..., Opened], width: int) -> None:
    opened = open_runs(viewport={"width": width, "height": 900})
    opened.page.locator("#changes").scroll_into_view_if_needed()
    opened.page.locator("[data-chart=changes] svg.marks").first.wait_for()
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


def test_one_run_has_neither(browser: sync_api.Browser, tmp_path: Path) -> None:
    file = write(
        tmp_path / "a.json", document([Asked("q1", "polars", (0.1,) * 5)], engines=ENGINES)
    )
    page = browser.new_page()
    page.goto(build([file], tmp_path / "a.html").as_uri())
    page.wait_for_selector("[data-ready]", state="attached")
    assert page.locator("#changes, [data-chart=history]").count() == 0
    page.close()


def test_every_metric_has_a_history(open_runs: Callable[..., Opened]) -> None:
    opened = open_runs()
    for metric in METRICS:
        opened.choose("metric", metric.name)
        rows = rows_on_the_page(opened, "history", 0)
        assert {row["kind"] for row in rows} == {"name", "value"}
