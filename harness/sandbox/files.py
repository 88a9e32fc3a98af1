"""A table's files -> how DuckDB reads them, as an engine and for the right answers."""

from __future__ import annotations

from collections.abc import Iterable

from harness.sandbox.guard import literal
from harness.tables import Input, Table, plain_path


def reader(table: Table, source: Input) -> str:
    """The table function over a table's Parquet files, or CSV files where ``source`` is CSV.

    All that is known of CSV is said: DuckDB's own guess at it fails on a header with a line break
    that is not the file's, and so does its strict mode. That a folder is called ``k=1`` says
    nothing of a column. Raises ValueError for a path that DuckDB might take for a pattern.
    """
    for file in table.files(source):
        if not plain_path(file):
            raise ValueError(f"{file} is no plain path")
    files = _list(table.files(source))
    if source is not Input.CSV:
        return f"read_parquet({files}, hive_partitioning = false)"
    columns = ", ".join(f"{literal(c.name)}: {literal(c.type.sql)}" for c in table.schema)
    form = table.csv_format
    return (
        f"read_csv({files}, header = true, columns = {{{columns}}}, auto_detect = false, "
        f"delim = {literal(form.delimiter)}, nullstr = {_list(form.null_values)}, "
        "quote = '\"', escape = '\"', strict_mode = false, hive_partitioning = false)"
    )


def _list(items: Iterable[object]) -> str:
    return f"[{', '.join(literal(str(item)) for item in items)}]"
