"""SQL with which DuckDB reads a table's files, as an engine and as the referee."""

from __future__ import annotations

from collections.abc import Iterable

from harness.sandbox.guard import literal
from harness.tables import Input, Table, plain_path


def reader(table: Table, source: Input) -> str:
    """Returns the SQL of a call of ``read_parquet`` or ``read_csv`` that reads a table's files.

    CSV options are all given: DuckDB's sniffer and its strict mode fail on a header with another
    line break than the file's. Folders named ``k=1`` make no columns. Raises ValueError for a path
    that DuckDB might take for a pattern.
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
