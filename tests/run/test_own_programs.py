"""A user's own programs: beside the compiled ones, without SQL, and with their errors' lines."""

from __future__ import annotations

import pytest

from tests.support.benchmark_runs import MEANS, TABLE, Done, Project

YAML = f"""\
tables: {{t: t.csv}}
queries:
  beside:
    sql: {MEANS}
    native: {{pandas: mine.py:means}}
  alone:
    native: {{pandas: ["mine.py:means", "mine.py:other"], polars: mine.py:lazy}}
  faults:
    sql: {MEANS}
    native: {{pandas: [mine.py:typo, mine.py:series], polars: mine.py:uncollected}}
"""
MINE = """\
import polars as pl


def means(t):
    return t("t").groupby("k", as_index=False).agg(mean=("x", "mean"))


def other(t):
    return means(t).fillna(0.0)


def lazy(t):
    return uncollected(t).collect()


def uncollected(t):
    return t("t").group_by("k").agg(mean=pl.col("x").mean())


def typo(t):
    frame = t("t")
    return frame.groupby("kk").mean()


def series(t):
    return t("t").groupby("k")["x"].mean()
"""


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Done]:
    project = Project(tmp_path_factory.mktemp("own"))
    project.write(own_yaml=YAML, mine_py=MINE, t_csv=TABLE)
    return project, project.benchmark("own.yaml", "--engines", "pandas,polars")


def outcomes(project: Project, query: str) -> dict[str, tuple[str, str]]:
    cells = [cell for cell in project.results()["cells"] if cell["query"] == query]
    return {cell["engine"]: (cell["outcome"], cell["reason"]) for cell in cells}


def test_an_own_program_runs_beside_the_compiled_one(done: tuple[Project, Done]) -> None:
    project, _ = done
    found = outcomes(project, "beside")
    names = ["pandas", "pandas-mine=pandas", "polars"]
    assert found == dict.fromkeys(names, ("ok", ""))
    cells = {cell["engine"]: cell for cell in project.results()["cells"][:2]}
    texts = [project.results()["programs"][cell["program_sha256"]] for cell in cells.values()]
    assert "query = means" not in texts[0] and texts[1].endswith("query = means\n")
    assert project.results()["engines"]["pandas-mine=pandas"]["label"] == "pandas: mine"


def test_programs_without_sql_are_checked_against_the_first(done: tuple[Project, Done]) -> None:
    project, _ = done
    first = "pandas-mine.means=pandas"
    reason = f"not as {first} answers: row 1, column 'mean': 0.0, expected NULL"
    found = outcomes(project, "alone")
    assert found.pop("pandas-mine.other=pandas")[0] == "wrong", reason
    assert found == {first: ("ok", ""), "polars-mine=polars": ("ok", "")}
    sql = project.results()["workloads"]["own"]["queries"]["alone"]["sql"]
    assert sql == (
        "-- no SQL: programs that are checked against each other: "
        "mine.py:means, mine.py:other, mine.py:lazy"
    )


def test_an_error_names_the_users_own_line(done: tuple[Project, Done]) -> None:
    project, _ = done
    found = outcomes(project, "faults")
    _, typo = found["pandas-mine.typo=pandas"]
    assert typo == "KeyError: 'kk' (mine.py:22, in typo); did you mean 'k'?"
    assert "returns a Series instead of a DataFrame: end it with .reset_index()" in str(
        found["pandas-mine.series=pandas"]
    )
    assert "returns a LazyFrame instead of a DataFrame: end it with .collect()" in str(
        found["polars-mine=polars"]
    )
