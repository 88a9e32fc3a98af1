"""Numbers of rows and groups -> the group-by table of db-benchmark (``G1``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, model_validator

from harness.data.arrow import BATCH_ROWS, arrow_schema
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
from harness.types import Column, Schema, Type

KEYS = ("id1", "id2", "id3", "id4", "id5", "id6")


class GroupByParams(Params):
    """``groups`` is db-benchmark's K; ``nulls`` is the share of NULLs in every column.

    ``skew`` gives the keys a long tail instead of groups of one size.
    """

    rows: int = Field(ge=1, le=MOST_ROWS)
    groups: int = Field(default=100, ge=1, le=MOST_ROWS)
    nulls: float = Field(default=0.0, ge=0, lt=1)
    skew: Skew = 0.0
    sorted: bool = False
    seed: int = Field(default=108, ge=0)

    @model_validator(mode="after")
    def _even_where_sorted(self) -> GroupByParams:
        if self.sorted and self.skew:
            raise ValueError("a sorted table has groups of one size; leave out 'sorted' or 'skew'")
        return self

    @property
    def small_groups(self) -> int:
        """The number of different values of id3 and of id6: ``rows`` / ``groups``."""
        return max(1, self.rows // self.groups)


class GroupBy(Generator[GroupByParams]):
    """The table that db-benchmark's ``groupby-datagen.R`` describes, column for column.

    With ``sorted`` the rows are ordered by id1 to id6, NULLs first. They are made bucket by bucket
    (one per value of id1), so that memory is bounded by the largest bucket.
    """

    name = "groupby"
    params = GroupByParams

    def version(self) -> str:
        return "1"

    def schemas(self, params: GroupByParams) -> Mapping[str, Schema]:
        types = {"id1": Type.STRING, "id2": Type.STRING, "id3": Type.STRING, "v3": Type.FLOAT64}
        names = (*KEYS, "v1", "v2", "v3")
        nullable = params.nulls > 0
        return {"x": tuple(Column(name, types.get(name, Type.INT64), nullable) for name in names)}

    def rows(self, params: GroupByParams) -> Mapping[str, int]:
        return {"x": params.rows}

    def batches(self, table: str, params: GroupByParams, scratch: Path) -> Iterator[pa.RecordBatch]:
        schema = arrow_schema(self.schemas(params)[table])
        if params.sorted:
            yield from _sorted_batches(params, schema)
            return
        for batch, _, rows in row_ranges(params.rows):
            random = stream(params.seed, batch)
            id1 = _keys(random, params.groups, rows, params.skew)
            yield _rows(random, params, id1, missing(random, rows, params.nulls), schema)


def _keys(random: np.random.Generator, top: int, rows: int, skew: float) -> Integers:
    return skewed(random, top, rows, skew) if skew else random.integers(1, top + 1, rows)


def _rows(
    random: np.random.Generator,
    params: GroupByParams,
    id1: Integers,
    no_id1: np.ndarray | None,
    schema: pa.Schema,
) -> pa.RecordBatch:
    """Makes rows with the given id1, NULL where ``no_id1`` is true; all other columns are drawn."""
    rows = len(id1)

    def draw(top: int) -> Integers:
        return _keys(random, top, rows, params.skew)

    columns = [
        labels(draw(params.groups), digits=3),
        labels(draw(params.small_groups), digits=10),
        pa.array(draw(params.groups)),
        pa.array(draw(params.groups)),
        pa.array(draw(params.small_groups)),
        pa.array(random.integers(1, 6, rows)),
        pa.array(random.integers(1, 16, rows)),
        pa.array(measurements(random, rows)),
    ]
    first = with_nulls(labels(id1, digits=3), no_id1)
    rest = [with_nulls(column, missing(random, rows, params.nulls)) for column in columns]
    return pa.RecordBatch.from_arrays([first, *rest], schema=schema)


def _sorted_batches(params: GroupByParams, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Yields the rows in order: a bucket for each id1, sorted as text, NULL first."""
    names = labels(np.arange(1, params.groups + 1), digits=3)
    by_text = pc.sort_indices(names).to_numpy() + 1
    share = (1 - params.nulls) / params.groups
    shares = [params.nulls, *[share] * params.groups]
    counts = stream(params.seed).multinomial(params.rows, shares)
    for bucket, (id1, rows) in enumerate(zip([0, *by_text], counts, strict=True)):
        random = stream(params.seed, bucket)
        mask = np.ones(rows, dtype=np.bool_) if id1 == 0 else None
        made = _rows(random, params, np.full(rows, id1, dtype=np.int64), mask, schema)
        ordered = made.take(_order(made))
        for start in range(0, rows, BATCH_ROWS):
            yield ordered.slice(start, BATCH_ROWS)


def _order(batch: pa.RecordBatch) -> pa.Array:
    return pc.sort_indices(batch, sort_keys=[(key, "ascending", "at_start") for key in KEYS])
