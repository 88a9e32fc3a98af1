"""The description of a query's right answer, apart from its values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.types import Schema
from harness.words import folded

NAN_IS_NULL = {b"missing": b"NaN"}
"""Metadata of an answer's Arrow field in which the engine uses NaN for NULL."""


@dataclass(frozen=True)
class SortKey:
    """One key of an ORDER BY, by the name of its column."""

    column: str
    descending: bool = False
    nulls_first: bool = False


@dataclass(frozen=True)
class Training:
    """What an answer's rows train: a model of scikit-learn, batch by batch, by ``partial_fit``.

    ``model`` is its name in workload files, ``target`` the column that it learns to predict from
    all others. A batch has ``batch_rows`` rows, the last one perhaps fewer. ``classes`` are the
    values that the target of a classifier may have.
    """

    model: str
    target: str
    batch_rows: int
    classes: tuple[int, ...] = ()


@dataclass(frozen=True)
class AnswerSpec:
    """What a query's text determines of its answer, and what it leaves open.

    ``order`` holds the leading ORDER BY keys that are columns of the answer; rows that tie under
    them may come in any order. ``names`` are the answer's columns, also if ``schema`` is not known.
    ``limit`` and ``offset`` count rows. ``reference_sql`` is the SQL as written, for DuckDB.
    ``widened_sql`` is given for a query with a LIMIT: it returns the same columns, and last their
    rank (int64, from 1) under the full ORDER BY, for all rows that may be in the answer, so that
    any of the rows that tie at the edge of the LIMIT is accepted. ``tolerance`` is the relative
    difference that floats may have.

    A query without SQL has a ``judge`` instead: the engine, and the SHA-256 of its program, whose
    answer is the reference.

    With ``train`` the rows train a model, whose terms are the answer. ``ties_sql`` then returns a
    row if any rows tie under the ORDER BY and differ; it is None if rows are in a table's order.
    """

    schema: Schema
    reference_sql: str
    order: tuple[SortKey, ...] = ()
    limit: int | None = None
    offset: int = 0
    widened_sql: str | None = None
    tolerance: float = 1e-6
    names: tuple[str, ...] = ()
    judge: tuple[str, str] | None = None
    train: Training | None = None
    ties_sql: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the answer's columns, from ``names`` or ``schema``; () if both are empty."""
        return self.names or tuple(column.name for column in self.schema)

    def named(self, found: Sequence[str]) -> list[str]:
        """Returns names for the columns of DuckDB's result, whose own names are ``found``.

        The first ones get the names of the answer's columns; those after them keep their own. In
        ``found`` a name may be repeated, or be the text of an expression without an alias.
        """
        known = self.columns[: len(found)]
        return [*known, *found[len(known) :]]


def each_once(names: Iterable[str]) -> tuple[str, ...]:
    """Makes column names unique by a number, as DuckDB does: ``a, a`` -> ``a, a_1``."""
    found: dict[str, str] = {}
    for name in names:
        other, number = name, 0
        while folded(other) in found:
            number += 1
            other = f"{name}_{number}"
        found[folded(other)] = other
    return tuple(found.values())
