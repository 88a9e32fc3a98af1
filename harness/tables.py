"""What the rest of the harness knows of a table: its files, and what is in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from harness.types import Column, Schema


class Input(StrEnum):
    """Where a program starts in timed runs: from loaded tables, or from files that it reads."""

    MEMORY = "memory"
    PARQUET = "parquet"
    CSV = "csv"


PLAIN_PATH = re.compile(r"(/(?!\.\.?(/|$))[\w. -]+)*")
"""A path that means one file or folder to every reader.

For some, ``*?[]{}`` are patterns, ``name=value`` is a column, ``::`` a chain of filesystems, ``:``
and ``%`` part of an address.
"""


def plain_path(path: Path) -> bool:
    """True if every library takes a path for that of one file, not for a pattern or a URL."""
    return bool(PLAIN_PATH.fullmatch(str(path))) and path.name[:1].isalnum()


PLAIN_DELIMITERS = ",;\t|"
"""Delimiters of CSV files; others may be part of a number or a date."""


@dataclass(frozen=True)
class CsvFormat:
    """The delimiter and NULLs of a CSV file; all have a header line, UTF-8 and ISO dates."""

    delimiter: str = ","
    null_values: tuple[str, ...] = ("",)

    @property
    def plain(self) -> CsvFormat:
        """The format of the copy that the cache keeps of a CSV file that readers read differently.

        Engines read the copy: NULL is the empty field, an unusual delimiter has become a comma.
        """
        return CsvFormat(self.delimiter if self.delimiter in PLAIN_DELIMITERS else ",")


@dataclass(frozen=True)
class Look:
    """What may be a mistake about a column; about the whole table if ``column`` is empty.

    ``why`` says what it is. ``sql`` reads the column as what it looks like; ``{}`` stands for the
    column's name. ``null_values`` are texts in the column that may mean NULL. ``instead`` says in
    words what else to do.
    """

    column: str
    why: str
    sql: str = ""
    null_values: tuple[str, ...] = ()
    instead: str = ""


@dataclass(frozen=True)
class Table:
    """A table ready to be read: its files exist and have just been checked.

    ``parquet`` holds canonical types only (int64, float64, string, date32, timestamp[us], bool); it
    is empty if only the CSV was requested. A column of ``schema`` is nullable if and only if the
    data has (or, for generated data, may have) a NULL. ``changes`` says how the data differs from
    the user's files, and ``looks`` what may be a mistake in them. No library takes one of
    the paths for a pattern or a URL.
    """

    name: str
    schema: Schema
    rows: int
    parquet: tuple[Path, ...] = ()
    csv: tuple[Path, ...] = ()
    csv_format: CsvFormat = CsvFormat()
    changes: tuple[str, ...] = ()
    looks: tuple[Look, ...] = ()

    def files(self, source: Input) -> tuple[Path, ...]:
        """Returns the files that a program with this input reads, or that memory is loaded from."""
        return self.csv if source is Input.CSV else self.parquet

    def column(self, name: str) -> Column:
        return next(column for column in self.schema if column.name == name)
