"""RANGE frames over a small table whose answers can be read: ties, gaps, NULLs, empty frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime

import pytest

from tests.support.in_process import InProcess, arrow_table, installed

ROWS = [
    ["a", 1, "2024-05-01 10:00", "2024-05-01", 1.0],
    ["a", 2, "2024-05-01 10:30", "2024-05-01", 2.0],
    ["a", 4, "2024-05-01 11:00", "2024-05-08", 4.0],
    ["a", 4, "2024-05-01 11:00", "2024-05-08", 8.0],
    ["a", 9, "2024-05-02 08:00", "2024-05-16", None],
    ["b", 3, "2024-05-01 10:45", "2024-05-02", 16.0],
    ["b", None, None, None, 32.0],
    ["b", None, None, None, 64.0],
]
SUMS: Sequence[tuple[str, Sequence[float | None]]] = (
    ("by g order by k range 2 preceding", (1, 3, 14, 14, None, 16, 96, 96)),
    (
        "by g order by k range between 1 preceding and 2 following",
        (3, 15, 12, 12, None, 16, 96, 96),
    ),
    ("by g order by k desc range 2 preceding", (3, 14, 12, 12, None, 16, 96, 96)),
    (
        "by g order by k range between 5 preceding and 1 preceding",
        (None, 1, 3, 3, 12, None, 96, 96),
    ),
    ("by g order by moment range interval 30 minute preceding", (1, 3, 14, 14, None, 16, 96, 96)),
    ("by g order by moment range interval 1 hour preceding", (1, 3, 15, 15, None, 16, 96, 96)),
    (
        "by 1 order by moment desc range interval 1 hour preceding",
        (31, 30, 12, 12, None, 28, 96, 96),
    ),
    ("by g order by day range interval 7 day preceding", (3, 3, 15, 15, None, 16, 96, 96)),
    ("by g order by day range interval 8 day preceding", (3, 3, 15, 15, 12, 16, 96, 96)),
    ("by 1 order by day range interval 1 day preceding", (3, 3, 12, 12, None, 19, 96, 96)),
)
"""The window's definition after PARTITION -> the sum of v over it, for each of the rows."""


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    types = {"id": "int64", "g": "string", "k": "int64", "moment": "timestamp", "day": "date"}
    rows = [
        [number, g, k, at and datetime.fromisoformat(at), day and date.fromisoformat(day), v]
        for number, (g, k, at, day, v) in enumerate(ROWS)
    ]
    table = arrow_table({**types, "v": "float64"}, rows)
    with InProcess({"t": table}, tmp_path_factory.mktemp("frames")) as started:
        yield started


@pytest.mark.parametrize("engine", installed())
@pytest.mark.parametrize(("window", "sums"), SUMS)
def test_the_sum_of_a_frame_is_that_of_its_rows(
    tables: InProcess, engine: str, window: str, sums: Sequence[float | None]
) -> None:
    over = f"over (partition {window})"
    sql = f"select id, sum(v) {over} as s from t order by id"
    verdict = tables.verdict(engine, sql)
    assert verdict.outcome in ("ok", "unsupported"), verdict
    if verdict.outcome == "ok":
        assert tables.expected(sql).column("s").to_pylist() == list(sums)
