"""One ratio for a pair of cells: in matrix, bars, notes, sentences, ranking, and in `compare`."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest

from report import ranking
from report.compare.changes import alias_of, compare_runs
from report.compare.comparison import EstimatedCell, Task, compare
from report.page.output import build
from report.read.frame import EngineVersion, load
from report.read.sources import newest
from report.words import wording
from report.words.change_tables import as_json
from tests.support.opened import Opened, needs_chromium
from tests.support.page_script import Script
from tests.support.results_factory import ENGINES, Asked, Document, document, write

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
def script(file: Path) -> Script:
    return Script([file])


def best_of(task: Task) -> EstimatedCell:
    best = task.standing.best
    assert best is not None
    return best


def told(task: Task, one: EngineVersion, other: EngineVersion) -> tuple[float, float, float]:
    """Returns the ratio of two engines on a task, and the two ends of its interval."""
    ratio = task.ratio(one, other)
    assert ratio is not None and ratio.interval is not None
    return ratio.value, *ratio.interval


def labels(task: Task) -> dict[EngineVersion, str]:
    return {engine: str(ENGINES[engine.name]["label"]) for engine in task.entries}


def test_the_ratio_is_that_of_the_times_which_are_shown(tasks: tuple[Task, ...]) -> None:
    """It is that of the two medians; the median of the turns' ratios is over 10% off for some."""
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
    script: Script, tasks: tuple[Task, ...], tmp_path: Path
) -> None:
    matrix = script.rows("matrix")
    verdicts = script.view("view.tasks.map((task) => verdict(task, view.state))")
    for task in tasks:
        best = best_of(task).cell.engine
        shown = {
            label: wording.times(told(task, engine, best)[0])
            for engine, label in labels(task).items()
            if engine != best
        }
        cells = {row["engine"]: row["label"] for row in matrix if row["query"] == task.query}
        bars = {row["engine"]: row["label"] for row in script.rows("query", task.index)
                if row["kind"] == "value"}  # fmt: skip
        for label, times in shown.items():
            assert cells[label].endswith(times) and bars[label].endswith(times)
        assert any(times in verdicts[task.index] for times in shown.values())
        ranked = {each.engine: each.ratio for each in ranking(only(task.query, tmp_path))}
        assert {ENGINES[name]["label"]: ratio for name, ratio in ranked.items()} == {
            labels(task)[best]: "1.00×", **shown,
        }  # fmt: skip


def test_the_page_s_ranking_is_that_of_the_terminal(script: Script, file: Path) -> None:
    """The page's script and the terminal's Python rank the engines of a file alike."""
    found = script.view("""view.scores.map(({ engine, mean, wins, ties, unclear }) => [
        page.engines[engine].name, times(mean.value), mean.interval.map(plain).join("–"),
        wins, ties, unclear])""")
    assert [tuple(each) for each in found] == [
        (each.engine, each.ratio, each.interval, each.wins, each.ties, each.unclear)
        for each in ranking(file)
    ]


def only(query: str, folder: Path) -> Path:
    """Writes a results file of one query only, over which an engine's mean is the ratio itself."""
    content = blocks()
    content["cells"] = [each for each in content["cells"] if each["query"] == query]
    content["benchmarks"] = [
        each for each in content["benchmarks"] if each["extra_info"]["query"] == query
    ]
    return write(folder / f"{query}.json", content)


def test_the_page_s_script_has_the_same_ratio_and_interval_for_every_pair(
    script: Script, tasks: tuple[Task, ...]
) -> None:
    for task in tasks:
        for one, other in permutations(task.entries, 2):
            places = [task.entries[each].index for each in (one, other)]
            ratio = script.call("pairOf", *places, "median")
            found = ratio[0], *script.call("intervalAround", ratio)
            assert found == pytest.approx(told(task, one, other), rel=1e-5)


@needs_chromium
def test_every_place_of_the_page_shows_it(
    open_file: Callable[..., Opened], file: Path, tasks: tuple[Task, ...]
) -> None:
    opened = open_file(build([file], file.parent / "page.html"))
    for task in tasks:
        best = best_of(task)
        behind = [entry for entry in task.entries.values() if entry is not best]
        for entry in behind:
            value, low, high = told(task, entry.cell.engine, best.cell.engine)
            times, ends = wording.times(value), f"({wording.interval(low, high)})"
            shown = places_of(opened, task.index, entry.index)
            assert shown["matrix"].endswith(times), shown
            for place in ("tip", "details"):
                assert f"{times} {ends}" in shown[place], (place, shown)
            assert ends in shown["change"], shown
            assert shown["mean"] == pytest.approx(value, rel=1e-5)
        second = min(behind, key=lambda entry: entry.value or 0.0)
        value, low, high = told(task, second.cell.engine, best.cell.engine)
        assert f"{wording.times(value)} ({wording.interval(low, high)})" in opened.page.evaluate(
            "task => verdict(task, current.state)", task.index
        )


def places_of(opened: Opened, task: int, cell: int) -> dict[str, Any]:
    """Returns what the page says of a cell beside the best of its task, by place (matrix, tip)."""
    script = """([task, cell]) => {
        const { state } = current;
        const [before, after] = [bestOf(task, state), cell].map((at) => ({ columns: cells, at }));
        const scores = ranked([task], state, analyse([task], state));
        return {
            matrix: document.querySelector(`[data-cell="${cell}"] small`).textContent,
            tip: tipText(cell, state),
            details: outcomeLine(cell, state).textContent,
            change: changeNote(judge({ before, after }, state.metric)),
            mean: scores.find(({ engine }) => engine === engineOf(cell)).mean.value,
        };
    }"""
    found: dict[str, Any] = opened.page.evaluate(script, [task, cell])
    return found
