"""Numbers of rows, parts and characters beyond 31 bits: right, or a gap, never a dead worker."""

from __future__ import annotations

import pytest

from harness import engines
from harness.engines.python.gaps import WIDE_COUNT
from harness.tables import Input
from tests.places import SEMANTICS
from tests.support.in_process import InProcess, installed, read_tables

OF_PYTHON = ("pandas", "polars", "pyarrow", "dask")
LIMITS = (
    "select id from people order by id limit 5000000000",
    "select id from people order by id limit 5000000000 offset 1",
    "select id from people order by id limit 2 offset 9223372036854775806",
    "select distinct k from people order by k limit 4294967296",
)
COUNTS = (
    "select id, lag(n, 5000000000) over (partition by k order by id) as a from people",
    "select split_part(w, '.', 5000000000) as a from people",
)


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> InProcess:
    return InProcess(read_tables(SEMANTICS / "tables.yaml"), tmp_path_factory.mktemp("great"))


@pytest.mark.parametrize("engine", installed(reads=Input.MEMORY))
@pytest.mark.parametrize("sql", LIMITS)
def test_a_limit_beyond_32_bits_keeps_all_rows_or_is_a_gap(
    box: InProcess, engine: str, sql: str
) -> None:
    verdict = box.verdict(engine, sql)
    assert verdict.outcome == "ok" or verdict.gap in engines.get(engine).gaps, verdict


@pytest.mark.parametrize("engine", OF_PYTHON)
@pytest.mark.parametrize("sql", COUNTS)
def test_a_place_beyond_31_bits_is_a_gap(box: InProcess, engine: str, sql: str) -> None:
    assert WIDE_COUNT in box.verdict(engine, sql).reason
