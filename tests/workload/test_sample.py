"""A quick run's queries: a few of each standard workload, chosen by their places alone."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.run.options import is_sample
from harness.workload.file import load
from harness.workload.sample import QUERIES, evenly, sample
from tests.places import ROOT
from tests.support.benchmark_runs import MEANS, TABLE, Project

GENERATED = """\
data: {generator: groupby, sizes: {small: {rows: 100, groups: 10}}}
queries:
""" + "".join(f"  q{n}: select id1, sum(v{n % 3 + 1}) as s from x group by id1\n" for n in range(7))
OWN = "tables: {t: ../t.csv}\nqueries:\n" + "".join(f"  mine{n}: {MEANS}\n" for n in range(5))


@pytest.mark.parametrize("count", range(1, 70))
def test_each_part_of_a_file_gives_one_query(count: int) -> None:
    places = evenly(count, QUERIES)
    if count <= QUERIES:
        assert places == list(range(count))
    else:
        assert [place * QUERIES // count for place in places] == [0, 1, 2]


def test_every_standard_workload_has_as_many_queries_in_the_sample() -> None:
    found = {file.stem: sample(load(file)) for file in sorted((ROOT / "workloads").glob("*.yaml"))}
    assert {name: len(each.queries) for name, each in found.items()} == dict.fromkeys(found, 3)
    assert 12 <= sum(len(each.queries) for each in found.values()) <= 18


def config(**chosen: Any) -> Any:
    option = {"keyword": "", "markexpr": "", "deselect": None, "lf": False, **chosen}
    args = pytest.Config.ArgsSource.ARGS if chosen.get("path") else None
    return SimpleNamespace(
        option=SimpleNamespace(**option), args_source=args, getoption=lambda name: option.get(name)
    )


def test_nothing_that_was_chosen_is_left_out() -> None:
    assert is_sample(config())
    for chosen in ({"path": True}, {"keyword": "q1"}, {"markexpr": "x"}, {"full": True}):
        assert not is_sample(config(**chosen))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "workloads").mkdir()
    (tmp_path / "workloads" / "made.yaml").write_text(GENERATED)
    (tmp_path / "workloads" / "own.yaml").write_text(OWN)
    return Project(tmp_path).write(t_csv=TABLE)


def test_a_file_over_one_s_own_tables_is_run_whole_and_the_choice_is_told(project: Project) -> None:
    arguments = ("--benchmark", "--collect-only", "--engines", "duckdb")
    done = project.pytest(*arguments)
    found = [line.split()[1] for line in done.out.splitlines() if "<Function" in line]
    made = [f"q{n}[duckdb-memory-small]>" for n in (1, 3, 5)]
    assert found == [*made, *(f"mine{n}[duckdb-memory-own]>" for n in range(5))], done.all
    told = "a sample: 8 of 12 queries, 3 of each workload, evenly spaced; --full runs all"
    assert told in done.out.splitlines()
    full = project.pytest(*arguments, "--full")
    assert (full.out.count("<Function"), "a sample" in full.out) == (12, False)
