"""Programs for cuDF give the right answers on a stand-in that follows cuDF's rules."""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from harness import engines
from harness.data.cache import Cache
from harness.data.prepare import prepare
from harness.engines.cudf.dask_engine import DaskCudf
from harness.engines.cudf.expressions import CudfExpressions
from harness.engines.cudf.session import CudfSession
from harness.engines.pandas.expressions import PandasExpressions
from harness.engines.session import OUTPUT_FILE
from harness.errors import DataUnavailable
from harness.plan import compile_query
from harness.tables import Input
from harness.verify.compare import compare
from harness.workload.file import load
from tests.engines.test_semantics import (
    FILES,
    PLAN,
    QUERIES,
    expected,
    told,
    unsupported,
    write_unsupported,
    writes_golden,
)
from tests.fakes import cudf as fake_cudf
from tests.fakes import rmm as fake_rmm
from tests.places import SEMANTICS, WORKLOADS
from tests.support.in_process import InProcess, read_tables
from tests.support.shares import WHOLE, share

HERE = SEMANTICS
ONLY_CUDF = {
    "a mean whose sum is beyond 64 bits": "pandas' means are of floats",
    "a mean by its other name beyond 64 bits": "pandas' means are of floats",
    **dict.fromkeys(
        (
            "NaN is greater than any number",
            "NaN is not less than any number",
            "NaN is unequal to numbers",
            "NaN as a condition of a CASE",
            "a number less than NaN",
            "a quotient beside one that may be NaN",
        ),
        "pandas' masked floats take NaN for NULL",
    ),
    "IN a set with NULL as a key of ROLLUP": "pandas makes floats of integers beside NULLs alone",
    "a CASE of tests of text that are compared": "pandas' booleans with NULLs are objects",
    "padded text to integer": "Arrow parses the texts here",
    "text of a fraction to integer": "Arrow parses the texts here",
}
"""What the stand-in, being pandas, does otherwise -> why."""


SHARE = [title for title in sorted(set(QUERIES) - set(ONLY_CUDF)) if share(title, 3)]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> InProcess:
    return InProcess(read_tables(HERE / "tables.yaml"), tmp_path_factory.mktemp("cudf"))


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_rmm.install(monkeypatch)
    monkeypatch.setitem(sys.modules, "cudf", fake_cudf)


@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value):RuntimeWarning")
@pytest.mark.parametrize("title", SHARE)
def test_the_answer_is_right_or_the_gap_is_declared(tables: InProcess, title: str) -> None:
    outcome, reason = expected("cudf", title)
    verdict = tables.verdict("cudf", QUERIES[title])
    assert verdict.outcome == outcome, f"{QUERIES[title]}\n{verdict}"
    assert reason in told(verdict)
    assert verdict.gap is None or verdict.gap in engines.get("cudf").gaps


@writes_golden
@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value):RuntimeWarning")
def test_write_what_cudf_does_not_do(tables: InProcess) -> None:
    titles = QUERIES.keys() - unsupported(PLAN).keys() - set(ONLY_CUDF)
    verdicts = {title: tables.verdict("cudf", QUERIES[title]) for title in titles}
    write_unsupported(
        "cudf", {t: told(v) for t, v in verdicts.items() if v.outcome == "unsupported"}
    )


def test_null_under_or_hides_nothing(tables: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """With pandas' conditions in place of cuDF's own, the answer is found to be wrong.

    cuDF's ``|`` is NULL if one side is NULL, also where the other is true.
    """
    sql = "select id from people where k > 2 or id > 1"
    program = tables.verdict("cudf", sql).program
    assert '(people["id"] > 1) | (people["k"] > 2).fillna(False)' in program
    assert tables.verdict("cudf", sql).outcome == "ok"
    monkeypatch.setattr(CudfExpressions, "logic", PandasExpressions.logic)
    assert tables.verdict("cudf", sql).outcome == "wrong"


@pytest.mark.parametrize("workload", ["groupby", "join", "tpch"])
def test_workloads_are_answered(workload: str, tmp_path: Path) -> None:
    """Each query of a workload on its tiniest data; float sums differ in their last digits only."""
    asked = load(WORKLOADS / f"{workload}.yaml")
    size = "tiny" if "tiny" in asked.sizes else asked.sizes[0]
    try:
        with Cache(tmp_path / "cache") as cache:
            prepared = prepare(asked, size, Input.MEMORY, cache)
    except DataUnavailable as error:
        pytest.skip(str(error))
    made = {name: pq.read_table(table.parquet[0]) for name, table in prepared.tables.items()}
    tables = InProcess(made, tmp_path, optimized=True)
    source = Input.PARQUET if workload == "tpch" else Input.MEMORY
    for query in asked.queries:
        verdict = tables.verdict("cudf", query.sql, source)
        assert verdict.outcome == "ok", f"{query.name}\n{verdict}"


def test_files_are_read_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = load(WORKLOADS / "etl.yaml")
    with Cache(tmp_path / "cache") as cache:
        prepared = prepare(asked, "tiny", Input.CSV, cache)
    made = {name: pq.read_table(table.parquet[0]) for name, table in prepared.tables.items()}
    reference = InProcess(made, tmp_path, optimized=True)
    session = CudfSession(1)
    for table in prepared.tables.values():
        session.scan(table, Input.CSV)
    monkeypatch.chdir(tmp_path)
    for asked_for in asked.queries:
        query = compile_query(
            asked_for.sql, {n: t.schema for n, t in prepared.tables.items()}, write=asked_for.write
        )
        session.prepare(engines.get("cudf").compile(query, prepared.tables, Input.CSV))
        session.run()
        answer = pq.read_table(OUTPUT_FILE)
        told = compare(answer, reference.expected(asked_for.sql), query.spec, False)
        assert told is None, f"{asked_for.name}: {told}"


IN_PARTS = [t for titles in FILES.values() for t in list(titles)[3 :: 18 if WHOLE else 36]]
OF_PANDAS = "a partition is pandas' after a shuffle"
ONLY_DASK_CUDF = {
    "a count over a value tied two levels out": f"{OF_PANDAS}, and its integers with NULL floats",
    "a correlated sum of both sides": f"{OF_PANDAS}, and its integers with NULL are floats",
    "a frame of everything": f"{OF_PANDAS}, and its sum of nothing 0",
    "a sum over a partition": f"{OF_PANDAS}, and its sum of nothing 0",
    "aggregates of the key": f"{OF_PANDAS}, and its sum of nothing 0",
    "arg_max beside sums": f"{OF_PANDAS}, and its integers with NULL are floats",
    "arg_max in HAVING": f"{OF_PANDAS}, and its integers with NULL are floats",
    "arg_max with FILTER": f"{OF_PANDAS}, and its integers with NULL are floats",
    "last_value of everything that ignores NULLs": f"{OF_PANDAS}, whose transform differs",
    "moving aggregates of integers": f"{OF_PANDAS}, which has no nans_to_nulls",
    "the row of the greatest infinity": f"{OF_PANDAS}, and its integers with NULL are floats",
}


@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value):RuntimeWarning")
def test_dask_cudf_answers_a_sample_in_two_partitions(
    tables: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    dask = pytest.importorskip("dask.dataframe") and pytest.importorskip("dask")
    from tests.fakes import dask_cudf as fake_dask_cudf

    monkeypatch.setitem(sys.modules, "dask_cudf", fake_dask_cudf)
    monkeypatch.setattr(DaskCudf, "session", fake_dask_cudf.Session)
    wrong = []
    with dask.config.set({"dataframe.convert-string": False, "scheduler": "sync"}):
        for title in sorted(set(IN_PARTS) - set(ONLY_CUDF) - set(ONLY_DASK_CUDF)):
            verdict = tables.verdict("dask-cudf", QUERIES[title])
            if verdict.outcome not in ("ok", "unsupported"):
                wrong.append(f"{title}: {verdict}")
    assert wrong == []
