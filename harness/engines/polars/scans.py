"""Scans a table's files as a lazy frame, and checks that a plan scans no other files."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from harness.errors import WorkloadError
from harness.tables import Input, Table


def scanner(pl: Any, table: Table, source: Input) -> Callable[[], Any]:
    """Returns a function that makes a lazy frame over a table's files; a frame remembers metadata.

    ``pl`` is the module ``polars``. CSV gets the column types of the table's Parquet files.
    """
    files = [str(path) for path in table.files(source)]
    if source is Input.PARQUET:
        return partial(pl.scan_parquet, files)
    return partial(
        pl.scan_csv,
        files,
        schema=dict(pl.scan_parquet(list(table.parquet)).collect_schema()),
        null_values=list(table.csv_format.null_values),
        separator=table.csv_format.delimiter,
    )


def refuse_other_scans(plan: str, known: Collection[str]) -> None:
    """Raises WorkloadError if a plan reads a file that is not among ``known``.

    ``plan`` is the text of Polars' ``explain``; files are compared as `scans` returns them.
    """
    for file in scans(plan):
        if file not in known:
            raise WorkloadError(f"a query reads the tables that its file declares, not {file}")


def scans(plan: str) -> list[str]:
    """Returns what each scan of a plan's text reads: its first file, with the number of others."""
    return re.findall(r"SCAN (.*)", plan)
