"""Folders such as ``year=2020``, whose names are values of columns, as Hive writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa

from harness.data.arrow import ARROW_TYPES
from harness.data.table_source import TableSource
from harness.data.text import infer
from harness.data.walk import Walk
from harness.errors import DataError
from harness.types import Type

Keys = Mapping[str, str | None]
"""The values, as text, that a file's folders give to partition columns; None is NULL."""

NULL = "__HIVE_DEFAULT_PARTITION__"
"""What Hive, Spark, DuckDB and Arrow write for NULL."""
INTEGER = re.compile(r"-?[0-9]{1,18}")
MOST_KEYS = 20
"""The most folders such as ``year=2020``, one in the other: more than any data set has."""
LOGS = {"_delta_log": "Delta", ".hoodie": "Hudi"}
"""Folders of tables of which a log says which files count."""


def within(folder: Path, walk: Walk, keys: Keys | None = None) -> Iterator[tuple[Path, Keys]]:
    """Yields what is in a folder, and in partitions in it, each with the keys of its folders.

    Raises OSError for a folder that cannot be listed, and DataError for a table of Delta or Hudi,
    or if a folder and one in it give the same key, as where a link leads back, or more than
    MOST_KEYS folders are in each other.
    """
    keys = keys or {}
    for entry in sorted(walk.entries(folder), key=lambda entry: entry.name):
        yield folder / entry.name, keys
        if entry.name in LOGS:
            raise DataError(
                f"it is a table of {LOGS[entry.name]}, whose log says which of its files count; "
                "write what it holds to Parquet files of their own"
            )
        name, equals, value = entry.name.partition("=")
        if name and equals and entry.is_dir():
            key, text = unquote(name), None if value == NULL else unquote(value)
            if key in keys:
                raise DataError(f"its folders give {key} twice, one in the other")
            if len(keys) == MOST_KEYS:
                raise DataError(f"its folders give more than {MOST_KEYS} columns to a file")
            yield from within(folder / entry.name, walk, {**keys, key: text})


def checked(source: TableSource, keys: Mapping[Path, Keys]) -> Mapping[Path, Keys]:
    """Returns the keys of a table's files, with ``1`` for ``01`` in columns of integers.

    A column is of integers, as to all libraries that read such folders, if all of its values are;
    unless it is declared as text. Raises DataError if the files have not all the same keys.
    """
    first, *others = keys
    for path in others:
        if list(keys[path]) != list(keys[first]):
            one, other = (", ".join(keys[each]) or "nothing" for each in (first, path))
            raise DataError(f"its folders give {one} to {first.name}, but {other} to {path.name}")
    integers = {
        name
        for name in keys[first]
        if source.declared.get(name) is not Type.STRING
        and all(INTEGER.fullmatch(value or "0") for each in keys.values() if (value := each[name]))
    }
    return {
        path: {
            name: str(int(text)) if text and name in integers else text
            for name, text in each.items()
        }
        for path, each in keys.items()
    }


def fields(keys: Mapping[Path, Keys]) -> list[pa.Field]:
    """Returns a field for each partition column, of the type that fits all of its values."""
    types = infer(texts(each, 1) for each in keys.values())
    return [pa.field(name, ARROW_TYPES[kind]) for name, kind in types.items()]


def texts(keys: Keys, rows: int) -> dict[str, pa.Array]:
    """Returns the partition columns of one file's rows, as text."""
    return {name: pa.repeat(pa.scalar(text, pa.string()), rows) for name, text in keys.items()}


def with_keys(batch: pa.RecordBatch, keys: Keys) -> pa.RecordBatch:
    """Returns a batch of a file with the partition columns, as text, behind its own."""
    for name, text in texts(keys, len(batch)).items():
        batch = batch.append_column(name, text)
    return batch


def change(names: Sequence[str]) -> Iterator[str]:
    """Yields a sentence on what engines get instead of the folders of a partitioned table.

    ``names`` are the partition columns; without any it yields nothing.
    """
    if names:
        yield f"its folders become {', '.join(names)}, in one Parquet file that engines read"
