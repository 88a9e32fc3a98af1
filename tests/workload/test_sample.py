"""A quick run's queries: a few of each standard workload, chosen by their places alone."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.run.options import is_sample
from harness.workload.file import load
from harness.workload.sample import evenly, sample
from tests.places import ROOT
from tests.support.benchmark_runs import MEANS, TABLE, Project

GENERATED = """\
data: {generator: groupby, sizes: {small: {rows: 100, groups: 10}}}
queries:
""" + "".join(
    f"  q{n}: select id1, sum(v{n % 3 + 1}) as s from x group by id1\n" for n in range(20)
)
OWN = "tables: {t: ../t.csv}\nqueries:\n" + "".join(f"  mine{n}: {MEANS}\n" for n in range(5))


@pytest.mark.parametrize("wanted", [1, 2, 3])
def test_each_part_of_a_file_gives_one_query(wanted: int) -> None:
    assert evenly(wanted, wanted) == list(range(wanted))
    for count in range(wanted, 70):
        places = evenly(count, wanted)
        assert [place * wanted // count for place in places] == list(range(wanted))


def test_every_kind_of_work_has_its_share_of_the_sample() -> None:
    files = [load(file) for file in sorted((ROOT / "workloads").glob("*.yaml"))]
    shares = [len(sample(file).queries) / max(1.0, len(file.queries) / 10) for file in files]
    assert all(0.6 < share < 1.4 for share in shares)
    assert 12 <= sum(len(sample(file).queries) for file in files) <= 20


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
    made = [f"q{n}[duckdb-memory-small]>" for n in (5, 15)]
    assert found == [*made, *(f"mine{n}[duckdb-memory-own]>" for n in range(5))], done.all
    told = "a sample: 7 of 25 queries, evenly spaced over each workload; --full runs all"
    assert told in done.out.splitlines()
    full = project.pytest(*arguments, "--full")
    assert (full.out.count("<Function"), "a sample" in full.out) == (25, False)
