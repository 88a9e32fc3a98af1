"""Columns of a table for CREATE TABLE, and files for FROM."""

from __future__ import annotations

from collections.abc import Mapping

from harness.sandbox.guard import identifier, literal
from harness.tables import Input, Table
from harness.types import Type

STANDARD = {Type.FLOAT64: "DOUBLE PRECISION", Type.STRING: "TEXT"}
"""PostgreSQL's names of types, where DuckDB's differ."""


def declared(table: Table, types: Mapping[Type, str]) -> str:
    """Returns the text of the columns for CREATE TABLE: ``"k" BIGINT, "s" VARCHAR``.

    ``types`` has the names of types that are not DuckDB's.
    """
    return ", ".join(f"{identifier(c.name)} {types.get(c.type, c.type.sql)}" for c in table.schema)


def external(table: Table, source: Input) -> str:
    """Returns a table's files as Hyper's SQL names them in FROM: ``EXTERNAL(ARRAY['…'], …)``."""
    files = f"ARRAY[{', '.join(literal(str(file)) for file in table.files(source))}]"
    if source is Input.PARQUET:
        return f"EXTERNAL({files}, FORMAT => 'parquet')"
    form, columns = table.csv_format, f"DESCRIPTOR({declared(table, STANDARD)})"
    null = f'"null" => {literal(form.null_values[0])}, FORCE_NULL => true'
    options = f"HEADER => true, DELIMITER => {literal(form.delimiter)}, {null}"
    return f"EXTERNAL({files}, COLUMNS => {columns}, FORMAT => 'csv', {options})"


def with_files(sql: str, files: Mapping[str, str]) -> str:
    """Returns a query with a WITH clause of the CTEs in ``files`` (name -> CTE) that it reads.

    ``files`` has names in quotation marks. Where a CTE of the query has a name of these, it reads
    no such file: `ctes_named_apart` would have renamed the CTE.
    """
    own_cte = "{} AS (".format
    read = [rows for name, rows in files.items() if name in sql and own_cte(name) not in sql]
    own = sql.removeprefix("WITH ")
    return f"WITH {', '.join(read)}{' ' if own == sql else ', '}{own}" if read else sql
