"""A person's own YAML over a CSV, through ``pytest --benchmark``, on every engine there is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from harness.engines import by_default
from report import ranking
from tests.places import ROOT
from tests.support.benchmark_runs import Done, Project

YAML = """\
title: A <script>alert(1)</script> of mine
tables:
  t: t.csv
queries:
  q1: select k, count(*) as n from t group by k
  q2:
    title: The mean of each
    sql: select k, avg(x) as mean from t group by k order by k
  q3: select sum(k) as total from t where x > 0.5
"""
DEFAULT = by_default()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("mine"))
    return project.write(that_yaml=YAML, t_csv="k,x\n1,0.0\n1,1.0\n2,12.25\n3,\n")


@pytest.fixture(scope="module")
def done(project: Project) -> Done:
    return project.benchmark("that.yaml", "--benchmark-json", "mine.json", "--benchmark-autosave")


def test_every_cell_of_every_engine_is_ok(project: Project, done: Done) -> None:
    assert done.code == 0, done.all
    cells = [(c["query"], c["engine"], c["outcome"]) for c in project.results()["cells"]]
    assert cells == [(q, engine, "ok") for q in ("q1", "q2", "q3") for engine in DEFAULT]
    assert f"{3 * len(DEFAULT)} passed" in done.out


def test_each_cell_has_its_line_and_each_query_its_heading(done: Done) -> None:
    assert re.search(r"^that::q2  memory · own · \d+ of \d+  The mean of each$", done.out, re.M)
    for engine in DEFAULT:
        line = rf"^  {engine} +ok +[\d.]+ .?s (±\d+% )?in \d+ rounds? · cold .*s · peak \d+ MB$"
        assert len(re.findall(line, done.out, re.MULTILINE)) == 3
    assert all(len(line) <= 80 for line in done.out.splitlines() if " ok " in line)


def test_the_engines_are_ranked_as_on_the_page(project: Project, done: Done) -> None:
    ranked = ranking(project.result_files[0])
    assert {each.engine for each in ranked} == set(DEFAULT)
    rows = re.findall(r"^ (\w+) +([\d.]+×) +([\d.–]*) +(\d+) +(\d+) +(\d+) +3 of 3", done.out, re.M)
    assert rows == [
        (each.engine, each.ratio, each.interval, *map(str, (each.wins, each.ties, each.unclear)))
        for each in ranked
    ]


def test_the_results_file_has_every_field_that_its_description_names(
    project: Project, done: Done
) -> None:
    results = project.results()
    described = _described_fields()
    assert described["The results format, version 1"] <= results.keys()
    assert {"machine_info", "commit_info", "datetime", "version"} <= results.keys()
    assert all(described["An entry of `cells`"] == cell.keys() for cell in results["cells"])
    for benchmark in results["benchmarks"]:
        assert described["An entry of `benchmarks`"] == benchmark["extra_info"].keys()


def _described_fields() -> dict[str, set[str]]:
    """Returns fields in results/README.md: section -> names in the first column of its table."""
    text = (ROOT / "results" / "README.md").read_text()
    sections = re.split(r"^#+ ", text, flags=re.MULTILINE)[1:]
    return {
        section.split("\n")[0]: {
            name
            for row in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
            for name in re.findall(r"`(\w+)`", row)
        }
        for section in sections
    }


def test_an_ok_cell_keeps_every_round_and_what_it_took(project: Project, done: Done) -> None:
    for benchmark in project.results()["benchmarks"]:
        info, rounds = benchmark["extra_info"], benchmark["stats"]["data"]
        name = f"{info['query']}[{info['engine']}-memory-own]"
        assert (benchmark["name"], benchmark["fullname"]) == (name, f"that.yaml::{name}")
        assert benchmark["group"] == f"that::{info['query']} memory own"
        assert benchmark["params"]["engine"] == info["engine"]
        assert benchmark["stats"]["rounds"] == len(rounds)
        assert len(rounds) == len(info["cpu_seconds"]) == len(info["turns"]) >= 1
        assert len(rounds) == 1 or sum(rounds[:-1]) < 0.01  # as --benchmark-max-time asks
        assert info["turns"][0] == 0 and info["turns"] == sorted(info["turns"])
        assert info["interleaved"] is True
        assert all(seconds > 0 for seconds in (*rounds, info["cold_seconds"]))
        assert info["peak_bytes"] >= info["baseline_bytes"] > 2**20
        assert info["engine_version"] and info["rows"] == {"q1": 3, "q2": 3, "q3": 1}[info["query"]]


def test_the_programs_are_the_texts_that_were_run(project: Project, done: Done) -> None:
    results = project.results()
    programs = {c["engine"]: results["programs"][c["program_sha256"]] for c in results["cells"]}
    assert programs["duckdb"] == "select sum(k) as total from t where x > 0.5"
    assert programs["polars"].startswith("import polars as pl\n")


def test_no_host_name_is_published(project: Project, done: Done) -> None:
    results = project.results()
    assert results["machine_info"]["node"] == results["machine"]["name"]


def test_the_report_stands_beside_and_shows_a_title_as_text(project: Project, done: Done) -> None:
    page = (project.folder / "results" / "index.html").read_text()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert(1)" not in page


def test_pytest_benchmarks_own_file_holds_the_same(project: Project, done: Done) -> None:
    own = json.loads((project.folder / "mine.json").read_text())
    assert own["cells"] == project.results()["cells"]
    assert own["benchmarks"] == project.results()["benchmarks"]


def test_a_later_run_is_compared_with_the_saved_one_cell_by_cell(
    project: Project, done: Done
) -> None:
    node = "that.yaml::q1[polars-memory-own]"
    later = project.benchmark(node, "--benchmark-compare", "-v")
    assert later.code == 0, later.all
    assert re.search(r"^q1\[polars-memory-own\] \(0001_\w+", later.out, re.MULTILINE)
    assert re.search(r"^q1\[polars-memory-own\] \(NOW\)", later.out, re.MULTILINE)
    line = rf"^{re.escape(node)} ok .* rounds? · cold .*\[100%\]$"
    assert re.search(line, later.out, re.MULTILINE), later.out
    assert [cell["engine"] for cell in project.results()["cells"]] == ["polars"]


def test_cells_are_collected_under_readable_names_and_nothing_is_run(project: Project) -> None:
    files = project.result_files
    listed = project.benchmark("that.yaml", "--collect-only", "-q", "--input", "parquet,csv")
    assert listed.code == 0
    expected = [
        f"that.yaml::{query}[{engine}-{source}-own]"
        for query in ("q1", "q2", "q3")
        for source in ("parquet", "csv")
        for engine in DEFAULT
    ]
    assert [line for line in listed.out.splitlines() if "::" in line] == expected
    assert project.result_files == files


def test_one_machine_keeps_its_results_in_one_folder(project: Project, done: Done) -> None:
    assert {file.parent.name for file in project.result_files} == {
        project.results()["machine"]["name"]
    }


def test_a_clock_that_was_set_back_is_told(tmp_path: Path) -> None:
    """The page takes the run that began last, by the clock, for the newest."""
    project = Project(tmp_path).write(that_yaml=YAML, t_csv="k,x\n1,0.0\n")
    quick = ("that.yaml::q3", "--engines", "duckdb", "--benchmark-max-time", "0.01")
    assert "began later" not in project.benchmark(*quick).out
    (first,) = project.result_files
    later = first.rename(first.with_name("2199-01-01T000000Z.json"))
    first.with_name("before.json").write_text("{}")
    said = " ".join(project.benchmark(*quick).out.split())
    assert f"{later.name} began later, by this machine's clock: of cells that both" in said
