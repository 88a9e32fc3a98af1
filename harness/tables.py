"""What the rest of the harness knows of a table: where its files are and what is in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from harness.types import Column, Schema


class Input(StrEnum):
    """Where the timed work starts: from loaded tables, or from files that it reads itself."""

    MEMORY = "memory"
    PARQUET = "parquet"
    CSV = "csv"


PLAIN_PATH = re.compile(r"(/(?!\.\.?(/|$))[\w. -]+)*")
"""What stands for one file, or folder, to every reader: of some, ``*?[]{}`` are patterns,
``name=value`` is a column, ``::`` a chain of filesystems, ``:`` and ``%`` part of an address."""


def plain_path(path: Path) -> bool:
    """Whether every reader takes a path for nothing but that of one file."""
    return bool(PLAIN_PATH.fullmatch(str(path))) and path.name[:1].isalnum()


PLAIN_DELIMITERS = ",;\t|"
"""Others may be part of a number or a date."""


@dataclass(frozen=True)
class CsvFormat:
    """How a CSV file is spelt. All have a header line, UTF-8 text and ISO dates."""

    delimiter: str = ","
    null_values: tuple[str, ...] = ("",)

    @property
    def plain(self) -> CsvFormat:
        """What engines are given in its place: NULL is nothing, as all readers have it."""
        return CsvFormat(self.delimiter if self.delimiter in PLAIN_DELIMITERS else ",")


@dataclass(frozen=True)
class Table:
    """A table ready to be read: its files exist and have just been checked.

    ``parquet`` holds canonical types only (int64, float64, string, date32, timestamp[us],
    bool); it is empty where only the CSV was asked for. A column of ``schema`` is nullable
    exactly where the data has (or, for generated data, may have) a NULL. ``changes``: what of the
    data is not as in the user's files, in words. Of all files the paths are plain.
    """

    name: str
    schema: Schema
    rows: int
    parquet: tuple[Path, ...] = ()
    csv: tuple[Path, ...] = ()
    csv_format: CsvFormat = CsvFormat()
    changes: tuple[str, ...] = ()

    def files(self, source: Input) -> tuple[Path, ...]:
        """The files that a program with this input reads (or that memory is loaded from)."""
        return self.csv if source is Input.CSV else self.parquet

    def column(self, name: str) -> Column:
        return next(column for column in self.schema if column.name == name)
