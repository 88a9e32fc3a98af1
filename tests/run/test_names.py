"""Names that are not UTF-8: each is refused where it enters, in one line, with file and line."""

from __future__ import annotations

import os
import re
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


TABLES = {"folder": "folder", "pattern": "folder/*.csv", "strange": "*/*.csv"}
"""The last one finds a folder that a YAML file, which is text, cannot name."""


def test_data_files(project: Project) -> None:
    (project.folder / "folder").mkdir()
    (project.folder / "folder" / f"{STRANGE}.csv").write_text(TABLE)
    (project.folder / STRANGE / "t.csv").write_text(TABLE)
    for name, path in TABLES.items():
        project.write(**{f"{name}_yaml": f"title: W\ntables:\n  t: '{path}'\n{QUERY}"})
    done = project.benchmark(*(f"{name}.yaml" for name in TABLES), "--engines", "duckdb")
    for name in TABLES:
        told = re.search(rf"_ ERROR collecting {name}.yaml _+\n(.*)\n", done.out)
        assert told and f"{name}.yaml:3: table 't': " in told[1], done.all
        assert "is not UTF-8" in told[1] and "\\udcff" in told[1]
    assert "Traceback" not in done.all
    assert done.code == 2


def test_workload_files(project: Project) -> None:
    (project.folder / STRANGE / "t.csv").write_text(TABLE)
    paths = (f"{STRANGE}.yaml", f"{STRANGE}/w.yaml")
    for path in paths:
        (project.folder / path).write_text(f"tables: {{t: t.csv}}\n{QUERY}")
        with pytest.raises(WorkloadError, match="this path is not UTF-8"):
            load(project.folder / path)
    found = project.benchmark(".", "--engines", "duckdb")
    told = ".yaml:1: this path is not UTF-8; rename the file, or its folder"
    assert found.out.count(told) >= len(paths), found.all
    asked = [project.benchmark(path, "--engines", "duckdb") for path in paths]
    for done in asked:
        assert "is not UTF-8; rename it" in done.err and done.code == 4
    for done in (found, *asked):
        assert "Traceback" not in done.all
    assert project.result_files == []


def test_the_folder_itself(project: Project) -> None:
    inner = Project(project.folder / STRANGE).write(t_csv=TABLE)
    inner.write(w_yaml=f"tables: {{t: t.csv}}\n{QUERY}")
    done = inner.benchmark("w.yaml", "--engines", "duckdb", ENGINEBENCH_CACHE=str(project.folder))
    assert "is not UTF-8" in done.err and done.code == 4 and "Traceback" not in done.all


def test_a_module_report_beside_a_conftest_is_not_the_page_s(tmp_path: Path) -> None:
    project = Project(tmp_path).write(
        w_yaml="tables: {t: t.csv}\nqueries: {q: select k from t}\n",
        t_csv="k\n1\n",
        conftest_py="",
        report_py="raise RuntimeError('imported')",
    )
    done = project.benchmark("w.yaml", "--engines", "duckdb")
    assert done.code == 0 and (tmp_path / "results" / "index.html").is_file(), done.all
