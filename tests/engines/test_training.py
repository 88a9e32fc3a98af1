"""Rows that train a model: all engines hand the same batches over, and train the same model."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from sklearn.linear_model import SGDClassifier

from harness.answer import Training
from harness.engines import get, names
from harness.engines.gaps import BATCHES, TABLE_ORDER, Refused
from harness.engines.training import cut, of_arrow, trained
from harness.errors import WorkloadError
from harness.plan import CompiledQuery, compile_query
from harness.tables import Input
from tests.support.in_process import InProcess, installed

ROWS = 5_000
CLASSIFIER = Training("sgd-classifier", "y", 700, (0, 1))
REGRESSOR = Training("sgd-regressor", "b", 999)
QUERIES = {
    "in the order of the table": "select a, b, k / 9 as part, y from rides where k > 1",
    "in the order of the table, all rows": "select k, y, b from rides",
    "in the order of the table, in steps": """
        select u / 2 as u, v + u as v, y, b
        from (select a + b as u, k as v, y, b from rides where k < 9) as sums
        where u > 0.25 and v <> 4
    """,
    "in an order of its own": "select a * 2 as a, y, b from rides order by k desc, id",
    "of groups": """
        select k + 0 as key, sum(a) / 1000 as a, count(*) as n, avg(b) as b, max(y) as y
        from rides group by k, id % 50 order by k, id % 50
    """,
    "the first ones": "select b, a, y from rides order by b, id limit 1500",
}


@pytest.fixture(scope="module")
def rides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    random = np.random.default_rng(7)
    a, b = random.random(ROWS), np.round(random.normal(size=ROWS), 3)
    table = pa.table(
        {
            "id": np.arange(ROWS),
            "a": a,
            "b": b,
            "k": random.integers(0, 10, ROWS),
            "y": (a + b > 0.5).astype("int64"),
            "gap": pa.array([None, *a[1:]]),
            "word": [f"w{n % 7}" for n in range(ROWS)],
        }
    )
    with InProcess({"rides": table}, tmp_path_factory.mktemp("rides")) as started:
        yield started


def compiled(rides: InProcess, sql: str, train: Training) -> CompiledQuery:
    return compile_query(sql, {"rides": rides.tables["rides"].schema}, train=train)


def model(rides: InProcess, engine: str, source: Input, query: CompiledQuery) -> pa.Table:
    """Returns the terms of the model that an engine's batches train."""
    session = rides._session(engine, source)
    session.prepare(get(engine).program(query, rides.tables, source))
    return trained(session.batches(query.spec), query.spec).terms(query.spec)


def reference(rides: InProcess, query: CompiledQuery) -> pa.Table:
    answer = rides.reference.sql(query.sql).to_arrow_table()
    return trained(of_arrow(answer.to_batches(), query.spec), query.spec).terms(query.spec)


@pytest.mark.parametrize("train", [CLASSIFIER, REGRESSOR], ids=lambda train: train.model)
@pytest.mark.parametrize("title", QUERIES)
@pytest.mark.parametrize("engine", installed(serving=True))
def test_every_engine_trains_the_same_model(
    rides: InProcess, engine: str, title: str, train: Training
) -> None:
    query = compiled(rides, QUERIES[title], train)
    expected, kind = reference(rides, query), get(engine)
    for source in sorted(kind.reads - {Input.CSV}):
        try:
            found = model(rides, engine, source, query)
        except Refused as error:
            assert error.gap in kind.gaps
            continue
        assert found["term"].equals(expected["term"])
        np.testing.assert_allclose(found["coefficient"], expected["coefficient"], rtol=1e-9)


def test_an_engine_hands_batches_over_or_declares_that_nobody_has_written_it() -> None:
    for name in names():
        engine = get(name)
        assert bool(engine.hands_over) != (BATCHES in engine.gaps), name
        if engine.hands_over:
            assert engine.keeps_order != (TABLE_ORDER in engine.gaps), name


def test_the_reference_is_scikit_learns_own(rides: InProcess) -> None:
    query = compiled(rides, QUERIES["in the order of the table, all rows"], CLASSIFIER)
    rows = rides.reference.sql(query.sql).df()
    by_hand = SGDClassifier(random_state=0)
    for start in range(0, ROWS, 700):
        part = rows[start : start + 700]
        by_hand.partial_fit(part[["k", "b"]].to_numpy("float64"), part["y"], classes=[0, 1])
    found = dict(zip(*reference(rides, query).to_pydict().values(), strict=True))
    assert [found["'k'"], found["'b'"]] == by_hand.coef_[0].tolist()
    assert found["rows"] == ROWS and found["the intercept"] == by_hand.intercept_[0]


@pytest.mark.parametrize("sizes", [[], [1], [700], [699, 1, 1], [2_000, 3], [1] * 1_401])
def test_batches_of_any_sizes_are_cut_to_equal_ones(sizes: list[int]) -> None:
    values = np.arange(sum(sizes) * 2).reshape(-1, 2)
    edges = np.cumsum([0, *sizes])
    parts = [(values[a:b], values[a:b, 0]) for a, b in pairwise(edges)]
    found = list(cut(parts, 700))
    assert [len(target) for _, target in found[:-1]] == [700] * (len(found) - 1)
    assert all(x.dtype == y.dtype == "float64" and x.flags.c_contiguous for x, y in found)
    if found:
        assert np.array_equal(np.concatenate([x for x, _ in found]), values)
        assert np.array_equal(np.concatenate([y for _, y in found]), values[:, 0])


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("select a, b from rides", "no column 'y'; columns: a, b"),
        ("select y from rides", "no column but the target"),
        ("select word, y from rides", "'word' is of type string, and a model learns from numbers"),
        ("select a > 0.5 as late, y from rides", "'late' is of type boolean"),
        ("select k, max(y) as y from rides group by k", "needs an ORDER BY"),
        ("select r.a, s.y from rides r join rides s on r.id = s.k", "needs an ORDER BY"),
        ("select a, y from rides limit 10", "needs an ORDER BY"),
        ("select distinct a, y from rides order by a + y", "must be a column of the answer"),
    ],
)
def test_what_no_model_can_be_trained_on_is_refused_before_anything_runs(
    rides: InProcess, sql: str, words: str
) -> None:
    with pytest.raises(WorkloadError) as raised:
        compiled(rides, sql, CLASSIFIER)
    assert words in str(raised.value)


@pytest.mark.parametrize("engine", sorted({"duckdb", "pandas", "polars", "pyarrow", "sqlite"}))
def test_null_is_named_as_the_reason(rides: InProcess, engine: str) -> None:
    query = compiled(rides, "select gap, b, y from rides order by id", CLASSIFIER)
    with pytest.raises(ValueError, match="'gap' has NULL, NaN or infinity"):
        model(rides, engine, Input.MEMORY, query)


def test_a_last_batch_of_one_row_has_no_score(rides: InProcess) -> None:
    query = compiled(rides, "select a, b from rides", Training("sgd-regressor", "b", ROWS - 1))
    answer = rides.reference.sql(query.sql).to_arrow_table()
    found = trained(of_arrow(answer.to_batches(), query.spec), query.spec)
    assert found.rows == ROWS and found.score() is None


def test_nothing_to_train_on_is_an_error(rides: InProcess) -> None:
    query = compiled(rides, "select a, y from rides where k > 100", CLASSIFIER)
    with pytest.raises(ValueError, match="no rows to train on"):
        reference(rides, query)
