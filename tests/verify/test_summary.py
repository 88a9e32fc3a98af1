"""Summaries of answers differ if a value does, and not if only the order of rows does."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.verify.summary import Summary, alike, summary

COLUMNS: dict[str, list[Any]] = {
    "n": [1, None, 3],
    "x": [0.1, float("inf"), float("nan")],
    "s": ["a", "bc", None],
    "d": [date(2024, 1, 1), date(2024, 1, 3), None],
    "b": [True, False, False],
    "l": [[1], [2], None],
}


def of(folder: Path, columns: dict[str, list[Any]]) -> Summary:
    table, file = pa.table(columns), folder / "a.arrow"
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)
    return summary(file)


def test_the_order_of_rows_and_the_last_bits_make_no_difference(tmp_path: Path) -> None:
    other = {name: values[::-1] for name, values in COLUMNS.items()}
    other["x"][-1] = 0.1 + 1e-15
    assert alike(of(tmp_path, COLUMNS), of(tmp_path, other))
    (tmp_path / "a").mkdir()
    for place in range(3):
        rows = pa.table(COLUMNS)[place : place + 1]
        pq.write_table(rows, tmp_path / "a" / f"{place}.parquet")
    assert alike(of(tmp_path, COLUMNS), summary(tmp_path / "a"))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("n", [1, None, 4]),
        ("n", [1, 0, 3]),
        ("x", [0.1, float("inf"), 0.0]),
        ("x", [0.1001, float("inf"), float("nan")]),
        ("s", ["a", "bcd", None]),
        ("d", [date(2024, 1, 1), date(2024, 1, 2), None]),
        ("b", [True, True, False]),
        ("l", [[1], None, None]),
    ],
)
def test_another_value_makes_one(tmp_path: Path, name: str, values: list[Any]) -> None:
    assert not alike(of(tmp_path, COLUMNS), of(tmp_path, {**COLUMNS, name: values}))
