"""Tables and files -> what chDB's SQL calls them; its answers -> Arrow without time zones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.sandbox import guard
from harness.tables import Input, Table
from harness.types import Type

if TYPE_CHECKING:
    import pyarrow as pa

_TYPES = {
    Type.BOOLEAN: "Bool",
    Type.INT64: "Int64",
    Type.FLOAT64: "Float64",
    Type.DECIMAL: "Decimal(15, 2)",
    Type.STRING: "String",
    Type.DATE: "Date32",
    Type.TIMESTAMP: "DateTime64(6)",
}
SETTINGS = {
    "join_use_nulls": 1,
    "aggregate_functions_null_for_empty": 1,
    "group_by_use_nulls": 1,
    "union_default_mode": "'DISTINCT'",
    "session_timezone": "'UTC'",
    "engine_file_truncate_on_insert": 1,
    "enable_extended_results_for_datetime_functions": 1,
    "use_cache_for_count_from_files": 0,
    "use_parquet_metadata_cache": 0,
    "use_query_condition_cache": 0,
}
"""What makes it answer as SQL does, and remember nothing of files from run to run."""


def identifier(name: str) -> str:
    """Returns a name quoted in ClickHouse's SQL, in which a backslash escapes what follows it."""
    return guard.identifier(name.replace("\\", "\\\\"))


def literal(text: str) -> str:
    """Returns a text quoted in ClickHouse's SQL, in which a backslash escapes what follows it."""
    return guard.literal(text.replace("\\", "\\\\"))


def settings(threads: int, memory_limit: int | None) -> dict[str, object]:
    """Returns all settings of a session; queries get four fifths of the process's memory."""
    most = (memory_limit or 0) * 4 // 5  # 0 is no limit
    return {**SETTINGS, "max_threads": threads, "max_memory_usage": most}


def columns(table: Table) -> str:
    """Returns the text of a table's columns with their types: ``"k" Nullable(Int64), …``."""
    return ", ".join(
        f"{identifier(c.name)} {f'Nullable({_TYPES[c.type]})' if c.nullable else _TYPES[c.type]}"
        for c in table.schema
    )


def files(table: Table, source: Input) -> Iterator[str]:
    """Yields a SELECT for each of a table's files."""
    form, settings = ("Parquet", "") if source is Input.PARQUET else _csv(table)
    names = ", ".join(identifier(c.name) for c in table.schema)
    for file in table.files(source):
        where = f"file({literal(str(file))}, '{form}', {literal(columns(table))})"
        yield f"SELECT {names} FROM {where}{settings}"


def _csv(table: Table) -> tuple[str, str]:
    """Returns chDB's name of the format of a table's CSV files, and the text ``SETTINGS …`` for it.

    Files with tabs need another format.
    """
    form, delimiter = "CSVWithNames", literal(table.csv_format.delimiter)
    settings = {
        "format_csv_delimiter": delimiter,
        "format_csv_null_representation": literal(table.csv_format.null_values[0]),
        "input_format_csv_trim_whitespaces": 0,
    }
    if table.csv_format.delimiter == "\t":
        form, own = "CustomSeparatedWithNames", {"field_delimiter": delimiter}
        own |= {"escaping_rule": "'CSV'", "row_after_delimiter": "'\\n'"}
        settings |= {f"format_custom_{name}": value for name, value in own.items()}
        del settings["format_csv_delimiter"]
    given = ", ".join(f"{name} = {value}" for name, value in settings.items())
    return form, f" SETTINGS {given}"


def without_zones(answer: pa.Table) -> pa.Table:
    """Returns an answer whose timestamps, which are in UTC, have types without a time zone."""
    import pyarrow as pa

    fields = [
        field.with_type(pa.timestamp(field.type.unit))
        if pa.types.is_timestamp(field.type)
        else field
        for field in answer.schema
    ]
    return answer.cast(pa.schema(fields))
