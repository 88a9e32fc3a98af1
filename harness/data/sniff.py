"""Asks DuckDB's sniffer for a CSV file's delimiter, and whether its first line names columns."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.data.files import opened
from harness.tables import PLAIN_DELIMITERS, CsvFormat, Look

SAMPLE_BYTES = 1 << 20
VALUE = re.compile(r"-?[0-9][0-9.,:/-]*")
"""A number, a date or a time: no usual name of a column."""


@dataclass(frozen=True)
class Sniffed:
    """A CSV file's format, by its first 1 MiB."""

    delimiter: str
    has_header: bool
    columns: int


def sniff(path: Path) -> Sniffed | None:
    """Returns a file's format, or None if DuckDB does not find one; may raise OSError.

    The sniffer gets a copy of the file's beginning under another name: it may take the file's own
    path for a pattern.
    """
    import duckdb

    with opened(path) as stream:
        sample = stream.read(SAMPLE_BYTES)
    if len(sample) == SAMPLE_BYTES:
        sample = sample[: sample.rfind(b"\n") + 1]
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        copy = Path(folder) / "sample.csv"
        copy.write_bytes(sample)
        try:
            found = connection.execute(
                "SELECT Delimiter, HasHeader, len(Columns) FROM sniff_csv(?)", [str(copy)]
            ).fetchone()
        except duckdb.Error:
            return None
    return Sniffed(*found) if found else None


def look_of_file(path: Path, names: Sequence[str], form: CsvFormat) -> Look | None:
    """Returns what may be wrong with a CSV file's header, or None.

    A header is looked into if a name in it looks like a value, or if it has one name that contains
    a delimiter.
    """
    odd = len(names) == 1 and any(character in names[0] for character in PLAIN_DELIMITERS)
    if not (odd or any(map(VALUE.fullmatch, names))):
        return None
    found = sniff(path)
    if found is None:
        return None
    if odd and found.columns > 1:
        return Look("", f"{path.name} is read as one column", instead=of_delimiter(found, form))
    if found.has_header:
        return None
    return Look(
        "",
        f"{path.name} seems to have no header: its columns are called {', '.join(names)[:60]}",
        instead="write a line of names above the first",
    )


def of_delimiter(found: Sniffed | None, form: CsvFormat) -> str:
    """Returns which delimiter to declare, in words, if the file's is not the YAML's; else ""."""
    if found is None or found.delimiter == form.delimiter or found.columns < 2:
        return ""
    return f"its fields seem to be separated by {found.delimiter!r}: delimiter: {found.delimiter!r}"
