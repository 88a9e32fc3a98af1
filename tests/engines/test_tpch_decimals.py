"""TPC-H with money as decimals: DuckDB answers all, programs the queries that read no money."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.data.cache import Cache
from harness.data.prepare import prepare
from harness.errors import DataUnavailable
from harness.tables import Input
from harness.workload.file import load
from tests.places import WORKLOADS
from tests.support.in_process import InProcess, installed

WORKLOAD = """
data: {{generator: tpch, sizes: {{s: {{scale: 0.01, money: {money}}}}}}}
queries: {{q: select count(*) as n from region}}
"""
QUERIES = load(WORKLOADS / "tpch.yaml").queries
WITHOUT_MONEY = {"q04", "q12", "q13", "q16", "q21"}


def tables_with(money: str, folder: Path) -> dict[str, pa.Table]:
    file = folder / f"{money}.yaml"
    file.write_text(WORKLOAD.format(money=money))
    try:
        with Cache(folder / "cache") as cache:
            prepared = prepare(load(file), "s", Input.MEMORY, cache)
    except DataUnavailable as error:
        pytest.skip(str(error))
    return {name: pq.read_table(table.parquet[0]) for name, table in prepared.tables.items()}


@pytest.fixture(scope="module")
def decimals(tmp_path_factory: pytest.TempPathFactory) -> InProcess:
    folder = tmp_path_factory.mktemp("decimals")
    return InProcess(tables_with("decimal", folder), folder, optimized=True)


def test_decimals_are_the_same_money_as_floats(tmp_path: Path) -> None:
    floats, decimals = (tables_with(money, tmp_path)["orders"] for money in ("float", "decimal"))
    assert decimals["o_totalprice"].type == pa.decimal128(15, 2)
    assert [float(x) for x in decimals["o_totalprice"].to_pylist()] == (
        floats["o_totalprice"].to_pylist()
    )


def test_duckdb_computes_decimals_exactly(decimals: InProcess) -> None:
    lines = pq.read_table(decimals.tables["lineitem"].parquet[0])
    total = sum(lines["l_extendedprice"].to_pylist(), Decimal(0))
    sql = "select sum(l_extendedprice) as s from lineitem"
    assert decimals.answer("duckdb", sql)["s"].to_pylist() == [total]


@pytest.mark.parametrize("engine", installed(reads=Input.MEMORY))
def test_every_answer_over_decimals_is_right_or_unsupported(
    decimals: InProcess, engine: str
) -> None:
    right = set()
    for query in QUERIES:
        verdict = decimals.verdict(engine, query.sql)
        assert verdict.outcome in ("ok", "unsupported"), f"{query.name}: {verdict}"
        if verdict.outcome == "ok":
            right.add(query.name)
        else:
            assert "decimal" in verdict.reason.lower()
    assert right == ({q.name for q in QUERIES} if engine == "duckdb" else WITHOUT_MONEY)
