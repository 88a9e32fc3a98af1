"""Further passes follow the first one over everything, and the page is drawn between them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.benchmark_runs import MEANS, TABLE, Done, Project, fakes

YAML = f"tables: {{t: t.csv}}\nqueries:\n  q1: {MEANS}\n  q2: {MEANS} order by k\n"
INTERRUPTED = """
import os, shutil, signal
from harness.run import pages, runner
signal.signal(signal.SIGINT, signal.default_int_handler)
pages.FIRST_SECONDS = pages.PAUSE = 0.0
real = runner.Runner.sharpen

def sharpen(self):
    for number, _ in enumerate(real(self)):
        yield
        if number == 2:
            shutil.copy("results/index.html", "meanwhile.html")
            os.kill(os.getpid(), signal.SIGINT)

runner.Runner.sharpen = sharpen
"""
"""Presses Ctrl-C when the first of the two queries has had its third pass."""
BOUNDS = ("--benchmark-min-rounds", "2", "--benchmark-max-time", "0.02")


Run = tuple[Project, Done]


def measured(folder: Path, engines: str, processes: int, conftest: str = "") -> Run:
    project = Project(folder).write(that_yaml=YAML, t_csv=TABLE, conftest_py=conftest)
    arguments = ("--engines", engines, "--processes", str(processes), *BOUNDS)
    return project, project.pytest("--benchmark", "that.yaml", *arguments)


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Run:
    engines = fakes("Right", "Sleepy", "Absent")
    return measured(tmp_path_factory.mktemp("passes"), engines, 4, INTERRUPTED)


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return measured(tmp_path_factory.mktemp("failed"), fakes("Right", "Reborn"), 2)


def test_ctrl_c_in_a_later_pass_leaves_a_whole_page(interrupted: Run) -> None:
    project, done = interrupted
    assert done.code == 2 and "Traceback" not in done.all, done.all
    results = project.results()
    assert [cell["outcome"] for cell in results["cells"]] == ["ok", "ok", "unavailable"] * 2
    assert results["interrupted"] is False and "--resume" not in done.out
    assert list((project.folder / "results").glob("*/*.journal")) == []
    assert "the run was interrupted" not in page(project, "results/index.html")
    assert re.search(r"^report +results/index.html$", done.out, re.MULTILINE)
    assert project.all_gone()


def test_the_page_is_drawn_while_the_run_goes_on(interrupted: Run) -> None:
    project, _ = interrupted
    drawn = page(project, "meanwhile.html")
    assert drawn.startswith("<!doctype html>") and drawn != page(project, "results/index.html")


def page(project: Project, name: str) -> str:
    return (project.folder / name).read_text()


def test_each_pass_adds_a_process_and_pytest_benchmark_has_one_entry_of_a_cell(
    interrupted: Run,
) -> None:
    project, _ = interrupted
    found: dict[str, set[int]] = {}
    for entry in project.results()["benchmarks"]:
        info = entry["extra_info"]
        found.setdefault(info["query"], set()).add(len(set(info["processes"])))
        assert info["turns"] == sorted(info["turns"])
        assert len(info["turns"]) == entry["stats"]["rounds"] == len(entry["stats"]["data"])
    assert sorted(found.values(), key=min) == [{2}, {3}]


def test_a_cell_that_fails_in_a_later_pass_fails_the_run(failed: Run) -> None:
    project, done = failed
    assert done.code == 1, done.all
    assert "ERROR at teardown of q1[tests.fakes.engines:Reborn-memory-own]" in done.out
    assert "error: ValueError: not the first process" in done.out
    outcomes = {(c["engine"].rpartition(":")[2], c["outcome"]) for c in project.results()["cells"]}
    assert outcomes == {("Right", "ok"), ("Reborn", "error")}
    assert {b["extra_info"]["engine"][-5:] for b in project.results()["benchmarks"]} == {"Right"}
