"""A table of the user's files, as a workload file declares it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.tables import CsvFormat
from harness.types import Type


@dataclass(frozen=True)
class TableSource:
    """A user's table; ``paths`` are as written: files, globs or folders.

    ``declared`` holds the types that the user declared; those of other columns are inferred.
    ``file`` and ``line`` are where the table is declared.
    """

    name: str
    paths: tuple[str, ...]
    file: Path
    line: int
    declared: Mapping[str, Type] = field(default_factory=dict)
    csv_format: CsvFormat = field(default_factory=CsvFormat)
    delimited: bool = False
    """Whether the user declared the delimiter."""

    @property
    def path(self) -> str:
        """The paths in one text, with commas between them."""
        return ", ".join(self.paths)
