"""DuckDB's COPY: a query whose answer is written to a file -> the statement, and back."""

from __future__ import annotations

from harness.engines.base import OUTPUT_FILE
from harness.plan import Query
from harness.sandbox.guard import identifier
from harness.types import Type

_COPY, _TO_FILE = "COPY (\n", f"\n) TO '{OUTPUT_FILE}' (FORMAT parquet)"


def copied(query: Query) -> str:
    """The statement that writes a query's answer to the file that a program leaves behind."""
    return f"{_COPY}{_storable(query)}{_TO_FILE}"


def selected(program: str) -> str:
    """The SELECT of a program: all of it, or what its answer's file is made of."""
    if program.startswith(_COPY) and program.endswith(_TO_FILE):
        return program.removeprefix(_COPY).removesuffix(_TO_FILE)
    return program


def _storable(query: Query) -> str:
    """The query; sums of integers, 128 bits wide in DuckDB, cast to what Parquet can hold."""
    whole = [c.name for c in query.spec.schema if c.type is Type.INT64]
    if "sum(" not in query.sql.lower() or not whole:
        return query.sql
    casts = ", ".join(f"{identifier(name)}::BIGINT AS {identifier(name)}" for name in whole)
    return f"SELECT * REPLACE ({casts})\nFROM (\n{query.sql}\n)"
