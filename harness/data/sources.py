"""What a workload file declares of its data: the user's files, or tables that are generated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.data.generators.base import Generator, Params
from harness.errors import WorkloadError
from harness.tables import CsvFormat
from harness.types import Type
from harness.words import suggestion

OWN_SIZE = "own"
"""The one size of data that is what it is: the user's files, or a generator without parameters."""


@dataclass(frozen=True)
class TableSource:
    """Where a user's table comes from. ``path`` is as written: a file, a glob or a folder.

    ``declared`` holds the types that the user gave; the other columns' types are inferred.
    """

    name: str
    path: str
    file: Path
    line: int
    declared: Mapping[str, Type] = field(default_factory=dict)
    csv_format: CsvFormat = field(default_factory=CsvFormat)


@dataclass(frozen=True)
class DataSpec:
    """Generated tables: the generator, its parameters for each size, and where each is declared."""

    generator: Generator[Any]
    sizes: Mapping[str, Params]
    lines: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class DataSource:
    """The data of a workload: either ``tables`` (the user's files) or ``data`` (generated)."""

    name: str
    file: Path
    tables: Mapping[str, TableSource] = field(default_factory=dict)
    data: DataSpec | None = None

    @property
    def sizes(self) -> tuple[str, ...]:
        """The sizes that can be asked for, in the file's order."""
        return (OWN_SIZE,) if self.data is None else tuple(self.data.sizes)

    def size(self, requested: str) -> str:
        """The size that a run has when this one is asked for.

        Files have the size they have, so that any request gives ``own``; of a generator's
        sizes one must be declared. Raises WorkloadError, naming those that are.
        """
        if self.sizes == (OWN_SIZE,):
            return OWN_SIZE
        if requested not in self.sizes:
            hint = suggestion(requested, self.sizes, "declared sizes")
            raise WorkloadError(f"{self.name} has no size {requested!r}; {hint}", self.file)
        return requested
