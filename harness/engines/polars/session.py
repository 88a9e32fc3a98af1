"""Sessions of Polars."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from harness.engines.python.session import PythonSession
from harness.engines.session import SPILL_FOLDER, memory_limit
from harness.tables import Table

if TYPE_CHECKING:
    import pyarrow as pa


class PolarsSession(PythonSession):
    """A session of Polars. In memory, a table is a DataFrame; programs get it as a LazyFrame."""

    returns: ClassVar[str] = "end it with .collect(), and return that"

    def __init__(self, threads: int) -> None:
        import polars as pl

        super().__init__(threads)
        self.pl = pl

    def load(self, table: Table) -> None:
        self.tables[table.name] = self.pl.read_parquet([str(p) for p in table.parquet]).lazy()

    def to_arrow(self, result: Any) -> pa.Table:
        arrow: pa.Table = result.to_arrow()
        return arrow

    def rows(self, result: Any) -> int:
        return int(result.height)


class PolarsOutOfCoreSession(PolarsSession):
    """A session of Polars with a memory budget, and a folder for what it spills.

    Both are variables of this process, set before it imports the library.
    """

    def __init__(self, threads: int) -> None:
        limit = memory_limit()
        if limit is not None:
            os.environ.setdefault("POLARS_OOC_MEMORY_BUDGET_MB", str(limit // 2_000_000))
        folder = os.environ.setdefault("POLARS_OOC_SPILL_DIR", str(Path(SPILL_FOLDER).absolute()))
        super().__init__(threads)
        self.spills_to = Path(folder)
