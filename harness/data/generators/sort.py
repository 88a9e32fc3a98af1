"""A number of rows -> a table whose columns are hard to sort in different ways."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harness.data.generators.base import (
    ByBatch,
    Integers,
    RowsParams,
    columns,
    measurements,
    numbered,
    pick,
    skewed,
    sparse,
)
from harness.data.generators.shuffle import Shuffle

FIRST_DAY = np.datetime64("2015-01-01")
DAYS = 3_650
FEW = ("amber", "blue", "coral", "dusk", "ebony", "fawn", "green", "hazel", "ivory", "jade")
PREFIX = "https://files.example.org/archive/by-number/"
DISPLACED = 0.01
"""The share of rows of ``nearly_ordered`` that are up to 1,000 rows out of place."""


SCHEMAS = {
    "x": columns("""
        id int64, few_int int64, skewed_int int64, any_float float64, some_float float64?,
        few_text string, any_text string, long_text string, day date, moment timestamp,
        ordered int64, nearly_ordered int64, payload float64
    """)
}


class Sort(ByBatch[RowsParams]):
    """One table ``x``: numbers, texts and times, all different, few different, or with a long tail.

    ``ordered`` ascends with the rows; ``nearly_ordered`` does, except for one row in a hundred.
    """

    name = "sort"
    params = RowsParams
    tables = SCHEMAS

    def version(self) -> str:
        return "1"

    def rows(self, params: RowsParams) -> Mapping[str, int]:
        return {"x": params.rows}

    def make(
        self, table: str, random: np.random.Generator, params: RowsParams, start: int, rows: int
    ) -> list[pa.Array]:
        places = np.arange(start, start + rows)
        ids = Shuffle(params.rows, params.seed, 0).places(places)
        names = Shuffle(params.rows, params.seed, 1).places(places)
        seconds = random.integers(0, DAYS * 86_400, rows)
        return [
            pa.array(ids),
            pa.array(random.integers(0, 10, rows)),
            pa.array(skewed(random, max(10, params.rows // 10), rows)),
            pa.array(random.random(rows)),
            sparse(random, 0.1, pa.array(measurements(random, rows))),
            pick(random, FEW, rows),
            _scrambled(names),
            numbered(PREFIX, names, 12),
            pa.array(FIRST_DAY + random.integers(0, DAYS, rows)),
            pa.array((FIRST_DAY.astype("datetime64[s]") + seconds).astype("datetime64[us]")),
            pa.array(places),
            pa.array(_displaced(random, places)),
            pa.array(measurements(random, rows)),
        ]


def _scrambled(numbers: Integers) -> pa.Array:
    """Returns a text for each number; they differ from the first character on."""
    return pc.utf8_reverse(numbered("k", numbers, 10))


def _displaced(random: np.random.Generator, places: Integers) -> Integers:
    by = random.integers(-1_000, 1_001, len(places))
    return np.where(random.random(len(places)) < DISPLACED, places + by, places)
