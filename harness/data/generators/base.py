"""What a generator is, and the random streams and row ranges that all of them use."""

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
"""Rows made at once, and rows of a Parquet row group. A different figure gives different data."""

MOST_ROWS = 10**9
"""Of one generated table: db-benchmark's largest."""

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Params(BaseModel):
    """The parameters of one size of one generator, as the YAML gives them."""

    model_config = ConfigDict(extra="forbid", frozen=True)


P = TypeVar("P", bound=Params)


class Generator(ABC, Generic[P]):
    """Makes the same tables for the same parameters, on every machine."""

    name: ClassVar[str]
    params: type[P]

    @abstractmethod
    def version(self) -> str:
        """Changes whenever the same parameters would give other data.

        Raises DataUnavailable where something that the generator needs is not installed.
        """

    @abstractmethod
    def schemas(self, params: P) -> Mapping[str, Schema]:
        """The tables and their columns, known before anything is made.

        A column is nullable exactly where it may hold a NULL, and says which special values it
        may hold.
        """

    @abstractmethod
    def rows(self, params: P) -> Mapping[str, int]:
        """About how many rows each table will have."""

    @abstractmethod
    def batches(self, table: str, params: P, scratch: Path) -> Iterator[pa.RecordBatch]:
        """A table's rows, in bounded memory.

        ``scratch`` is a folder for intermediate files, the same one for all the tables of
        one size; it is removed after the last of them.
        """


def stream(seed: int, *place: int) -> np.random.Generator:
    """A random stream of its own for each place (table, batch, …) under one seed."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, *place))))


def row_ranges(rows: int) -> Iterator[tuple[int, int, int]]:
    """Splits rows into batches: ``(batch, first row, rows in the batch)``."""
    for batch, start in enumerate(range(0, rows, BATCH_ROWS)):
        yield batch, start, min(BATCH_ROWS, rows - start)


def labels(values: Integers, digits: int = 0) -> pa.Array:
    """Numbers as the names that db-benchmark gives its groups: 7 -> ``id7``, or ``id007``."""
    text = pc.cast(pa.array(values), pa.string())
    if digits:
        text = pc.utf8_lpad(text, digits, "0")
    return pc.binary_join_element_wise("id", text, "")


def measurements(random: np.random.Generator, rows: int) -> Floats:
    """Numbers spread evenly over 0 to 100, with six decimals."""
    return np.round(random.random(rows) * 100, 6)


def missing(random: np.random.Generator, rows: int, share: float) -> Flags | None:
    """Which rows are NULL, each with the same chance; None where no row is."""
    return random.random(rows) < share if share > 0 else None


def with_nulls(values: pa.Array, mask: Flags | None) -> pa.Array:
    """The values, with a NULL wherever the mask is true."""
    return values if mask is None else pc.if_else(pa.array(mask), None, values)
