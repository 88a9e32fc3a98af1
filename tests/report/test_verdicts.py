"""The engine to use for each kind of work: the rule, and its words on page and terminal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from report import verdicts
from tests.support.page_script import Script
from tests.support.results_factory import Asked, document, realistic, write

MIB = 2**20
TIGHT = (0.99, 1.0, 1.01, 0.995, 1.005)
Times = Mapping[str, Mapping[str, float | None]]
AHEAD: Times = {
    "q1": {"polars": 0.1, "duckdb": 0.2, "pandas": 0.8},
    "q2": {"polars": 0.1, "duckdb": 0.15, "pandas": 0.9},
    "q3": {"polars": 0.3, "duckdb": 0.1, "pandas": 0.5},
}
OFTEN: Times = {
    "q1": {"polars": 0.1, "duckdb": 0.12},
    "q2": {"polars": 0.1, "duckdb": 0.12},
    "q8": {"polars": 0.9, "duckdb": 0.1},
}
GAPS: Times = {**OFTEN, "q8": {"polars": None, "duckdb": 0.1}}
EQUAL: Times = {f"q{at}": {"polars": 0.1, "duckdb": 0.1001} for at in range(4)}
ALONE: Times = {"q1": {"polars": 0.1, "duckdb": None}}
NONE: Times = {"q1": {"polars": None, "duckdb": None}}


def results(folder: Path, times: Times, spread: float = 1.0, memory: int = 300) -> Path:
    """Writes a results file with these times, by query and engine; None is a cell with an error.

    Polars' peak is ``memory`` MiB, that of others 300; ``spread`` stretches the range of rounds.
    """
    cells = [
        Asked(query, engine, outcome="error", reason="broken")
        if seconds is None
        else Asked(query, engine, [seconds * each**spread for each in TIGHT],
                   peak_bytes=(memory if engine == "polars" else 300) * MIB)
        for query, row in times.items()
        for engine, seconds in row.items()
    ]  # fmt: skip
    return write(folder / "run.json", document(cells, titles={"groupby": "Group-by"}))


def texts(path: Path) -> list[str]:
    return [each.text for each in verdicts(path)]


def test_two_inputs_of_a_workload_are_told_apart(tmp_path: Path) -> None:
    cells = [
        Asked("q1", engine, [seconds * each for each in TIGHT], input=source)
        for source, fastest in (("csv", "polars"), ("parquet", "duckdb"))
        for engine, seconds in (("polars", 0.1), ("duckdb", 0.1), (fastest, 0.05))
    ]
    cells = list({(cell.engine, cell.input): cell for cell in cells}.values())
    path = write(tmp_path / "run.json", document(cells, titles={"groupby": "Group-by"}))
    starts = [text.partition(". ")[0] for text in texts(path)]
    assert starts == ["Group-by, from CSV: Polars", "Group-by, from Parquet: DuckDB"]


def test_the_pick_has_the_lowest_mean_and_says_where_it_is_not_the_best(tmp_path: Path) -> None:
    (text,) = texts(results(tmp_path, {**AHEAD, "q4": AHEAD["q1"]}))
    assert text == (
        "Group-by: Polars. DuckDB, the next, takes 1.19× (1.17–1.21) as long. Fastest on 3 of 4 "
        "queries. At worst 3.00× the best, on q3. 300 MiB of memory at most."
    )


def test_an_engine_that_wins_more_often_is_named_with_its_price(tmp_path: Path) -> None:
    (text,) = texts(results(tmp_path, OFTEN))
    assert "Group-by: DuckDB." in text
    assert "Polars is fastest on 2 of 3, but takes 9.00× as long on q8." in text
    assert "At worst 1.20× the best, on q1." in text
    (text,) = texts(results(tmp_path, GAPS))
    assert "Polars is fastest on 2 of 3, but has no value for 1." in text


def test_ties_and_what_cannot_be_told_are_said(tmp_path: Path) -> None:
    (tie,) = verdicts(results(tmp_path, EQUAL))
    assert tie.lead == "It ties with DuckDB." and tie.reason.endswith(", ties for best on 4.")
    (wide,) = verdicts(results(tmp_path, EQUAL, spread=30))
    assert wide.lead.startswith("It cannot be told from DuckDB yet: 1.00× (")


def test_memory_is_a_price_where_another_engine_needs_much_less(tmp_path: Path) -> None:
    (each,) = verdicts(results(tmp_path, {**AHEAD, "q4": AHEAD["q1"]}, memory=1200))
    assert each.memory == "1,200 MiB of memory at most; DuckDB 300 MiB."


def test_one_engine_and_none(tmp_path: Path) -> None:
    (alone,) = verdicts(results(tmp_path, ALONE))
    assert (alone.engine, alone.lead) == ("Polars", "No other engine has a value.")
    assert texts(results(tmp_path, NONE)) == ["Group-by: no engine has a value."]


def test_only_the_largest_size_with_the_most_threads_is_judged(tmp_path: Path) -> None:
    cells = [
        Asked("q1", engine, [seconds * each for each in TIGHT], size=size, threads=threads)
        for engine, factor in (("polars", 1.0), ("duckdb", 1.5))
        for size, threads, seconds in (
            ("small", 8, 0.1), ("large", 1, 3.0), ("large", 8, 1.0 / factor**2),
        )
    ]  # fmt: skip
    (each,) = verdicts(write(tmp_path / "run.json", document(cells)))
    assert (each.engine, each.where) == ("DuckDB", "from memory · large · 8 threads")


@pytest.mark.parametrize("times", [AHEAD, OFTEN, GAPS, EQUAL, ALONE, NONE, None])
def test_the_page_says_the_same(tmp_path: Path, times: Times | None) -> None:
    sizes = realistic(("small", "large"), ("memory", "csv"), rounds=5)
    file = results(tmp_path, times) if times else write(tmp_path / "run.json", sizes)
    script = Script([file])
    largest = script.view("[...new Set(view.tasks.map((task) => cells.task_setting[task]))]")
    assert [script.call("pictureVerdict", at, {}) for at in largest] == [
        [each.engine, each.lead, each.reason, each.price, each.memory] if each.engine else []
        for each in verdicts(file)
    ]
