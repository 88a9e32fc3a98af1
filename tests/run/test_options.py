"""pytest's and pytest-benchmark's own options keep their meaning under ``--benchmark``."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.benchmark_runs import MEANS, TABLE, Done, Project, fakes, outcomes

YAML = f"""\
tables: {{t: t.csv}}
queries:
  q1: {MEANS}
  q2: {MEANS} order by k
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("options"))
    return project.write(
        that_yaml=YAML,
        t_csv=TABLE,
        test_mine_py="def test_mine(): pass\n",
        test_timed_py="def test_timed(benchmark): benchmark(int)\n",
    )


def test_without_benchmark_yaml_files_are_left_alone_and_tests_run(project: Project) -> None:
    done = project.pytest("--benchmark-disable")
    assert (done.code, "2 passed" in done.out) == (0, True), done.all
    assert "enginebench:" not in done.out
    assert not (project.folder / "results").exists()
    done = project.pytest("that.yaml", "-q")
    assert done.code == 2 and "a workload is run by: pytest --benchmark that.yaml" in done.out


def test_with_benchmark_the_workloads_folder_runs_and_tests_do_not(
    project: Project, tmp_path: Path
) -> None:
    """A folder that is the value of an option (``--results``) is not run either."""
    words = ("--workloads-dir", ".", "--collect-only", "-q", "--engines", "duckdb")
    done = project.benchmark("--results", str(tmp_path), *words)
    assert done.code == 0, done.all
    nodes = [line for line in done.out.splitlines() if "::" in line]
    assert [node.rpartition("/")[2] for node in nodes] == [
        "that.yaml::q1[duckdb-memory-own]",
        "that.yaml::q2[duckdb-memory-own]",
    ]


def test_a_missing_engine_fails_nothing_and_options_keep_their_meaning(project: Project) -> None:
    engines = fakes("duckdb", "Right", "Absent")
    only = ("that.yaml", "--benchmark-only", "-q", "-k", "q1 and (Right or Absent)")
    rounds = ("--benchmark-min-rounds", "60", "--benchmark-max-time", "1")
    done = project.benchmark(*only, *rounds, "--engines", engines)
    assert done.code == 0, done.all
    assert "1 passed, 1 skipped, 4 deselected" in done.out
    assert re.search(r"^that.yaml \.s +\[100%\]$", done.out, re.MULTILINE)
    assert outcomes(project.results()) == {"Right": "ok", "Absent": "unavailable"}
    assert project.results()["benchmarks"][0]["stats"]["rounds"] >= 60


def test_dash_x_stops_at_the_first_failure_and_keeps_what_was_measured(project: Project) -> None:
    node = "that.yaml::q1"
    done = project.benchmark(node, "-x", "--engines", fakes("Right", "Raising", "duckdb"))
    assert done.code == 1
    assert outcomes(project.results()) == {"Right": "ok", "Raising": "error", "duckdb": "ok"}
    assert project.results()["interrupted"] is False  # all were measured together
    failed = f"FAILED {node}[tests.fakes.engines:Raising-memory-own] - error: ValueError: no such"
    assert failed in done.out and "--resume" not in done.out


def test_benchmark_disable_checks_answers_and_writes_nothing(project: Project) -> None:
    before = project.result_files
    engines = fakes("Right", "Wrong")
    done = project.benchmark("that.yaml", "-k", "q1", "--benchmark-disable", "--engines", engines)
    assert (done.code, project.result_files) == (1, before)
    assert re.search(r"^  \S+:Right +ok .* cold; no hot rounds asked$", done.out, re.MULTILINE)
    assert re.search(r"^  \S+:Wrong +wrong +row 2, column 'mean'", done.out, re.MULTILINE)


def test_rounds_are_spread_over_as_many_processes_as_asked(project: Project) -> None:
    options = ("--engines", "duckdb,polars", "--processes", "3", "--benchmark-min-rounds", "2")
    done = project.benchmark("that.yaml", "-k", "q1", *options, "--benchmark-max-time", "0.03")
    assert done.code == 0, done.all
    for benchmark in project.results()["benchmarks"]:
        processes = benchmark["extra_info"]["processes"]
        assert processes == sorted(processes) and set(processes) == {0, 1, 2}
        assert len(processes) == len(benchmark["stats"]["data"])


REFUSED = [
    (["--engines", "polrs"], "there is no engine 'polrs'; did you mean 'polars'?"),
    (["--engines", "no.such:Engine"], "the engine 'no.such:Engine' cannot be loaded"),
    (["--input", "parket"], "--input 'parket': did you mean 'parquet'?"),
    (["--threads", "0"], "--threads must be at least 1, not 0"),
    (["--threads", "6400"], "cores that may be used here: --threads "),
    (["--memory-limit", "8"], "--memory-limit 8 is 8 bytes; did you mean 8GB?"),
    (["--memory-limit", "8 bananas"], "--memory-limit '8 bananas' is not a size"),
    (["--gpu-memory-limit", "12 cards"], "--gpu-memory-limit '12 cards' is not a size"),
    (["--timeout", "0"], "--timeout must be more than 0 seconds"),
    (["--timeout", "inf"], "--timeout must be more than 0 seconds, and 10,000,000 at most"),
    (["--memory-limit", "9" * 400 + "TB"], "is not a size, such as 8GB"),
    (["--processes", "0"], "--processes must be at least 1, not 0"),
    (["--results", "t.csv"], "results cannot be written to"),
    (["--benchmark-skip"], "would leave nothing to run"),
    (["nope.yaml"], "file or directory not found: nope.yaml"),
]


@pytest.fixture(scope="module")
def refused(project: Project) -> list[Done]:
    return [project.benchmark("that.yaml", *arguments) for arguments, _ in REFUSED]


@pytest.mark.parametrize("case", range(len(REFUSED)), ids=[" ".join(r)[:40] for r, _ in REFUSED])
def test_an_option_that_cannot_be_met_is_refused_before_anything_runs(
    refused: list[Done], case: int
) -> None:
    _, message = REFUSED[case]
    done = refused[case]
    assert done.code == 4, done.all
    assert message in done.err
    assert "Traceback" not in done.all


def test_what_is_refused_is_refused_by_the_command_too(project: Project) -> None:
    done = project.benchmark("that.yaml", "--engines", "polrs")
    assert (done.code, "did you mean 'polars'?" in done.err) == (4, True), done.all
