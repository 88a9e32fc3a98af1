"""Reads a user's CSV files into one Parquet file with the harness's own types."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from harness.data import csv_text
from harness.data.arrow import arrow_schema
from harness.data.budget import Room
from harness.data.cache import Facts
from harness.data.columns import check_declared, facts
from harness.data.csv_form import narrow
from harness.data.looks import LooksOfTexts, advice
from harness.data.sniff import look_of_file, of_delimiter, sniff
from harness.data.table_source import TableSource
from harness.data.text import infer, parse
from harness.data.write import write_parquet
from harness.errors import DataError, WorkloadError
from harness.types import Column, Schema, Type


def make(source: TableSource, paths: tuple[Path, ...], target: Path, room: Room) -> Facts:
    """Writes CSV files' rows to the Parquet file ``target``; returns the table's facts.

    Facts are what the cache stores of a table: its columns, NULLs, looks and changes. Reads the
    text twice: to infer the types from all of it, and to convert it. Raises WorkloadError for
    declared types that do not fit, DataError for a file that cannot be read, or if there is no
    room.
    """
    try:
        return _made(source, paths, target, room)
    except DataError as error:
        if not isinstance(error.__cause__, pa.ArrowInvalid):
            raise
        hint = of_delimiter(sniff(paths[0]), source.csv_format)
        raise type(error)(f"{error}; {hint}" if hint else str(error)) from error


def _made(source: TableSource, paths: tuple[Path, ...], target: Path, room: Room) -> Facts:
    names = csv_text.header(paths[0], source.csv_format)
    check_declared(source, paths[0], names)
    types = dict(source.declared)
    if len(types) < len(names):
        types = {**infer(csv_text.batches(paths, source.csv_format)), **types}
        if len(types) < len(names):
            raise DataError(
                f"{paths[0]} has a header and no rows, so that its types are unknown; "
                f"declare them: tables: {source.name}: schema:"
            )
    conversion = _Conversion(source, paths, tuple(Column(name, types[name]) for name in names))
    written = write_parquet(target, conversion.schema, conversion.batches(), room)
    plain = conversion.plain and len(paths) == 1 and narrow(paths[0], names, source.csv_format)
    of_file = look_of_file(paths[0], names, source.csv_format)
    looks = [*([of_file] if of_file else []), *conversion.looks.found()]
    changes = [advice(of_file)] if of_file else []
    return facts(
        conversion.columns, written, plain=plain, in_place=False, changes=changes, looks=looks
    )


class _Conversion:
    """The second pass over a table's CSV files, from text to values.

    ``plain`` says whether all CSV readers read these texts alike, once all batches are read.
    """

    def __init__(self, source: TableSource, paths: tuple[Path, ...], columns: Schema) -> None:
        self.source, self.paths, self.columns = source, paths, columns
        self.schema = arrow_schema(columns)
        self.plain, self.forms = True, dict[str, frozenset[str]]()
        self.looks = LooksOfTexts()

    def batches(self) -> Iterator[pa.RecordBatch]:
        for text in csv_text.batches(self.paths, self.source.csv_format):
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
