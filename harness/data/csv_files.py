"""Reads a user's CSV files into one Parquet file with the harness's own types."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from harness.data import csv_text
from harness.data.arrow import arrow_schema
from harness.data.budget import Room
from harness.data.cache import Facts
from harness.data.columns import check_declared, check_names, facts
from harness.data.csv_form import narrow
from harness.data.files import Found, suffix
from harness.data.looks import LooksOfTexts, advice
from harness.data.partitions import change
from harness.data.sniff import look_of_file, of_delimiter, sniff
from harness.data.table_source import TableSource
from harness.data.text import infer, parse
from harness.data.write import write_parquet
from harness.errors import DataError, WorkloadError
from harness.types import Column, Schema, Type

READ_BY_ALL = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
"""The endings of files that every engine reads itself."""


def make(source: TableSource, found: Found, target: Path, room: Room) -> Facts:
    """Writes CSV files' rows to the Parquet file ``target``; returns the table's facts.

    Facts are what the cache stores of a table: its columns, NULLs, looks and changes. Reads the
    text twice: to infer the types from all of it, and to convert it. Raises WorkloadError for
    declared types that do not fit, DataError for a file that cannot be read, or if there is no
    room.
    """
    try:
        return _made(source, found, target, room)
    except DataError as error:
        if not isinstance(error.__cause__, pa.ArrowInvalid):
            raise
        hint = of_delimiter(sniff(found.paths[0]), source.csv_format)
        raise type(error)(f"{error}; {hint}" if hint else str(error)) from error


def _made(source: TableSource, found: Found, target: Path, room: Room) -> Facts:
    first = found.paths[0]
    own = csv_text.header(first, source.csv_format)
    names = [*own, *found.key_names]
    check_names(first, names)
    check_declared(source, first, names)
    types = dict(source.declared)
    if len(types) < len(names):
        types = {**infer(csv_text.batches(found, source.csv_format)), **types}
        if len(types) < len(names):
            raise DataError(
                f"{first} has a header and no rows, so that its types are unknown; "
                f"declare them: tables: {source.name}: schema:"
            )
    conversion = _Conversion(source, found, tuple(Column(name, types[name]) for name in names))
    written = write_parquet(target, conversion.schema, conversion.batches(), room)
    plain = conversion.plain and _for_all(found) and narrow(first, own, source.csv_format)
    of_file = look_of_file(first, own, source.csv_format)
    looks = [*([of_file] if of_file else []), *conversion.looks.found()]
    changes = [*([advice(of_file)] if of_file else []), *change(found.key_names)]
    return facts(
        conversion.columns, written, plain=plain, in_place=False, changes=changes, looks=looks
    )


def _for_all(found: Found) -> bool:
    """True for one file that every engine reads: plain text or gzip, without partition columns."""
    return len(found.paths) == 1 and not found.key_names and suffix(found.paths[0]) in READ_BY_ALL


class _Conversion:
    """The second pass over a table's CSV files, from text to values.

    ``plain`` says whether all CSV readers read these texts alike, once all batches are read.
    """

    def __init__(self, source: TableSource, found: Found, columns: Schema) -> None:
        self.source, self.found, self.columns = source, found, columns
        self.schema = arrow_schema(columns)
        self.plain, self.forms = True, dict[str, frozenset[str]]()
        self.looks = LooksOfTexts()

    def batches(self) -> Iterator[pa.RecordBatch]:
        for text in csv_text.batches(self.found, self.source.csv_format):
            arrays = [self._values(column, text[column.name]) for column in self.columns]
            yield pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def _values(self, column: Column, text: pa.Array) -> pa.Array:
        if column.type is Type.STRING and column.name not in self.source.declared:
            self.looks.add(column.name, text)
        try:
            parsed = parse(text, column.type)
        except pa.ArrowInvalid as error:
            raise WorkloadError(
                f"table {self.source.name!r}: column {column.name!r} is not all {column.type}: "
                f"{error}; declare it as string, or add what means NULL to null_values",
                self.source.file,
                self.source.line,
            ) from error
        forms = self.forms[column.name] = self.forms.get(column.name, frozenset()) | parsed.forms
        self.plain = self.plain and parsed.plain and len(forms) < 2
        return parsed.values
