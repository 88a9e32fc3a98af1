"""``harness verify``: a sample of a results file is measured again, or the obstacle is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from typer.testing import CliRunner

from harness import engines
from harness.commands import trusted, verify
from harness.commands.cli import app
from harness.engines import own_environment
from report.compare.statistics import Ratio
from report.read.frame import ResultCell, cells_of
from report.read.sources import newest
from tests.support.benchmark_runs import TABLE
from tests.support.results_factory import ENGINES, Asked, document, write

YAML = """\
tables: {q1: t.csv}
queries:
  q1: select count(*) as n from q1
  q2: select k from q1
"""
ROUNDS = [0.01, 0.0101, 0.0102, 0.0099, 0.01, 0.0101]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ENGINEBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTEST_ADDOPTS", "--benchmark-max-time=0.01 --benchmark-min-rounds=2")
    (tmp_path / "groupby.yaml").write_text(YAML)
    (tmp_path / "t.csv").write_text(TABLE)
    return tmp_path


def asked(query: str, engine: str, scale: float = 1.0, threads: int = 1, **more: Any) -> Asked:
    seconds = [scale * one for one in ROUNDS]
    return Asked(query, engine, seconds, threads=threads, size="own", **more)


def cells(folder: Path, *wanted: Asked) -> list[ResultCell]:
    return [*cells_of(newest(write(folder / "made.json", document(wanted))).file)]


def test_a_sample_is_measured_and_what_is_not_here_is_named(folder: Path) -> None:
    listed = [asked("q1", "pandas"), asked("q1", "duckdb", 3.0), asked("q2", "pandas")]
    listed += [asked("q1", "pandas", threads=4096), asked("q3", "pandas")]
    listed += [asked("q1", "pandas", memory_limit=10**15)]
    listed.append(asked("x", "pandas", workload="other"))
    write(folder / "made.json", document(listed))
    done = CliRunner().invoke(app, ["verify", "made.json", "--budget", "1s"])
    said = done.output
    assert done.exit_code in (0, 1), said  # whoever is ahead
    assert "there: AMD Ryzen 7 7840U, 16 cores, 2026-11-20" in said
    assert "left out: cells with 4096 threads: here are" in said
    assert "left out: cells with 1000TB of memory: here are" in said
    assert "left out: groupby.yaml::q2: its SQL is another one here" in said
    assert "left out: groupby.yaml: groupby has no query 'q3'" in said
    assert "left out: other.yaml" in said and "DuckDB: there 2.0.0, here" in said
    assert "  duckdb: its program has another text here" in said
    assert "2 of 2 answers are right here; 0 of 2 programs have the same text." in said
    assert "duckdb ÷ pandas  there 3.00 (2." in said
    assert max(map(len, said.splitlines())) <= 110


def test_results_without_any_file_here_are_an_error(folder: Path) -> None:
    write(folder / "made.json", document([asked("x", "pandas", workload="other")]))
    done = CliRunner().invoke(app, ["verify", "made.json"])
    assert done.exit_code == 2
    assert "harness: nothing of these results can be measured here" in done.output


@pytest.mark.parametrize(
    ("engine", "reason"),
    [
        ("planted:Engine", "a class that a results file names is not imported"),
        ("x=pandas@PYTHONPATH=planted", "a results file may not set PYTHONPATH to this"),
        ("x=pandas@LD_PRELOAD=planted.so", "a results file may not set LD_PRELOAD to this"),
        ("x=polars@POLARS_TEMP_DIR=/home/me", "may not set POLARS_TEMP_DIR to this"),
    ],
)
def test_names_of_engines_run_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, engine: str, reason: str
) -> None:
    (folder / "planted.py").write_text("open('ran', 'w').close()\n")
    monkeypatch.syspath_prepend(folder)
    shown = {engine: ENGINES["pandas"]}
    write(folder / "made.json", document([asked("q1", engine)], engines=shown))
    done = CliRunner().invoke(app, ["verify", "made.json"])
    assert done.exit_code == 2 and reason in " ".join(done.output.split()), done.output
    assert not (folder / "ran").exists()


@pytest.mark.parametrize("file", ["in/groupby.yaml", "{}/in/groupby.yaml", "../groupby.yaml"])
def test_workload_files_are_the_readers_own(folder: Path, file: str) -> None:
    """A workload file that may be a stranger's is not run: pytest would run its ``conftest.py``."""
    inner = folder / "in"
    inner.mkdir()
    for name in ("groupby.yaml", "t.csv"):
        (inner / name).write_text((folder / name).read_text())
    (inner / "conftest.py").write_text("open('ran', 'w').close()\n")
    made = document([asked("q1", "pandas")])
    made["workloads"]["groupby"]["file"] = file.format(folder)
    (inner / "linked").symlink_to(folder.parent)
    for place in ("in", "in/results/laptop", "./in/linked"):
        Path(place).mkdir(parents=True, exist_ok=True)
        write(Path(place, "made.json"), made)
        done = CliRunner().invoke(app, ["verify", f"{place}/made.json"])
        assert done.exit_code == 2 and "left out: " in done.output, done.output
        assert not (folder / "ran").exists()


@pytest.mark.parametrize("field", ["size", "input"])
def test_a_setting_is_no_option_of_pytests(folder: Path, field: str) -> None:
    text = json.dumps(document([asked("q1", "pandas")]))
    was = {"size": "own", "input": "memory"}[field]
    text = text.replace(f'"{field}": "{was}"', f'"{field}": "-pplanted"')
    (folder / "made.json").write_text(text)
    done = CliRunner().invoke(app, ["verify", "made.json"])
    assert done.exit_code == 2 and "left out: cells of size" in done.output, done.output


def test_a_budget_that_is_no_time_is_told_first(folder: Path) -> None:
    done = CliRunner().invoke(app, ["verify", "no-such-file.json", "--budget", "foo"])
    assert done.exit_code == 2
    assert "harness: --budget: 'foo' is not a time, such as 90s, 3m or 1h" in done.output


def test_what_a_results_file_says_is_shown_escaped(folder: Path) -> None:
    shown = {"pandas": {**ENGINES["pandas"], "label": "\x1b[2Jpandas\nx", "version": "9"}}
    made = document([asked("q1", "pandas")], engines=shown)
    made["machine"] = {**made["machine"], "cpu": "\x1b]0;x\x07 AMD\nx"}
    write(folder / "made.json", made)
    done = CliRunner().invoke(app, ["verify", "made.json", "--budget", "1s"], color=True)
    assert "there: \\x1b]0;x\\x07 AMD x, 16 cores" in done.output
    assert "\x1b" not in done.output and "\\x1b[2Jpandas x: there 9" in done.output


def test_a_version_in_a_name_is_no_program_of_a_users() -> None:
    """The part before ``==`` is an engine, unlike that before ``=`` in ``old=polars==1.44.2``."""
    assert engines.short("polars==1.44.2") == "polars==1.44.2"
    assert engines.short("old=polars==1.44.2") == "old"
    assert trusted.named_engine("x=polars@POLARS_ENGINE_AFFINITY=streaming").label == "Polars (x)"


def test_no_version_is_installed_for_a_results_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installing = Mock(side_effect=AssertionError("installs"))
    monkeypatch.setattr(own_environment, "_make", installing)
    names = ("polars==1.44.2", "old=duckdb<1.4@MALLOC_ARENA_MAX=1", "sail")
    shown = {name: {**ENGINES["pandas"], "version": "1.2"} for name in names}
    listed = [asked("q1", name) for name in names]
    write(folder / "made.json", document(listed, engines=shown))
    done = CliRunner().invoke(app, ["verify", "made.json"])
    said = " ".join(done.output.split())
    assert done.exit_code == 2 and not installing.called, said
    for name in names:
        assert f"left out: {name}: no engine is installed because a results file names it" in said
    assert "pytest --benchmark --engines 'old=duckdb<1.4@MALLOC_ARENA_MAX=1' WORKLOAD" in said


def test_a_wrong_answer_and_other_data_are_told(tmp_path: Path) -> None:
    then = cells(tmp_path, asked("q1", "pandas"), asked("q1", "duckdb"))
    wrong = Asked("q1", "pandas", outcome="wrong", reason="row 1", size="own", threads=1)
    now = cells(tmp_path, wrong, Asked("q1", "duckdb", ROUNDS, size="small", threads=1))
    found = {(cell.query, cell.engine.name): cell for cell in now}
    judged = verify._judge(verify.Pair(Path("groupby.yaml"), tuple(then)), found)
    assert (judged.right, judged.wrong, judged.other_programs, judged.ratio) == (1, 1, 0, "")
    assert judged.lines[1:] == (
        "  pandas: wrong: row 1",
        "  its tables have 1,000,000 rows, and not those there",
    )


@pytest.mark.parametrize(
    ("then", "now", "verdict"),
    [
        (Ratio(2.0, 0.05), Ratio(2.1, 0.05), verify.REPRODUCED),
        (Ratio(2.0, 0.01), Ratio(3.0, 0.01), verify.SAME),
        (Ratio(2.0, 0.01), Ratio(0.5, 0.01), verify.AHEAD),
        (Ratio(2.0, 0.01), Ratio(1.1, 0.5), verify.OPEN),
        (Ratio(2.0, None), Ratio(2.0, 0.01), verify.OPEN),
        (Ratio(1.0, 0.01), Ratio(1.01, 0.01), verify.REPRODUCED),
    ],
)
def test_a_ratio_is_reproduced_within_both_intervals(then: Ratio, now: Ratio, verdict: str) -> None:
    assert verify._verdict(then, now) == verdict
