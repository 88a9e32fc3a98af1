"""Planted faults through ``pytest --benchmark``: each ends its own cell, with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.benchmark_runs import (
    MEANS,
    TABLE,
    Done,
    Project,
    fakes,
    outcomes,
    reasons,
)

YAML = f"tables: {{t: t.csv}}\nqueries:\n  q1: {MEANS}\n"

BESIDE = ("duckdb", "pandas")
FATES = {
    "Wrong": ("wrong", "row 2, column 'mean': 12.5, expected 12.25"),
    "Crashing": ("error", "the process was ended by signal 11 (SIGSEGV); its last words:"),
    "Hanging": ("timeout", "not done after 3 s; the process was killed"),
    "Hungry": ("oom", "GiB, the limit is 0.47 GiB; killed"),
    "Raising": ("error", "ValueError: no such column: flavour"),
    "Unloadable": ("error", "OSError: the disk is upside down"),
}


def project_in(folder: Path) -> Project:
    return Project(folder).write(that_yaml=YAML, t_csv=TABLE)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return project_in(tmp_path_factory.mktemp("faults"))


@pytest.fixture(scope="module")
def faulty(project: Project) -> Done:
    limits = ("--timeout", "3", "--memory-limit", "500MB")
    return project.benchmark("that.yaml", *limits, "--engines", fakes(*FATES, *BESIDE))


def test_each_fault_becomes_the_outcome_of_its_own_cell(project: Project, faulty: Done) -> None:
    expected = {name: outcome for name, (outcome, _) in FATES.items()}
    assert outcomes(project.results()) == expected | dict.fromkeys(BESIDE, "ok")
    assert faulty.code == 1


@pytest.mark.parametrize("fake", FATES)
def test_the_reason_is_in_the_results_and_in_the_terminal(
    project: Project, faulty: Done, fake: str
) -> None:
    outcome, reason = FATES[fake]
    told = reasons(project.results())[fake].splitlines()[0]
    assert reason in told
    node = f"that.yaml::q1[tests.fakes.engines:{fake}-memory-own]"
    assert f"FAILED {node} - {outcome}: {told}"[:150] in faulty.out
    line = next(
        x for x in faulty.out.splitlines() if x.startswith(f"  tests.fakes.engines:{fake} ")
    )
    assert outcome in line and told.removesuffix("; its last words:") in line


def test_only_the_ok_cells_are_timed(project: Project, faulty: Done) -> None:
    timed = [entry["extra_info"]["engine"] for entry in project.results()["benchmarks"]]
    assert timed == list(BESIDE)


def test_no_process_is_left_of_those_that_hung_or_crashed(project: Project, faulty: Done) -> None:
    assert project.processes() == []


def test_a_run_in_which_nothing_can_be_timed_writes_its_file_and_report(tmp_path: Path) -> None:
    project = project_in(tmp_path)
    engines = fakes("Fumbling", "Lacking", "Absent")
    done = project.benchmark("that.yaml", "--engines", engines, "--junitxml", "junit.xml", "-rs")
    assert done.code == 1
    assert project.results()["benchmarks"] == []
    told = {
        "Fumbling": ("error", "the harness failed to compile this: KeyError: 'verb'"),
        "Lacking": ("unsupported", "Lacking cannot: it has no verbs: select"),
        "Absent": (
            "unavailable",
            "no-such-engine is not installed: python -m pip install no-such-engine",
        ),
    }
    assert outcomes(project.results()) == {name: outcome for name, (outcome, _) in told.items()}
    assert reasons(project.results()) == {name: reason for name, (_, reason) in told.items()}
    assert "SKIPPED [1] that.yaml:3: unsupported: Lacking cannot: it has no verbs" in done.out
    assert "it has no verbs" in (tmp_path / "results" / "index.html").read_text()
    assert 'message="error: the harness failed' in (tmp_path / "junit.xml").read_text()


def test_a_sum_beyond_64_bits_is_no_fault_of_an_engine(tmp_path: Path) -> None:
    wide = f"k,h\n1,{2**63 - 1}\n1,{2**63 - 2}\n2,5\n"
    sql = "select k, sum(h) as s from t group by k"
    project = Project(tmp_path).write(
        that_yaml=f"tables: {{t: t.csv}}\nqueries:\n  q1: {sql}\n", t_csv=wide
    )
    done = project.benchmark("that.yaml", "--engines", "duckdb,polars,pandas")
    assert outcomes(project.results()) == {
        "duckdb": "ok",
        "polars": "unsupported",
        "pandas": "unsupported",
    }
    assert reasons(project.results())["polars"].startswith("a sum of whole numbers that passes 64")
    assert done.code == 0
