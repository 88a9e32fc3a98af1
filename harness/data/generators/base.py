"""The base class of generators, and the random streams and row ranges that all of them use."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from harness.types import Schema

BATCH_ROWS = 250_000
"""Rows made at once, and rows of a Parquet row group. Another figure gives other data."""

MOST_ROWS = 10**9
"""The most rows of a generated table: db-benchmark's largest."""

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Params(BaseModel):
    """The parameters of one size of a generator, as in the YAML."""

    model_config = ConfigDict(extra="forbid", frozen=True)


P = TypeVar("P", bound=Params)


class Generator(ABC, Generic[P]):
    """Makes the same tables for the same parameters, on every machine."""

    name: ClassVar[str]
    params: type[P]

    @abstractmethod
    def version(self) -> str:
        """Returns a version that changes whenever the same parameters would give other data.

        Raises DataUnavailable if something that the generator needs is not installed.
        """

    @abstractmethod
    def schemas(self, params: P) -> Mapping[str, Schema]:
        """Returns the tables and their columns, before any data is made.

        A column is nullable if and only if it may hold a NULL, and lists the special values it may
        hold.
        """

    @abstractmethod
    def rows(self, params: P) -> Mapping[str, int]:
        """Returns about how many rows each table will have."""

    @abstractmethod
    def batches(self, table: str, params: P, scratch: Path) -> Iterator[pa.RecordBatch]:
        """Yields a table's rows, in bounded memory.

        ``scratch`` is a folder for intermediate files, shared by all tables of one size; it is
        removed after the last of them.
        """


def stream(seed: int, *place: int) -> np.random.Generator:
    """Returns a random stream that is independent for each place (table, batch, …) of a seed."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, *place))))


def row_ranges(rows: int) -> Iterator[tuple[int, int, int]]:
    """Splits rows into batches: yields (batch, first row, rows in the batch)."""
    for batch, start in enumerate(range(0, rows, BATCH_ROWS)):
        yield batch, start, min(BATCH_ROWS, rows - start)


def labels(values: Integers, digits: int = 0) -> pa.Array:
    """Turns numbers into names as in db-benchmark: 7 -> ``id7``; with 3 digits ``id007``."""
    text = pc.cast(pa.array(values), pa.string())
    if digits:
        text = pc.utf8_lpad(text, digits, "0")
    return pc.binary_join_element_wise("id", text, "")


def measurements(random: np.random.Generator, rows: int) -> Floats:
    """Draws numbers uniformly from 0 to 100, rounded to six decimals."""
    return np.round(random.random(rows) * 100, 6)


def missing(random: np.random.Generator, rows: int, share: float) -> Flags | None:
    """Draws which rows are NULL, each with probability ``share``; None if that is 0."""
    return random.random(rows) < share if share > 0 else None


def with_nulls(values: pa.Array, mask: Flags | None) -> pa.Array:
    """Returns the values, with NULL where the mask is true."""
    return values if mask is None else pc.if_else(pa.array(mask), None, values)
