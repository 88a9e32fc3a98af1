"""SQLite's own: a table that it cannot hold is a gap, and leaves its session as it was."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest

from harness import engines
from harness.engines.sql.gaps import FRACTIONS
from harness.errors import Unsupported
from tests.support.in_process import InProcess


def test_times_with_fractions_of_a_second_are_a_gap(tmp_path: Path) -> None:
    times = pa.table({"t": pa.array([datetime(2020, 1, 2, 3, 4, 5, 6)], pa.timestamp("us"))})
    tables = InProcess({"plain": pa.table({"n": [7]}), "exact": times}, tmp_path).tables
    session = engines.get("sqlite").start(threads=1)
    with pytest.raises(Unsupported, match=FRACTIONS):
        session.load(tables["exact"])
    session.load(tables["plain"])
    session.close()
