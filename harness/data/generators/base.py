"""The base class of generators, and the random streams and row ranges that all of them use."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, ClassVar, Generic, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from harness.data.arrow import BATCH_ROWS, arrow_schema
from harness.types import Column, Schema, Type

MOST_ROWS = 10**9
"""The most rows of a generated table: db-benchmark's largest."""

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Params(BaseModel):
    """The parameters of one size of a generator, as in the YAML."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Skew = Annotated[float, Field(ge=0, le=3)]
"""How long the tail of a column of keys is: 0 is uniform, 1 is as of words in a language."""


class RowsParams(Params):
    """The parameters of most generators: the rows of the main table, and a seed."""

    rows: int = Field(ge=100, le=MOST_ROWS)
    seed: int = Field(default=108, ge=0)


P = TypeVar("P", bound=Params)
R = TypeVar("R", bound=RowsParams)


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

    def sized(self, params: P, rows: int) -> P:
        """Returns the same parameters, but for about ``rows`` rows of the main table.

        Raises ValidationError if the generator cannot make a table of that length.
        """
        return type(params)(**{**params.model_dump(), "rows": rows})

    @abstractmethod
    def batches(self, table: str, params: P, scratch: Path) -> Iterator[pa.RecordBatch]:
        """Yields a table's rows, in bounded memory.

        ``scratch`` is a folder for intermediate files, shared by all tables of one size; it is
        removed after the last of them.
        """


class ByBatch(Generator[R]):
    """A generator that makes each batch by itself, from the batch's own random stream.

    ``tables`` holds the columns of each table, the same for all parameters.
    """

    tables: ClassVar[Mapping[str, Schema]]

    @abstractmethod
    def make(
        self, table: str, random: np.random.Generator, params: R, start: int, rows: int
    ) -> list[pa.Array]:
        """Returns the columns of ``rows`` rows of the table, beginning with row ``start``."""

    def schemas(self, params: R) -> Mapping[str, Schema]:
        return self.tables

    def batches(self, table: str, params: R, scratch: Path) -> Iterator[pa.RecordBatch]:
        place, schema = list(self.tables).index(table), arrow_schema(self.schemas(params)[table])
        for batch, start, rows in row_ranges(self.rows(params)[table]):
            random = stream(params.seed, place, batch)
            arrays = self.make(table, random, params, start, rows)
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def stream(seed: int, *place: int) -> np.random.Generator:
    """Returns a random stream that is independent for each place (table, batch, …) of a seed."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, *place))))


def row_ranges(rows: int) -> Iterator[tuple[int, int, int]]:
    """Splits a table of ``rows`` rows: yields each batch's number, first row and number of rows."""
    for batch, start in enumerate(range(0, rows, BATCH_ROWS)):
        yield batch, start, min(BATCH_ROWS, rows - start)


def labels(values: Integers, digits: int = 0) -> pa.Array:
    """Turns numbers into names as in db-benchmark: 7 -> ``id7``; with 3 digits ``id007``."""
    return numbered("id", values, digits)


def measurements(random: np.random.Generator, rows: int) -> Floats:
    """Draws numbers uniformly from 0 to 100, rounded to six decimals."""
    return np.round(random.random(rows) * 100, 6)


def missing(random: np.random.Generator, rows: int, share: float) -> Flags | None:
    """Draws which rows are NULL, each with probability ``share``; None if that is 0."""
    return random.random(rows) < share if share > 0 else None


def with_nulls(values: pa.Array, mask: Flags | None) -> pa.Array:
    """Returns the values, with NULL where the mask is true."""
    return values if mask is None else pc.if_else(pa.array(mask), None, values)


def sparse(random: np.random.Generator, share: float, values: pa.Array) -> pa.Array:
    """Returns the values, each NULL with probability ``share``."""
    return with_nulls(values, missing(random, len(values), share))


def pick(random: np.random.Generator, choices: Sequence[str | None], rows: int) -> pa.Array:
    """Draws texts uniformly from the choices."""
    return pa.array(choices).take(pa.array(random.integers(0, len(choices), rows)))


def skewed(random: np.random.Generator, top: int, rows: int, skew: float = 1.0) -> Integers:
    """Draws numbers from 1 to ``top``; n has a probability of about n**-skew.

    With a skew of 0 they are uniform, with 1 they have the long tail of words and of web pages.
    The probability is the same between two powers of two, so that memory does not grow with
    ``top``.
    """
    low = 2 ** np.arange(top.bit_length())
    high = np.minimum(2 * low, top + 1)
    chances = np.cumsum([_chance(int(a), int(b), skew) for a, b in zip(low, high, strict=True)])
    level = np.searchsorted(chances, random.integers(0, chances[-1], rows), side="right")
    return random.integers(low[level], high[level])


def _chance(low: int, high: int, skew: float) -> int:
    """Returns the weight, a whole number, with which `skewed` draws from ``low`` to below ``high``.

    Each number of this range counts as often as ``low``, in proportion to low**-skew.
    """
    share: float = float(low) ** -skew
    return max(1, round((high - low) * 2**30 * share))


def numbered(prefix: str, numbers: Integers, digits: int = 0) -> pa.Array:
    """Turns numbers into names: 7 -> ``user7``; with 3 digits ``user007``."""
    text = pc.cast(pa.array(numbers), pa.string())
    if digits:
        text = pc.utf8_lpad(text, digits, "0")
    return pc.binary_join_element_wise(prefix, text, "")


def columns(text: str) -> Schema:
    """Parses ``name type`` pairs between commas; ``?`` after the type means nullable."""
    pairs = [pair.split() for pair in text.strip().split(",")]
    return tuple(Column(name, Type(kind.rstrip("?")), kind.endswith("?")) for name, kind in pairs)
