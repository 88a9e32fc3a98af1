"""DuckDB's COPY statement for a query that writes its answer to a file, and how to read it back."""

from __future__ import annotations

from harness.engines.base import OUTPUT_FILE
from harness.plan import CompiledQuery
from harness.sandbox.guard import identifier
from harness.types import Type

_COPY, _TO_FILE = "COPY (\n", f"\n) TO '{OUTPUT_FILE}' (FORMAT parquet)"


def copied(query: CompiledQuery) -> str:
    """The COPY statement that writes a query's answer to OUTPUT_FILE."""
    return f"{_COPY}{_storable(query)}{_TO_FILE}"


def selected(program: str) -> str:
    """The SELECT of a program: the program itself, or what its COPY statement contains."""
    if program.startswith(_COPY) and program.endswith(_TO_FILE):
        return program.removeprefix(_COPY).removesuffix(_TO_FILE)
    return program


def _storable(query: CompiledQuery) -> str:
    """Returns the query's SQL, its integer columns cast to 64 bits if it has a sum.

    DuckDB's sums of integers have 128 bits, which Parquet lacks.
    """
    whole = [c.name for c in query.spec.schema if c.type is Type.INT64]
    if "sum(" not in query.sql.lower() or not whole:
        return query.sql
    casts = ", ".join(f"{identifier(name)}::BIGINT AS {identifier(name)}" for name in whole)
    return f"SELECT * REPLACE ({casts})\nFROM (\n{query.sql}\n)"
