"""The programs for cuDF, run by a stand-in with cuDF's rules: the answers that are expected."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.engines.cudf_expressions import CudfExpressions
from tests import fake_cudf, fake_rmm
from tests.in_process import InProcess, read_tables
from tests.test_semantics import QUERIES, expected, sources

HERE = Path(__file__).parent / "semantics"
ONLY_CUDF = {
    "large integers in a running sum": "pandas' moving frames are of floats",
    "moving aggregates of dates": "pandas has moving frames of numbers only",
    **dict.fromkeys(
        (
            "NaN is greater than any number",
            "NaN is not less than any number",
            "NaN is unequal to numbers",
            "NaN as a condition of a CASE",
            "a number less than NaN",
        ),
        "pandas' masked floats take NaN for NULL",
    ),
    "a CASE of tests of text that are compared": "pandas' booleans with NULLs are objects",
    "padded text to integer": "Arrow parses the texts here",
    "text of a fraction to integer": "Arrow parses the texts here",
}
"""What the stand-in, being pandas, does otherwise -> why."""


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> InProcess:
    return InProcess(read_tables(HERE / "tables.yaml"), tmp_path_factory.mktemp("cudf"))


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_rmm.install(monkeypatch)
    monkeypatch.setitem(sys.modules, "cudf", fake_cudf)


@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value):RuntimeWarning")
@pytest.mark.parametrize("title", sorted(set(QUERIES) - set(ONLY_CUDF)))
def test_the_answer_is_right_or_the_gap_is_declared(tables: InProcess, title: str) -> None:
    outcome, reason = expected("cudf", title)
    for source in sources(title):
        verdict = tables.verdict("cudf", QUERIES[title], source)
        assert verdict.outcome == outcome, f"{QUERIES[title]}\n{verdict}"
        assert reason in verdict.reason


def test_null_under_or_hides_nothing(tables: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """cuDF's ``|`` is NULL where a side is; without the guard the battery says so."""
    sql = "select id from people where k > 2 or id > 1"
    program = tables.verdict("cudf", sql).program
    assert '(people["id"] > 1) | (people["k"] > 2).fillna(False)' in program
    assert tables.verdict("cudf", sql).outcome == "ok"
    monkeypatch.setattr(CudfExpressions, "_may_be_masked", lambda self, e: False)
    assert tables.verdict("cudf", sql).outcome == "wrong"
