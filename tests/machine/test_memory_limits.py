"""Cells of several memory limits, and what is recorded of input files, disk and spilling."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.machine.processtree import disk_bytes
from harness.measure.pool import Settings
from harness.outcome import Cell
from harness.records.limits import limit_name
from harness.tables import Input
from harness.words import parse_bytes
from tests.support.benchmark_runs import MEANS, TABLE, Done, Project, fakes

YAML = f"""\
tables: {{t: t.csv}}
input: csv
queries:
  q1: {MEANS}
  q2: {{sql: "{MEANS}", write: parquet}}
"""
ENGINES = (*fakes("Filling").split(","), "duckdb")
LIMITS = (2 * 10**9, 400 * 10**6)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("limits")).write(that_yaml=YAML, t_csv=TABLE)


@pytest.fixture(scope="module")
def done(project: Project) -> Done:
    asked = ("--engines", ",".join(ENGINES), "--memory-limit", "2GB,400MB,2000MB")
    return project.benchmark("that.yaml::q1", "that.yaml::q2[duckdb-csv-own-400MB]", *asked)


def test_each_memory_limit_has_cells_of_its_own_and_the_next_is_clean(
    project: Project, done: Done
) -> None:
    cells = project.results()["cells"]
    found = {(c["query"], c["memory_limit"], c["engine"]): c["outcome"] for c in cells}
    of_q1 = zip([("q1", limit, engine) for limit in LIMITS for engine in ENGINES],
                ["ok", "ok", "oom", "ok"], strict=True)  # fmt: skip
    assert list(found.items()) == [*of_q1, (("q2", LIMITS[1], "duckdb"), "ok")]
    assert "that::q1  csv · own · 400MB · " in done.out
    assert f"q1[{ENGINES[0]}-csv-own-400MB] - oom: used 0." in done.out


def timed(project: Project, query: str, engine: str) -> Mapping[str, Any]:
    """Returns the ``extra_info`` of the first timed cell of a query on an engine."""
    infos = [entry["extra_info"] for entry in project.results()["benchmarks"]]
    return next(info for info in infos if (info["query"], info["engine"]) == (query, engine))


def test_files_and_spilt_bytes_are_recorded(project: Project, done: Done) -> None:
    info = timed(project, "q2", "duckdb")
    assert (info["input_rows"], info["input_bytes"]) == (4, len(TABLE))
    assert 100 < info["output_bytes"] < 5000 and info["spilled_bytes"] == 0
    filling = timed(project, "q1", ENGINES[0])
    assert filling["output_bytes"] is None and filling["spilled_bytes"] == 3 * 2**20
    assert " · in " in done.out and " · spilled 3.15 MB" in done.out and " · out " in done.out


def test_disk_bytes_are_counted(tmp_path: Path) -> None:
    before = disk_bytes()
    assert before is not None
    with (tmp_path / "file").open("wb") as file:
        file.write(bytes(2**20))
        os.fsync(file.fileno())
    after = disk_bytes()
    assert after is not None and after[1] - before[1] >= 2**20


@pytest.mark.parametrize("text", ["8GB", "512MiB", "1.5GB", "123456789", "2TB", "900MB"])
def test_a_size_is_written_as_short_as_it_can_be_read(text: str) -> None:
    assert limit_name(parse_bytes(text)) == text


def test_a_limit_is_a_number_that_results_files_hold() -> None:
    for text in ("10000000TB", "0.5"):
        with pytest.raises(ValueError, match="is not a size"):
            parse_bytes(text)


def test_a_cells_own_limit_goes_before_that_of_all(tmp_path: Path) -> None:
    settings = Settings(1, tmp_path, memory_limit=8)
    cells = [Cell("w", "q", "e", "small", Input.CSV, 1, limit) for limit in (None, 5)]
    assert [settings.limit_of(cell) for cell in cells] == [8, 5]
    assert [settings.variables(cell)["ENGINEBENCH_MEMORY_LIMIT"] for cell in cells] == ["8", "5"]
