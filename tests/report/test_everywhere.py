"""One ratio for a pair of cells: in matrix, bars, notes, sentences, ranking, and in `compare`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from report import ranking
from report.charts.rows import RowMaker
from report.compare.changes import alias_of, compare_runs
from report.compare.comparison import Task, compare
from report.page.output import build
from report.read.frame import Engine, load
from report.read.sources import newest
from report.words import wording
from report.words.change_tables import as_json
from tests.report.test_browser import Opened, browser, pytestmark
from tests.support.results_factory import ENGINES, Asked, Document, document, write

if TYPE_CHECKING:
    from playwright import sync_api

__all__ = ["browser", "pytestmark"]
QUERIES = ("q1", "q2", "q3")
SPEEDS = {"polars": 1.0, "duckdb": 1.7, "pandas": 4.5, "pyarrow": 2.1}
TURNS = {"polars": 12, "duckdb": 12, "pandas": 5, "pyarrow": 9}


def blocks() -> Document:
    """Four engines on a machine that drifts, in blocks of three rounds; slow ones end early."""
    generator = np.random.default_rng(4)
    cells, turns = [], []
    for query in QUERIES:
        machine = np.exp(np.cumsum(generator.normal(0, 0.1, 12)))
        for engine, speed in SPEEDS.items():
            own = [turn for turn in range(TURNS[engine]) for _ in range(3)]
            noise = generator.lognormal(0, 0.15, len(own))
            cells.append(Asked(query, engine, list(0.01 * speed * machine[own] * noise)))
            turns.append(own)
    content = document(cells)
    for entry, own in zip(content["benchmarks"], turns, strict=True):
        entry["extra_info"]["turns"] = own
    return content


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("everywhere") / "run.json", blocks())


@pytest.fixture(scope="module")
def tasks(file: Path) -> tuple[Task, ...]:
    return compare(load([file])).tasks


@pytest.fixture(scope="module")
def opened(browser: sync_api.Browser, file: Path) -> Iterator[Opened]:
    page = browser.new_context(offline=True).new_page()
    page.goto(build([file], file.parent / "page.html").as_uri())
    page.wait_for_selector("[data-ready]", state="attached")
    yield Opened(page)
    page.context.close()


def told(task: Task, one: Engine, other: Engine) -> tuple[float, float, float]:
    """The ratio with the ends of its interval."""
    ratio = task.ratio(one, other)
    assert ratio is not None and ratio.interval is not None
    return ratio.value, *ratio.interval


def labels(task: Task) -> dict[Engine, str]:
    return {engine: str(ENGINES[engine.name]["label"]) for engine in task.entries}


def test_the_ratio_is_that_of_the_times_which_are_shown(tasks: tuple[Task, ...]) -> None:
    """Of the turns' ratios the median is another number, by more than a tenth for some pairs."""
    farthest = 1.0
    for task in tasks:
        for one, other in permutations(task.entries, 2):
            mine, theirs = (task.entries[each].cell for each in (one, other))
            value = median(mine.seconds) / median(theirs.seconds)
            assert told(task, one, other)[0] == pytest.approx(value)
            pairs = [a / b for a, b in zip(mine.seconds, theirs.seconds, strict=False)]
            farthest = max(farthest, median(pairs) / value)
    assert farthest > 1.1


def test_the_command_compare_tells_the_same(file: Path, tasks: tuple[Task, ...]) -> None:
    run = newest(file)
    for one, other in permutations(SPEEDS, 2):
        found = json.loads(as_json(compare_runs(run, run, aliases=[alias_of(f"{one}={other}")])))
        shown = {c["query"]: c["ratio"] for c in found["changes"] if c["engine"] == other}
        for task in tasks:
            by_name = {engine.name: engine for engine in task.entries}
            ends = shown[task.query]
            expected = told(task, by_name[other], by_name[one])
            assert (ends["value"], ends["low"], ends["high"]) == pytest.approx(expected, rel=1e-4)


def test_so_do_pictures_sentences_and_the_terminal_s_ranking(
    file: Path, tasks: tuple[Task, ...], tmp_path: Path
) -> None:
    results = load([file])
    maker = RowMaker(results, compare(results), "light")
    for task in tasks:
        best = task.best()
        assert best is not None
        shown = {
            label: wording.times(told(task, engine, best.cell.engine)[0])
            for engine, label in labels(task).items()
            if engine != best.cell.engine
        }
        matrix = {row["engine"]: row["label"] for row in maker.matrix(task.setting)
                  if row["query"] == task.query}  # fmt: skip
        bars = {row["engine"]: row["label"] for row in maker.query(task) if row["kind"] == "value"}
        for label, times in shown.items():
            assert matrix[label].endswith(times) and bars[label].endswith(times)
        sentence = wording.verdict(task, labels(task).__getitem__)
        assert any(times in sentence for times in shown.values())
        ranked = {each.engine: each.ratio for each in ranking(only(task.query, tmp_path))}
        assert {ENGINES[name]["label"]: ratio for name, ratio in ranked.items()} == {
            labels(task)[best.cell.engine]: "1.00×", **shown,
        }  # fmt: skip


def only(query: str, folder: Path) -> Path:
    """A results file of one query, of which a mean is the ratio itself."""
    content = blocks()
    content["cells"] = [each for each in content["cells"] if each["query"] == query]
    content["benchmarks"] = [
        each for each in content["benchmarks"] if each["extra_info"]["query"] == query
    ]
    return write(folder / f"{query}.json", content)


def test_the_page_s_scripts_have_the_same_ratio_and_interval_for_every_pair(
    opened: Opened, tasks: tuple[Task, ...]
) -> None:
    script = """([one, other]) =>
        [pairOf(one, other, "median")[0], ...intervalOf(one, other, "median")]"""
    for task in tasks:
        for one, other in permutations(task.entries, 2):
            places = [task.entries[each].index for each in (one, other)]
            found = opened.page.evaluate(script, places)
            assert found == pytest.approx(told(task, one, other), rel=1e-5)


def test_every_place_of_the_page_shows_it(opened: Opened, tasks: tuple[Task, ...]) -> None:
    for task in tasks:
        best = task.best()
        assert best is not None
        for engine, entry in task.entries.items():
            value, low, high = told(task, engine, best.cell.engine)
            if entry is best:
                continue
            times, ends = wording.times(value), f"({wording.interval(low, high)})"
            shown = places_of(opened, task.index, entry.index)
            assert shown["matrix"].endswith(times), shown
            assert shown["bar"].endswith(f" · {times}"), shown
            for place in ("tip", "details", "change"):
                assert ends in shown[place], (place, shown)
            assert f"{times} {ends}" in shown["tip"] and f"{times} {ends}" in shown["details"]
            assert shown["mean"] == pytest.approx(value, rel=1e-5)
        second = min(
            (e for e in task.entries.values() if e is not best),
            key=lambda e: e.estimates["median"].value,
        )
        value, low, high = told(task, second.cell.engine, best.cell.engine)
        assert f"{wording.times(value)} ({wording.interval(low, high)})" in opened.page.evaluate(
            "task => verdict(task, current.state)", task.index
        )


def places_of(opened: Opened, task: int, cell: int) -> dict[str, Any]:
    """What each place says of a cell beside the best of its task."""
    script = """([task, cell]) => {
        const { state } = current;
        const figure = document.createElement("div");
        figure.dataset.of = task;
        const bars = chartRows.query(figure, state).filter(({ kind }) => kind === "value");
        const best = bestOf(task, state);
        const sides = [best, cell].map((at) => ({ columns: cells, at }));
        const { pair } = judge({ before: sides[0], after: sides[1] }, state.metric);
        const scores = ranked([task], state, analyse([task], state));
        return {
            matrix: document.querySelector(`[data-cell="${cell}"] small`).textContent,
            bar: bars.find(({ place }) => place === engineOf(cell)).label,
            tip: tipText(cell, state),
            details: outcomeLine(cell, task, state).textContent,
            change: changeNote(sides[0], sides[1], pair),
            mean: scores.find(({ engine }) => engine === engineOf(cell)).mean.value,
        };
    }"""
    found: dict[str, Any] = opened.page.evaluate(script, [task, cell])
    return found
