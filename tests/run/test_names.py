"""Names that are not UTF-8: each is refused where it enters, in one line, with file and line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.errors import WorkloadError
from harness.workload.file import load
from tests.support.benchmark_runs import MEANS, TABLE, Project

QUERY = f"queries:\n  q: {MEANS}\n"
STRANGE = os.fsdecode(b"y\xff")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    try:
        (tmp_path / STRANGE).mkdir()
    except OSError:
        pytest.skip("this file system holds UTF-8 only")
    return Project(tmp_path).write(t_csv=TABLE)


@pytest.mark.parametrize("table", ["folder", "folder/*.csv", STRANGE])
def test_data_files(project: Project, table: str) -> None:
    (project.folder / "folder").mkdir()
    (project.folder / "folder" / f"{STRANGE}.csv").write_text(TABLE)
    (project.folder / STRANGE / "t.csv").write_text(TABLE)
    shown = "*" if table == STRANGE else table  # a YAML file is text, and cannot name it
    project.write(w_yaml=f"title: W\ntables:\n  t: '{shown}/*.csv'\n{QUERY}")
    if table != STRANGE:
        project.write(w_yaml=f"title: W\ntables:\n  t: '{shown}'\n{QUERY}")
    done = project.benchmark("w.yaml", "--engines", "duckdb")
    assert "w.yaml:3: table 't': " in done.out and "is not UTF-8" in done.out
    assert "Traceback" not in done.all and "\\udcff" in done.out
    assert done.code == 2


@pytest.mark.parametrize("path", [f"{STRANGE}.yaml", f"{STRANGE}/w.yaml"])
def test_workload_files(project: Project, path: str) -> None:
    (project.folder / STRANGE / "t.csv").write_text(TABLE)
    (project.folder / path).write_text(f"tables: {{t: t.csv}}\n{QUERY}")
    with pytest.raises(WorkloadError, match="this path is not UTF-8"):
        load(project.folder / path)
    found = project.benchmark(".", "--engines", "duckdb")
    assert ".yaml:1: this path is not UTF-8; rename the file, or its folder" in found.out
    asked = project.benchmark(path, "--engines", "duckdb")
    assert "is not UTF-8; rename it" in asked.err and asked.code == 4
    for done in (found, asked):
        assert "Traceback" not in done.all
    assert project.result_files == []


def test_the_folder_itself(project: Project) -> None:
    inner = Project(project.folder / STRANGE).write(t_csv=TABLE)
    inner.write(w_yaml=f"tables: {{t: t.csv}}\n{QUERY}")
    done = inner.benchmark("w.yaml", "--engines", "duckdb", ENGINEBENCH_CACHE=str(project.folder))
    assert "is not UTF-8" in done.err and done.code == 4 and "Traceback" not in done.all
