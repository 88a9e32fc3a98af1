"""The data that a workload file declares: the user's tables, or generated ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.data.generators.base import Generator, Params
from harness.data.table_source import TableSource
from harness.errors import WorkloadError
from harness.words import suggestion

OWN_SIZE = "own"
"""The only size of fixed data: a user's files, or a generator without parameters."""


@dataclass(frozen=True)
class DataSpec:
    """Generated tables: the generator, its parameters for each size, and each size's line."""

    generator: Generator[Any]
    sizes: Mapping[str, Params]
    lines: Mapping[str, int]

    def params(self, size: str) -> Params:
        """Returns the parameters of a size, which is a declared name or a number of rows.

        For a number of rows, the other parameters are those of the size ``small``, or else of the
        first size declared.
        """
        if size in self.sizes:
            return self.sizes[size]
        base = self.sizes.get("small", next(iter(self.sizes.values())))
        params: Params = self.generator.sized(base, _rows(size))
        return params

    def line(self, size: str) -> int:
        """Returns the line of a size in the file; of a number of rows, that of the first size."""
        return self.lines.get(size, next(iter(self.lines.values())))


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
        generator's size is neither declared nor a number of rows that it makes.
        """
        if self.sizes == (OWN_SIZE,):
            return OWN_SIZE
        if requested not in self.sizes and self.data is not None and _rows(requested):
            return self._of_rows(self.data, requested)
        if requested not in self.sizes:
            hint = suggestion(requested, self.sizes, "declared sizes")
            raise WorkloadError(f"{self.name} has no size {requested!r}; {hint}", self.file)
        return requested

    def _of_rows(self, data: DataSpec, requested: str) -> str:
        size = _spelt(_rows(requested))
        try:
            data.params(size)
        except ValidationError as error:
            reason = error.errors()[0]["msg"]
            raise WorkloadError(f"{self.name} of {size} rows: {reason}", self.file) from error
        return size


NUMBER = re.compile(r"[0-9][0-9_]{0,19}(\.[0-9]{1,20})?(e[0-9]{1,2})?", re.IGNORECASE)


def _rows(size: str) -> int:
    """Parses a number of rows: ``1000``, ``1_000``, ``1e6``, ``2.5e6``; 0 if it is none."""
    number = Decimal(size) if NUMBER.fullmatch(size) else Decimal(0)
    return int(number) if number == int(number) else 0


def _spelt(rows: int) -> str:
    """Spells a number of rows in one way: ``1e6``, ``2.5e6``, ``336776``."""
    digits, power = str(rows).rstrip("0"), len(str(rows)) - 1
    if power < 3 or len(digits) > 3:
        return str(rows)
    return f"{digits[0]}{'.' * (len(digits) > 1)}{digits[1:]}e{power}"
