"""A number of rows -> the four join tables of db-benchmark (``J1``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
from pydantic import Field

from harness.data.arrow import arrow_schema
from harness.data.generators.base import (
    MOST_ROWS,
    Generator,
    Integers,
    Params,
    Skew,
    labels,
    measurements,
    missing,
    row_ranges,
    skewed,
    stream,
    with_nulls,
)
from harness.data.generators.shuffle import Shuffle
from harness.types import Column, Schema, Type

FEWEST_KEYS = 10
"""The fewest keys of a table, so that a tenth of them is at least one."""

COLUMNS = {"x": 3, "small": 1, "medium": 2, "big": 3}
"""Table -> how many of the keys id1, id2, id3 it has."""


class JoinParams(Params):
    """``rows`` is the number of rows of ``x``, and also of ``big``.

    ``nulls`` is the share of NULLs in x's keys and v1. ``skew`` gives x's keys a long tail, so
    that some rows of the right tables match many of ``x``.
    """

    rows: int = Field(ge=100, le=MOST_ROWS)
    nulls: float = Field(default=0.0, ge=0, lt=1)
    skew: Skew = 0.0
    seed: int = Field(default=108, ge=0)

    @property
    def key_counts(self) -> tuple[int, int, int]:
        """The numbers of values that id1, id2 and id3 have in one table."""
        return (
            max(FEWEST_KEYS, self.rows // 1_000_000),
            max(FEWEST_KEYS, self.rows // 1_000),
            self.rows,
        )

    def rows_of(self, table: str) -> int:
        counts = {"small": self.key_counts[0], "medium": self.key_counts[1]}
        return counts.get(table, self.rows)


class Join(Generator[JoinParams]):
    """Four tables of the shape that db-benchmark's ``join-datagen.R`` describes.

    Of the n values of a key in ``x``, nine tenths are also in the right tables, which have n / 10
    others. The key that gives a right table its length is unique in it: id1 in ``small``, id2 in
    ``medium``, id3 in ``big`` (and in ``x``). Keys are shuffled by a cipher, not a list, so that
    memory does not grow with the rows.
    """

    name = "join"
    params = JoinParams

    def version(self) -> str:
        return "1"

    def schemas(self, params: JoinParams) -> Mapping[str, Schema]:
        return {table: _schema(table, params.nulls > 0) for table in COLUMNS}

    def rows(self, params: JoinParams) -> Mapping[str, int]:
        return {table: params.rows_of(table) for table in COLUMNS}

    def batches(self, table: str, params: JoinParams, scratch: Path) -> Iterator[pa.RecordBatch]:
        schema = arrow_schema(self.schemas(params)[table])
        for batch, start, rows in row_ranges(params.rows_of(table)):
            random = stream(params.seed, list(COLUMNS).index(table), batch)
            share = params.nulls if table == "x" else 0.0
            keys = [
                _key(random, params, table, key, np.arange(start, start + rows))
                for key in range(COLUMNS[table])
            ]
            masks = [missing(random, rows, share) for _ in range(len(keys) + 1)]
            numbers = [with_nulls(pa.array(k), m) for k, m in zip(keys, masks, strict=False)]
            texts = [with_nulls(labels(k), m) for k, m in zip(keys, masks, strict=False)]
            value = with_nulls(pa.array(measurements(random, rows)), masks[-1])
            yield pa.RecordBatch.from_arrays([*numbers, *texts, value], schema=schema)


def _schema(table: str, nulls: bool) -> Schema:
    nullable, keys = nulls and table == "x", range(1, COLUMNS[table] + 1)
    return (
        *(Column(f"id{key}", Type.INT64, nullable) for key in keys),
        *(Column(f"id{key + 3}", Type.STRING, nullable) for key in keys),
        Column("v1" if table == "x" else "v2", Type.FLOAT64, nullable),
    )


def _key(
    random: np.random.Generator, params: JoinParams, table: str, key: int, rows: Integers
) -> Integers:
    """Returns the values of key column ``key`` (0: id1) in the rows with the numbers ``rows``.

    Each value occurs once if the key is unique in the table; else the values are drawn.
    """
    count = params.key_counts[key]
    if table == "x" and params.skew:
        ordinal = skewed(random, count, len(rows), params.skew) - 1
    elif count == params.rows_of(table):
        order = Shuffle(count, params.seed, key, list(COLUMNS).index(table))
        ordinal = order.places(rows)
    else:
        ordinal = random.integers(0, count, len(rows))
    if table != "x":
        ordinal = _on_the_right(ordinal, count)
    universe = Shuffle(count + count // 10, params.seed, key)
    return universe.places(ordinal) + 1


def _on_the_right(ordinal: Integers, count: int) -> Integers:
    """Returns ordinals of a right table's keys, given ordinals from 0 to below ``count``.

    An ordinal stands for a key; those below ``count`` are keys of ``x``. A tenth of ``count`` is
    added to those in the last tenth, so that they stand for keys that ``x`` does not have.
    """
    common = count - count // 10
    return np.where(ordinal < common, ordinal, ordinal + count // 10)
