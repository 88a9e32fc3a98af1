"""The workloads that are shipped load, and their queries give sensible answers in DuckDB."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from harness.data.cache import Cache
from harness.data.prepare import prepare
from harness.errors import DataUnavailable
from harness.tables import Input
from harness.workload.file import Workload, load
from tests.places import WORKLOADS

FOLDER = WORKLOADS

SHIPPED = tuple(sorted(file.stem for file in FOLDER.glob("*.yaml") if file.stem != "tpch"))

ROWS = {
    "groupby": {"q1": 10, "q2": 100, "q3": 1000, "q4": 10, "q5": 1000, "q6": 100, "q9": 100},
    "join": {"q3": 10_000, "q5": 9_000},
    "io": {"counted": 1, "two_columns": 3, "one_day": 27, "copied": 10_000},
    "etl": {"typed": 10_000, "tidied": 10_000, "deduplicated": 9_500, "set_aside": 450},
    "sort": {"by_text": 10_000, "page_of_100": 100, "top_3_of_each": 30, "distinct_sorted": 100},
    "star": {"discount_of_weekends": 2, "profit_by_nation": 35},
    "text": {"by_domain": 4, "same_author": 90, "lengths": 5, "by_host": 10},
    "training": {"fares": 10_000, "mixed_trips": 10_000},
    "timeseries": {"moving_mean": 10_000, "latest": 10, "filled_forward": 10_000},
    "web": {"q06": 31, "q08": 12, "q11": 7, "q23": 10},
    "flights": {"delay_by_carrier": 16, "busiest_routes": 20, "worst_days": 9, "made_up_time": 50},
}


def answers(workload: Workload, root: Path) -> dict[str, list[tuple[object, ...]]]:
    size = "tiny" if "tiny" in workload.sizes else workload.sizes[0]
    with Cache(root) as cache:
        tables = prepare(workload, size, Input.PARQUET, cache).tables
    with duckdb.connect() as connection:
        for name, table in tables.items():
            connection.read_parquet([str(path) for path in table.parquet]).create_view(name)
        return {query.name: connection.sql(query.sql).fetchall() for query in workload.queries}


@pytest.mark.parametrize("name", SHIPPED)
def test_every_query_has_an_answer(tmp_path: Path, name: str) -> None:
    workload = load(FOLDER / f"{name}.yaml")
    try:
        found = answers(workload, tmp_path)
    except DataUnavailable as error:
        pytest.skip(str(error))
    assert all(found.values())
    known = ROWS[name]
    assert {query: len(rows) for query, rows in found.items() if query in known} == known


@pytest.mark.parametrize("name", SHIPPED)
def test_every_query_has_a_title(name: str) -> None:
    workload = load(FOLDER / f"{name}.yaml")
    assert all(query.title != query.name for query in workload.queries)
    assert len(workload.queries) >= 5


def test_etl_finds_the_flaws_that_were_planted(tmp_path: Path) -> None:
    workload = load(FOLDER / "etl.yaml")
    assert workload.data is not None
    generator, params = workload.data.generator, workload.data.sizes["tiny"]
    planted = generator.manifest(params)  # type: ignore[attr-defined]
    found = answers(workload, tmp_path)
    counted = dict(found["flaws_counted"])
    assert {"orders": len(found["deduplicated"]), **counted} == planted
    assert len(found["booked"]) == planted["good payments"]
    assert len(found["set_aside"]) == sum(counted.values()) - planted["good payments"]


def test_every_etl_query_ends_with_a_file() -> None:
    workload = load(FOLDER / "etl.yaml")
    assert workload.inputs == (Input.CSV,)
    assert {query.write for query in workload.queries} == {"parquet"}
