"""Queries whose rows train a model, through ``pytest --benchmark``: figures, faults, the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.benchmark_runs import Done, Project, fakes, outcomes, reasons

ROWS = "".join(f"{n},{n % 7 / 10},{'' if n == 40 else n % 5},{n // 20},w{n}\n" for n in range(60))
TABLE = f"id,x,gap,k,word\n{ROWS}"
YAML = """\
tables: {t: t.csv}
queries:
  order_of_table:
    train: {model: sgd-regressor, target: y, batch_rows: 7}
    sql: select t.x, t.k / 3 as k, t.x * 2 + t.k as y from t
  ties:
    train: {model: sgd-regressor, target: y, batch_rows: 7}
    sql: select t.x, t.k as y from t order by t.k
  same_rows:
    train: {model: sgd-regressor, target: y, batch_rows: 7}
    sql: select t.k / 3 as k, t.k as y from t order by t.k
  gap:
    train: {model: sgd-regressor, target: y, batch_rows: 7}
    sql: select t.x, t.gap, t.k as y from t order by t.id
  classes:
    train: {model: sgd-classifier, target: k, batch_rows: 7}
    sql: select t.x, t.k from t order by t.id
  all_classes:
    train: {model: sgd-classifier, target: k, batch_rows: 7, classes: [0, 1, 2]}
    sql: select t.x, t.k from t order by t.id
"""
ENGINES = ("duckdb", "polars")
REFUSED = {
    "ties": "rows tie under the ORDER BY, and a model depends on the order of its rows",
    "gap": "the column 'gap' has NULL, NaN or infinity, from which no model can learn",
    "classes": "the target 'k' has values beside the classes [0, 1]: name all of them",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("training")).write(w_yaml=YAML, t_csv=TABLE)


@pytest.fixture(scope="module")
def done(project: Project) -> Done:
    return project.benchmark("w.yaml", "-v", "--engines", ",".join(ENGINES))


def test_what_no_model_can_learn_from_is_an_error_of_the_query_on_all_engines(
    project: Project, done: Done
) -> None:
    cells = project.results()["cells"]
    assert done.code == 1
    for cell in cells:
        reason = REFUSED.get(cell["query"])
        assert cell["outcome"] == ("ok" if reason is None else "error"), cell
        assert (reason or "") in cell["reason"]
    assert len(cells) == 6 * len(ENGINES)


def test_the_two_parts_of_a_run_are_recorded_and_shown(project: Project, done: Done) -> None:
    for entry in project.results()["benchmarks"]:
        info = entry["extra_info"]
        parts = info["hand_over_seconds"], info["training_seconds"]
        assert all(part > 0 for part in parts)
        assert sum(parts) <= max(entry["stats"]["data"]) * 1.01
        assert info["rows"] == 60 and info["training_score"] <= 1
    assert done.out.count("hand-over ") == done.out.count("· training ") == 3 * len(ENGINES)
    assert " · score " in done.out and "M rows/s" in done.out
    page = next((project.folder / "results").glob("index.html")).read_text()
    assert "Rows handed over" in page and "Score on the last batch" in page


def test_the_program_that_is_shown_is_the_one_that_hands_batches_over(
    project: Project, done: Done
) -> None:
    texts = project.results()["programs"].values()
    assert len(texts) == 6 * len(ENGINES)
    for text in texts:
        assert "they are cut to 7 rows, and train (target: '" in text
        assert ".partial_fit(features, target" in text


def test_an_engine_that_hands_other_rows_over_is_found_wrong(tmp_path: Path) -> None:
    sql = "select t.x, t.k from t order by t.id"
    train = "{model: sgd-regressor, target: k, batch_rows: 7}"
    yaml = f"tables: {{t: t.csv}}\nqueries:\n  q: {{sql: '{sql}', train: {train}}}\n"
    project = Project(tmp_path).write(w_yaml=yaml, t_csv=TABLE)
    project.benchmark("w.yaml", "--engines", fakes("Ordered", "Reordered", "Shortened"))
    found = project.results()
    assert outcomes(found) == {"Ordered": "ok", "Reordered": "wrong", "Shortened": "wrong"}
    told = reasons(found)
    assert "it was trained on other rows, or on these in another order" in told["Reordered"]
    assert "the model was trained on 59 rows, the reference on 60" in told["Shortened"]


BAD = """\
tables: {t: t.csv}
queries:
  no_order:
    train: {model: sgd-regressor, target: x}
    sql: select max(x) as x, k from t group by k
  no_target:
    train: {model: sgd-regressor, target: y}
    sql: select k, x from t
  text:
    train: {model: sgd-regressor, target: k}
    sql: select word, k from t
"""


def test_a_mistake_is_told_with_file_and_line_before_anything_runs(tmp_path: Path) -> None:
    project = Project(tmp_path).write(w_yaml=BAD, t_csv=TABLE)
    done = project.benchmark("w.yaml", "--engines", "duckdb", "--collect-only")
    assert done.code != 0
    for line, words in {
        5: "the query needs an ORDER BY that puts each row in its place",
        8: "the answer has no column 'y'",
        11: "the column 'word' is of type string",
    }.items():
        told = next(text for text in done.all.splitlines() if f"w.yaml:{line}: " in text)
        assert words in told


def test_without_scikit_learn_the_cell_is_unavailable(tmp_path: Path) -> None:
    lacking = "import sys\nsys.modules['sklearn'] = None\n"
    only = YAML.partition("  ties:")[0]
    project = Project(tmp_path).write(w_yaml=only, t_csv=TABLE, conftest_py=lacking)
    done = project.benchmark("w.yaml", "--engines", "duckdb", "-rs")
    (cell,) = project.results()["cells"]
    assert cell["outcome"] == "unavailable"
    assert "python -m pip install scikit-learn" in cell["reason"] and done.code != 1
