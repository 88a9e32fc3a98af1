"""Several runs: history and what changed, in a real browser and in the rows of charts."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from report.compare.changes import compare_runs
from report.compare.metrics import METRICS
from report.compare.verdicts import largest
from report.page.output import build
from report.read.frame import load
from report.words import change_wording
from tests.support.opened import Opened, needs_chromium
from tests.support.page_script import Script, script_of
from tests.support.results_factory import ENGINES, Asked, Document, document, realistic, write

if TYPE_CHECKING:
    from playwright import sync_api
else:
    sync_api = pytest.importorskip("playwright.sync_api")

DAYS = ("2026-11-01", "2026-11-03", "2026-11-08")


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
def open_runs(open_file: Callable[..., Opened], files: list[Path]) -> Callable[..., Opened]:
    page = files[0].parent / "page.html"
    if not page.exists():
        build(files, page)
    return lambda hash="", **options: open_file(page, hash, **options)


@pytest.fixture(scope="module")
def script(files: list[Path]) -> Script:
    return Script(files)


def test_the_page_s_verdicts_are_those_of_the_command(script: Script, files: list[Path]) -> None:
    """``harness compare`` and the page's script give the same verdicts on two runs."""
    newest, before, _ = load(files).runs
    expected = {
        (each.after.cell.query, each.after.cell.engine.name): (
            str(each.verdict), change_wording.note(each),
        )
        for each in compare_runs(before, newest).changes
    }  # fmt: skip
    found = script.view("""[...changesOf(view).values()].flat().map((each) => [
        queryOf(each.task).name, engineIn(each.after).name, each.verdict, changeNote(each)])""")
    assert {(query, engine): tuple(rest) for query, engine, *rest in found} == expected
    assert {"lost", "slower"} <= {verdict for verdict, _ in expected.values()}


def test_of_many_rounds_quantiles_are_drawn(tmp_path: Path) -> None:
    many = tuple(0.1 + 0.001 * (at * 37 % 301) for at in range(301))
    asked = [Asked("q1", "polars", many), Asked("q1", "duckdb", (0.2, 0.1, 0.3))]
    rows = script_of(tmp_path, document(asked)).rows("query")
    for engine, expected in {
        "Polars": [(f"{at} of 301 by time", 0.099 + 0.001 * at) for at in (6, 16, 26)],
        "DuckDB": [("1", 0.2), ("2", 0.1), ("3", 0.3)],
    }.items():
        drawn = [row for row in rows if row["engine"] == engine and row["kind"] == "round"]
        assert len(drawn) == (30 if engine == "Polars" else 3)
        for row, (name, value) in zip(drawn, expected, strict=False):
            assert row["amount"] == pytest.approx(value)
            assert row["label"].startswith(f"{name}: ")


def test_a_speed_up_is_over_the_fewest_threads_and_one_on_a_gpu_over_the_cpu(
    tmp_path: Path,
) -> None:
    """Four threads are twice as fast as one; the GPU's lead is 5 on small data, √5 on large."""
    script = script_of(tmp_path, with_threads_and_gpu())
    gains = {
        (row["engine"], row["threads"]): row["label"] for row in script.rows("threads", size="*")
    }
    assert gains == {
        (engine, threads): f"{times}× over 2 queries"
        for engine in ("Polars", "pandas")
        for threads, times in ((1, "1.00"), (4, "2.00"))
    }
    ratios = {
        (row["rows"], row["line"][-4:]): row["amount"]
        for row in script.rows("crossover", threads="*")
    }
    assert ratios == {
        (rows, f"{threads},q1"): pytest.approx(times, rel=1e-3)
        for threads in (1, 4)
        for rows, times in ((10**6, 5.0), (10**8, 5.0**0.5))
    }


def with_limits() -> Document:
    """Three limits: Polars takes twice as long at 2 GB; pandas has one query at 4 GB, none at 2."""
    lost = {("pandas", "q1", 2), ("pandas", "q2", 2), ("pandas", "q2", 4)}
    return document([
        Asked(query, engine, memory_limit=limit * 10**9, outcome="oom", reason="killed")
        if (engine, query, limit) in lost else
        Asked(query, engine, [(1 + at / 100) * (2 if limit == 2 else 1) for at in range(5)],
              memory_limit=limit * 10**9)
        for query in ("q1", "q2") for limit in (8, 4, 2) for engine in ("polars", "pandas")
    ])  # fmt: skip


def test_time_is_over_that_with_the_largest_limit_and_who_ran_out_of_memory_is_named(
    tmp_path: Path,
) -> None:
    rows = script_of(tmp_path, with_limits()).rows("limits")
    values = {(r["engine"], r["name"]): r["label"] for r in rows if r["kind"] == "value"}
    assert values == {
        ("Polars", "8GB"): "1.00× over 2 queries",
        ("Polars", "4GB"): "1.00× over 2 queries",
        ("Polars", "2GB"): "2.00× over 2 queries",
        ("pandas", "8GB"): "1.00× over 2 queries",
        ("pandas", "4GB"): "1.00× over 1 query",
    }
    lost = [(r["name"], r["line"], r["label"], r["note"]) for r in rows if r["kind"] == "oom"]
    assert lost == [
        ("4GB", 0, "↑ pandas out of memory: 1 of 2", "1 of 2 queries"),
        ("2GB", 0, "↑ 2", "2 of 2 queries"),
    ]


@needs_chromium
def test_the_largest_memory_limit_is_shown_and_another_can_be_chosen(
    tmp_path: Path, open_file: Callable[..., Opened]
) -> None:
    build([write(tmp_path / "limits.json", with_limits())], tmp_path / "page.html")
    opened = open_file(tmp_path / "page.html")
    assert opened.text(".matrix h3").endswith("2 threads · 8GB, in s")
    chart = opened.page.locator("[data-chart=limits]")
    chart.scroll_into_view_if_needed()
    sync_api.expect(chart).to_contain_text("↑ pandas out of memory: 1 of 2")
    assert opened.page.locator("table.untimed tbody tr").count() == 0
    opened.choose("memory_limit", "2GB")
    assert "memory_limit=2GB" in opened.hash()
    assert opened.text(".matrix h3").endswith("2 threads · 2GB, in s")
    assert opened.cell("pandas", "q1").inner_text().startswith("↑")
    assert opened.page.locator("[data-place=limits]").is_hidden()  # as with threads: one is left


def with_clients() -> Document:
    """One, four and eight clients: Polars has served q1 only of eight, pandas both throughout."""
    lost = Asked("q2", "polars", clients=8, outcome="error", reason="1 of 9 runs failed")
    served = [
        Asked(query, engine, [seconds * clients] * 19 + [9 * seconds * clients], clients=clients,
              window=(2.0, int(2 / seconds)))
        for query, factor in (("q1", 1), ("q2", 4))
        for clients in (1, 4, 8)
        for engine, seconds in (("polars", 0.01 * factor), ("pandas", 0.1 * factor))
        if (query, engine, clients) != ("q2", "polars", 8)
    ]  # fmt: skip
    alone = Asked("q1", "polars", (0.01,) * 5)
    return document([*served, lost, alone])


def test_queries_per_second_are_of_the_queries_that_all_engines_answer(tmp_path: Path) -> None:
    script = script_of(tmp_path, with_clients())
    rows = script.rows("clients")
    assert {(r["engine"], r["clients"]): (r["label"], r["median"], r["high"]) for r in rows} == {
        ("Polars", 1): ("100 queries/s", "10.0 ms", "14.0 ms"),
        ("Polars", 4): ("100 queries/s", "40.0 ms", "56.0 ms"),
        ("Polars", 8): ("100 queries/s", "80.0 ms", "112 ms"),
        ("pandas", 1): ("10.0 queries/s", "100 ms", "140 ms"),
        ("pandas", 4): ("10.0 queries/s", "400 ms", "560 ms"),
        ("pandas", 8): ("10.0 queries/s", "800 ms", "1.12 s"),
    }
    assert {row["note"] for row in rows} == {"1 of 2 queries"}
    without = "viewOf({ ...view.state, off: new Set([engineById('polars')]) })"
    alone = script.view(f"chartRows.clients(0, {without})")
    both = {row["clients"]: row["label"] for row in alone}
    assert both == dict.fromkeys((1, 4, 8), "5.00 queries/s")


def test_cells_without_several_clients_are_shown_first(tmp_path: Path) -> None:
    shown = (
        "[...new Set(view.tasks.map((task) => page.settings[cells.task_setting[task]].clients))]"
    )
    script = script_of(tmp_path, with_clients())
    assert script.view(shown) == ["default"]
    assert script.view(shown, clients="4") == ["4"]
    results = load([tmp_path / "0.json"])
    rows = {("groupby", "small"): 10**6}
    found = largest({cell.setting for cell in results.cells}, rows)
    assert [each.clients for each in found] == [None]
    several = [cell.setting for cell in results.cells if cell.setting.clients]
    assert {each.clients for each in largest(several, rows)} == {8}


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


@needs_chromium
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


@needs_chromium
def test_two_versions_of_an_engine_are_compared(open_runs: Callable[..., Opened]) -> None:
    opened = open_runs("#before=engine%3Apolars+2.1.0&after=engine%3Apolars+2.2.0")
    assert opened.text("[data-changes]").startswith("Of 27 cells in both: 5 slower, ")
    opened.choose("before", "run:2026-11-01T09:30:00+00:00 laptop")
    assert opened.text("[data-changes]") == "Choose two runs or two engines."


@needs_chromium
def test_a_filter_and_a_switched_off_engine_are_followed(open_runs: Callable[..., Opened]) -> None:
    opened = open_runs("#workload=join")
    assert opened.text("[data-changes]").startswith("Of 20 cells in both: ")
    opened.page.uncheck("[name=engine] >> nth=0")
    assert opened.text("[data-changes]").startswith("Of 15 cells in both: ")


@needs_chromium
def test_history_and_changes_are_drawn(open_runs: Callable[..., Opened]) -> None:
    opened = open_runs("#workload=groupby")
    opened.page.locator("#changes").scroll_into_view_if_needed()
    heat_map = opened.page.locator("[data-chart=changes] svg.marks").first
    heat_map.wait_for()
    assert "✗ lost" in (heat_map.text_content() or "")
    past = opened.page.locator("[data-chart=past]")
    past.scroll_into_view_if_needed()
    past.locator("svg.marks").wait_for()
    assert "2.2.0" in (past.text_content() or "")
    opened.cell("pandas", "q1").click()
    history = opened.page.locator("#details [data-chart=history]")
    history.locator("svg.marks").wait_for()
    assert "2.2.0" in (history.text_content() or "")


@needs_chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault_where_there_are_runs(
    open_runs: Callable[..., Opened], scheme: str
) -> None:
    opened = open_runs("#workload=join", color_scheme=scheme)
    opened.page.locator("[data-chart=past]").scroll_into_view_if_needed()
    opened.page.locator("[data-chart=past] svg.marks").wait_for()
    opened.page.locator("#changes").scroll_into_view_if_needed()
    opened.page.locator("[data-chart=changes] svg.marks").first.wait_for()
    assert opened.serious() == []
    opened.cell("pandas", "medium_left").click()
    opened.page.locator("#details svg.marks").first.wait_for()
    assert opened.serious() == []


@needs_chromium
@pytest.mark.parametrize("width", [400, 2560])
def test_several_runs_never_scroll_sideways(open_runs: Callable[..., Opened], width: int) -> None:
    opened = open_runs(viewport={"width": width, "height": 900})
    opened.page.locator("#changes").scroll_into_view_if_needed()
    opened.page.locator("[data-chart=changes] svg.marks").first.wait_for()
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


@needs_chromium
def test_one_run_has_neither(open_file: Callable[..., Opened], tmp_path: Path) -> None:
    content = document([Asked("q1", "polars", (0.1,) * 5)], engines=ENGINES)
    opened = open_file(build([write(tmp_path / "a.json", content)], tmp_path / "a.html"))
    assert opened.page.locator("#changes, [data-chart=history]").count() == 0


def test_a_history_over_all_queries_goes_from_run_to_run(script: Script) -> None:
    """On join Polars stays the same in the second run; in the third it is 1.4 times slower."""
    rows = [row for row in script.rows("past", workload="join") if row["engine"] == "Polars"]
    assert [row["kind"] for row in rows] == ["name", "value", "value", "value"]
    assert [row["amount"] for row in rows[1:]] == pytest.approx([1.0, 1.0, 1.4], rel=0.05)
    assert [row["mark"] for row in rows[1:]] == ["", "", "2.2.0"]


def test_growth_is_over_the_smallest_size(tmp_path: Path) -> None:
    """At 100 times the rows the time is 9 times as long on the CPU, and 20 times on the GPU."""
    rows = script_of(tmp_path, with_threads_and_gpu()).rows("sizes")
    assert {(row["engine"], row["times"]): row["amount"] for row in rows} == {
        ("Polars", 1): 1.0, ("Polars", 100): pytest.approx(9.0, rel=0.01),
        ("pandas", 1): 1.0, ("pandas", 100): pytest.approx(9.0 * 0.2**-0.5, rel=0.01),
    }  # fmt: skip


def test_every_metric_has_a_history(script: Script) -> None:
    for metric in METRICS:
        rows = script.rows("history", metric=metric.name)
        without = metric.name == "first"  # these runs have no times of starts
        assert {row["kind"] for row in rows} == {"name", "missing" if without else "value"}


@needs_chromium
def test_of_many_queries_a_chart_out_of_sight_has_its_height_and_is_there_when_seen(
    tmp_path: Path, open_file: Callable[..., Opened]
) -> None:
    engines = ("polars", "duckdb")
    asked = [Asked(f"q{n}", engine, (0.1, 0.2)) for n in range(401) for engine in engines]
    build([write(tmp_path / "many.json", document(asked))], tmp_path / "page.html")
    opened = open_file(tmp_path / "page.html")
    chart = opened.page.locator("[data-chart=cores]")
    chart.scroll_into_view_if_needed()
    sync_api.expect(chart).to_contain_text("Polars")
    height = chart.evaluate("node => node.offsetHeight")
    opened.page.evaluate("scrollTo(0, 0)")
    sync_api.expect(chart).not_to_contain_text("Polars", use_inner_text=True)
    assert chart.evaluate("node => getComputedStyle(node).contentVisibility") == "auto"
    assert chart.evaluate("node => node.offsetHeight") == height
