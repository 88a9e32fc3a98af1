"""Reads CSV files as batches of text columns, in bounded memory, whatever they unpack to."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv

from harness.data.columns import check_names, check_same
from harness.data.files import Found, opened
from harness.data.partitions import texts
from harness.errors import DataError
from harness.tables import CsvFormat

BLOCK_BYTES = 1 << 23
"""The bytes read at once; no row may be longer."""
HEADER_BYTES = 1 << 20
"""The longest header that is read."""
RECODE = "for example: iconv -f WINDOWS-1252 -t UTF-8"
"""What to do about a file in another encoding; most are in this one."""


def header(path: Path, spelling: CsvFormat) -> list[str]:
    """Returns a file's column names; raises DataError if they are missing or invalid.

    ``spelling`` holds the file's delimiter.
    """
    try:
        with opened(path) as stream:
            head = stream.read(HEADER_BYTES)
        whole = len(head) < HEADER_BYTES
        text = io.StringIO(codecs.getincrementaldecoder("utf-8-sig")().decode(head, whole), "")
        names = next(csv.reader(text, delimiter=spelling.delimiter), [])
    except csv.Error as error:
        raise DataError(f"{path}: its header cannot be read ({error}); is it CSV?") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 ({error}); {RECODE}") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read as CSV: {error}") from error
    if not whole and not text.read(1):
        raise DataError(f"{path}: its header is longer than {_size(HEADER_BYTES)}; is it CSV?")
    if not names:
        raise DataError(f"{path} is empty; a CSV file begins with a line of column names")
    check_names(path, names)
    return names


def batches(found: Found, spelling: CsvFormat) -> Iterator[dict[str, pa.Array]]:
    """Yields all rows of all files, as batches that map column names to arrays of text.

    ``spelling`` holds the delimiter and the texts that become NULL. Partition columns are the last.
    Raises DataError for a file that is not CSV in UTF-8, or has other columns than the first file.
    """
    first = found.paths[0]
    names = header(first, spelling)
    for path in found.paths:
        check_same(first, names, path, header(path, spelling))
        for batch in _file_batches(path, names, spelling):
            yield {**batch, **texts(found.keys[path], len(batch[names[0]]))}


def _file_batches(
    path: Path, names: list[str], spelling: CsvFormat
) -> Iterator[dict[str, pa.Array]]:
    try:
        with opened(path) as stream:
            reader = pacsv.open_csv(
                stream,
                pacsv.ReadOptions(block_size=BLOCK_BYTES),
                pacsv.ParseOptions(delimiter=spelling.delimiter, newlines_in_values=True),
                pacsv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    null_values=list(spelling.null_values),
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=True,
                ),
            )
            for batch in reader:
                yield dict(zip(names, batch.columns, strict=True))
    except (OSError, pa.ArrowInvalid) as error:
        if "straddling" in str(error):
            raise DataError(
                f"{path}: a row is longer than {_size(BLOCK_BYTES)}, or a quotation mark is never "
                "closed; shorten it, or keep the table as Parquet"
            ) from error
        if "UTF8" in str(error):
            raise DataError(f"{path} is not UTF-8; {RECODE}") from error
        raise DataError(f"{path} cannot be read as CSV: {error}") from error


def _size(count: int) -> str:
    return f"{count >> 20} MiB"
