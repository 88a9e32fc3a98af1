"""The data that a workload file declares: the user's files, or generated tables."""

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
"""The only size of fixed data: a user's files, or a generator without parameters."""


@dataclass(frozen=True)
class TableSource:
    """A user's table; ``path`` is as written: a file, a glob or a folder.

    ``declared`` holds the types that the user declared; those of other columns are inferred.
    """

    name: str
    path: str
    file: Path
    line: int
    declared: Mapping[str, Type] = field(default_factory=dict)
    csv_format: CsvFormat = field(default_factory=CsvFormat)


@dataclass(frozen=True)
class DataSpec:
    """Generated tables: the generator, its parameters for each size, and each size's line."""

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
        """The sizes that can be requested, in the file's order."""
        return (OWN_SIZE,) if self.data is None else tuple(self.data.sizes)

    def size(self, requested: str) -> str:
        """Returns the size that a run uses if ``requested`` is given.

        The user's files have the one size ``own``, whatever is requested. Raises WorkloadError if a
        generator's size is not declared.
        """
        if self.sizes == (OWN_SIZE,):
            return OWN_SIZE
        if requested not in self.sizes:
            hint = suggestion(requested, self.sizes, "declared sizes")
            raise WorkloadError(f"{self.name} has no size {requested!r}; {hint}", self.file)
        return requested
