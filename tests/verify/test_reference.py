"""A reference is computed in a second way before an answer is called wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import harness.verify.reference
from harness.answer import AnswerSpec, SortKey
from harness.data.budget import CacheBudget
from harness.errors import NoReference, Unsupported
from harness.plan import compile_query
from harness.tables import Table
from harness.types import Column, Type
from harness.verify.referee import Referee
from harness.verify.reference import OTHER_WAYS, References
from harness.verify.requests import Check, Compute, Reference, StartReferee

SCHEMA = (Column("k", Type.INT64), Column("n", Type.INT64))
PLAIN = AnswerSpec(SCHEMA, "select k, count(*) as n from t group by k")
LIMITED = AnswerSpec(
    SCHEMA,
    "select k, count(*) as n from t group by k order by n limit 1",
    order=(SortKey("n"),),
    limit=1,
    widened_sql=(
        "select *, rank() over (order by n) as __rank "
        "from (select k, count(*) as n from t group by k)"
    ),
)
RIGHT = {"k": [1, 2, 3], "n": [2, 1, 1]}


@pytest.fixture
def table(tmp_path: Path) -> Table:
    file = tmp_path / "t.parquet"
    pq.write_table(pa.table({"k": [1, 1, 2, 3]}), file)
    return Table("t", (Column("k", Type.INT64, False),), 4, (file,))


@pytest.fixture
def referee(tmp_path: Path) -> Iterator[Referee]:
    with Referee(
        CacheBudget(tmp_path / "cache", "run", 0), tmp_path / "scratch", threads=1
    ) as referee:
        yield referee


def answer(folder: Path, **columns: Sequence[float]) -> Path:
    file = folder / "answer.parquet"
    pq.write_table(pa.table(columns), file)
    return file


def plant(reference: Reference, columns: dict[str, list[int]]) -> None:
    """Overwrites a reference's file with other columns, as a bug would give them."""
    table = pa.table(columns)
    with pa.OSFile(str(reference.path), "wb") as file, pa.ipc.new_file(file, table.schema) as out:
        out.write_table(table)


@pytest.mark.parametrize(
    "name", ["tables", "databases", "schemas", "variables", "columns", "duckdb_tables", "pg_class"]
)
def test_a_table_may_be_called_what_duckdb_lists(
    referee: Referee, table: Table, name: str, tmp_path: Path
) -> None:
    spec = AnswerSpec(SCHEMA, f"select k, count(*) as n from {name} group by k")
    reference = referee.reference({name: replace(table, name=name)}, "v1", spec)
    assert referee.check(answer(tmp_path, **RIGHT), spec, reference) is None


@pytest.mark.parametrize("spec", [PLAIN, LIMITED])
def test_a_wrong_answer_is_wrong_by_both_references(
    referee: Referee, table: Table, tmp_path: Path, spec: AnswerSpec
) -> None:
    reference = referee.reference({"t": table}, "v1", spec)
    wrong = answer(tmp_path, k=[1, 2, 3], n=[2, 1, 7])
    reason = referee.check(wrong, spec, reference)
    assert reason is not None
    assert "DuckDB" not in reason


REPEATED = "select k, k, avg(k) from t group by k order by k limit 3"


def test_names_that_duckdb_repeats_or_makes_up_are_no_other_answer(
    referee: Referee, table: Table, tmp_path: Path
) -> None:
    """Variants of the query give its second ``k`` and its ``avg(k)`` other names than it does."""
    spec = compile_query(REPEATED, {"t": table.schema}).spec
    reference = referee.reference({"t": table}, "v1", spec)
    right = {"k": [1, 2, 3], "k_1": [1, 2, 3], "avg(k)": [1.0, 2.0, 3.0]}
    assert referee.check(answer(tmp_path, **right), spec, reference) is None
    wrong = answer(tmp_path, **{**right, "k_1": [1, 2, 7]})
    reason = referee.check(wrong, spec, reference)
    assert reason is not None and "k_1" in reason and "DuckDB" not in reason


def test_an_answer_that_only_the_second_reference_gives_is_not_called_wrong(
    referee: Referee, table: Table, tmp_path: Path
) -> None:
    reference = referee.reference({"t": table}, "v1", PLAIN)
    plant(reference, {"k": [1, 2], "n": [2, 1]})
    with pytest.raises(NoReference) as raised:
        referee.check(answer(tmp_path, **RIGHT), PLAIN, reference)
    assert str(raised.value) == (
        "DuckDB contradicts itself: without its optimizer, it answers otherwise "
        "(3 rows, expected 2; unexpected: (k=3, n=1)); this answer equals that one"
    )


def test_an_answer_that_neither_reference_gives_is_told(
    referee: Referee, table: Table, tmp_path: Path
) -> None:
    reference = referee.reference({"t": table}, "v1", PLAIN)
    plant(reference, {"k": [1, 2], "n": [2, 1]})
    with pytest.raises(NoReference, match="this answer equals neither"):
        referee.check(answer(tmp_path, k=[1], n=[2]), PLAIN, reference)


def test_an_answer_is_not_called_wrong_where_a_sum_is_too_wide(
    referee: Referee, tmp_path: Path
) -> None:
    file = tmp_path / "t.parquet"
    pq.write_table(pa.table({"k": [1, 1, 2], "h": [2**63 - 1, 2**63 - 1, 5]}), file)
    table = Table("t", (Column("k", Type.INT64), Column("h", Type.INT64)), 3, (file,))
    spec = AnswerSpec(SCHEMA, "select k, sum(h) as n from t group by k")
    reference = referee.reference({"t": table}, "wide", spec)
    around = answer(tmp_path, k=[1, 2], n=[-2, 5])
    with pytest.raises(Unsupported, match="a sum of whole numbers that passes 64 bits"):
        referee.check(around, spec, reference)
    of_two = AnswerSpec(SCHEMA, "select k, sum(h) as n from t where k = 2 group by k")
    reference = referee.reference({"t": table}, "wide", of_two)
    assert referee.check(answer(tmp_path, k=[2], n=[4]), of_two, reference) is not None


def test_ties_at_a_limit_are_allowed_by_the_second_reference_too(
    referee: Referee, table: Table, tmp_path: Path
) -> None:
    reference = referee.reference({"t": table}, "v1", LIMITED)
    plant(reference, {"k": [9], "n": [1], "__rank": [1]})
    with pytest.raises(NoReference, match="this answer equals that one"):
        referee.check(answer(tmp_path, k=[3], n=[1]), LIMITED, reference)


def test_a_join_by_commas_that_comes_to_no_end_is_asked_with_filters_pushed_down(
    tmp_path: Path,
) -> None:
    file = tmp_path / "t.parquet"
    pq.write_table(pa.table({"k": range(300_000)}), file)
    table = Table("t", (Column("k", Type.INT64, False),), 300_000, (file,))
    sql = "select count(*) as n, min(a.k) as k from t a, t b where a.k = b.k and a.k % 7 = b.k % 7"
    spec = AnswerSpec((Column("n", Type.INT64), Column("k", Type.INT64)), sql)
    references = References(other_way_seconds=1.0)
    references.start(StartReferee(CacheBudget(tmp_path / "cache", "run", 0), threads=1))
    planted = references.reference(Compute((table,), "v1", spec))
    plant(planted, {"n": [1], "k": [0]})
    right = answer(tmp_path, n=[300_000], k=[0])
    doubt = references.check(Check(right, spec, planted)).doubt
    assert doubt is not None
    assert doubt.startswith(f"DuckDB contradicts itself: {list(OTHER_WAYS)[1]}, it answers")


def test_a_reference_that_does_not_fit_its_memory_is_given_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "t.parquet"
    pq.write_table(pa.table({"k": range(300_000)}), file)
    table = Table("t", (Column("k", Type.INT64, False),), 300_000, (file,))
    sql = "select count(*) as n from (select list(k) as l from t group by k % 3)"
    real, bounds = harness.verify.reference.open_database, []

    def tight(*arguments: Any, memory: str | None = "1MB") -> Any:
        bounds.append(memory)
        return real(*arguments, memory=memory)

    monkeypatch.setattr(harness.verify.reference, "open_database", tight)
    monkeypatch.chdir(tmp_path)
    references = References()
    references.start(StartReferee(CacheBudget(tmp_path / "cache", "run", 0), threads=1))
    spec = AnswerSpec((Column("n", Type.INT64),), sql)
    path = references.reference(Compute((table,), "v1", spec)).path
    assert bounds == ["1MB", None]
    with pa.memory_map(str(path)) as source:
        assert pa.ipc.open_file(source).read_all()["n"].to_pylist() == [3]
