"""Cells of several numbers of threads; engines that keep more cores busy are named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.machine.cores import busy_cores, overruns
from harness.outcome import Cell, Outcome, Record, Round
from harness.tables import Input
from tests.support.benchmark_runs import AVAILABLE, MEANS, TABLE, Done, Project, fakes
from tests.support.records import figures

YAML = """\
data: {generator: groupby, sizes: {tiny: {rows: 300000}}}
input: [memory, parquet, csv]
queries:
  q1: select id3, sum(v1) as a, avg(v3) as b, max(v2) as c, count(*) as n from x group by id3
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("threads")).write(that_yaml=YAML)


@pytest.fixture(scope="module")
def done(project: Project) -> Done:
    rounds = ("--benchmark-max-time", "0.15")
    asked = ("--engines", ",".join(AVAILABLE), "--size", "tiny", "--threads", "1,2")
    asked += ("-k", "1t or duckdb")  # of two threads, one engine is enough
    return project.pytest("--benchmark", *rounds, "that.yaml", *asked)


def test_each_number_of_threads_has_cells_of_its_own(project: Project, done: Done) -> None:
    assert done.code == 0, done.all
    cells = [(c["input"], c["threads"], c["engine"]) for c in project.results()["cells"]]
    assert cells == [
        (source, threads, engine)
        for source in ("memory", "parquet", "csv")
        for threads in (1, 2)
        for engine in AVAILABLE
        if threads == 1 or engine == "duckdb"
    ]
    assert "that::q1  memory · tiny · 2 threads · " in done.out
    names = [b["name"] for b in project.results()["benchmarks"]]
    assert names[0] == f"q1[{AVAILABLE[0]}-memory-tiny-1t]"
    assert len(names) == len(cells)


@pytest.mark.parametrize("engine", AVAILABLE)
@pytest.mark.parametrize("source", Input)
def test_an_engine_that_is_given_one_thread_keeps_one_core_busy(
    project: Project, done: Done, engine: str, source: Input
) -> None:
    (found,) = [
        b
        for b in project.results()["benchmarks"]
        if (b["params"]["engine"], b["params"]["input"], b["params"]["threads"])
        == (engine, source, 1)
    ]
    cores = sum(found["extra_info"]["cpu_seconds"]) / sum(found["stats"]["data"])
    assert cores <= 1.1


def record(engine: str, threads: int, *rounds: tuple[float, float], **rest: Any) -> Record:
    cell = Cell("w", "q", engine, "small", Input.MEMORY, threads)
    own = tuple(Round(*one) for one in rounds)
    return Record(cell, Outcome.OK, rounds=own, figures=figures(**rest))


def test_an_engine_with_a_wrong_knob_is_named() -> None:
    greedy = record("greedy", 1, (0.1, 0.19), (0.1, 0.21))
    told = overruns([greedy, record("greedy", 1, (0.2, 0.3)), record("fair", 1, (0.1, 0.105))])
    assert told == ["greedy kept 2.0 cores busy and was given 1: w::q memory and 1 more cells"]
    assert overruns([record("fair", 2, (0.1, 0.2))]) == []


def test_rounds_too_short_for_the_clock_tell_nothing() -> None:
    assert busy_cores(record("e", 1, (0.0001, 0.0002))) is None
    assert busy_cores(record("e", 1, (0.0001, 0.0002), loops=1000)) == pytest.approx(2.0)


def test_a_planted_engine_with_a_wrong_knob_is_told_of_in_the_terminal(tmp_path: Path) -> None:
    yaml = f"tables: {{t: t.csv}}\nqueries:\n  q1: {MEANS}\n"
    project = Project(tmp_path).write(that_yaml=yaml, t_csv=TABLE)
    done = project.benchmark("that.yaml", "--engines", fakes("Right", "Greedy"), "--threads", "1")
    assert done.code == 0, done.all
    assert "Greedy kept 3.0 cores busy and was given 1: that::q1 memory" in done.out
    assert "Right kept" not in done.out
