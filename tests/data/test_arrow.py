"""Parquet files are read in memory that does not grow with them; texts are searched at once."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.arrow import holds_any, is_ascii, opened
from harness.data.budget import Room
from harness.data.write import write_csv

GROUPS, ROWS = 40, 25_000
BYTES_OF_A_GROUP = ROWS * 8


def written(path: Path) -> Path:
    """Writes a file of numbers that do not compress: 40 row groups of 200 kB."""
    numbers = np.random.default_rng(1).integers(0, 2**62, GROUPS * ROWS)
    pq.write_table(pa.table({"n": numbers}), path, row_group_size=ROWS, use_dictionary=False)
    return path


def test_what_was_read_of_a_file_is_not_kept(tmp_path: Path) -> None:
    file = written(tmp_path / "numbers.parquet")
    before, most, rows = pa.total_allocated_bytes(), 0, 0
    with opened(file) as source:
        for batch in source.iter_batches(ROWS):
            rows += batch.num_rows
            most = max(most, pa.total_allocated_bytes() - before)
    assert rows == GROUPS * ROWS
    assert most < 8 * BYTES_OF_A_GROUP


class Watched(Room):
    """Room without an end, which notes the most that Arrow held after each part."""

    def __init__(self) -> None:
        self.most = 0

    def wrote(self, size: int) -> None:
        self.most = max(self.most, pa.total_allocated_bytes())


def test_a_large_file_becomes_csv_in_the_memory_of_a_part_of_it(tmp_path: Path) -> None:
    file = written(tmp_path / "numbers.parquet")
    before, room = pa.total_allocated_bytes(), Watched()
    write_csv([file], tmp_path / "numbers.csv", room)
    assert len((tmp_path / "numbers.csv").read_text().splitlines()) == GROUPS * ROWS + 1
    assert room.most - before < file.stat().st_size


HIDDEN = pa.Array.from_buffers(
    pa.string(),
    3,
    [
        pa.py_buffer(b"\x05"),
        pa.py_buffer(struct.pack("4i", 0, 1, 4, 5)),
        pa.py_buffer("aß,b".encode()),
    ],
)
"""["a", NULL, "b"], with bytes of a text below the NULL."""


@pytest.mark.parametrize(
    ("texts", "found", "ascii_only"),
    [
        (pa.array(["a", "b,c", None]), True, True),
        (pa.array(["a,", "b", "c;"])[1:2], False, True),
        (pa.array(["a", "b", "ß,"])[2:], True, False),
        (pa.chunked_array([pa.array(["ab"]), pa.array(["", "c;"])]), True, True),
        (pa.chunked_array([], pa.string()), False, True),
        (pa.array([None, None], pa.string()), False, True),
        (pa.array([], pa.string()), False, True),
        (HIDDEN, False, False),
    ],
)
def test_characters_are_found_in_a_column(texts: Any, found: bool, ascii_only: bool) -> None:
    assert holds_any(texts, ",;") == found
    assert is_ascii(texts) == ascii_only


@given(st.lists(st.none() | st.text("a,\n\tß\u2028", max_size=3)), st.integers(0, 3))
def test_a_column_holds_what_one_of_its_texts_holds(values: list[str | None], start: int) -> None:
    texts = pa.array(values, pa.string())[start:]
    for c in ",\n\t":
        assert holds_any(texts, c) == any(c in text for text in texts.to_pylist() if text)
