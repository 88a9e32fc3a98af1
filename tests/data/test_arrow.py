"""Parquet files are read in memory that does not grow with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from harness.data.arrow import opened
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
