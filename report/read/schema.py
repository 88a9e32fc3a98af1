"""A results file, or the journal of a run that was broken off -> a validated `ResultsFile`.

What a file may hold is declared in ``harness/records``, all that the report uses of the harness.
"""

from __future__ import annotations

import os
import reprlib
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from harness.records.faults import first_fault, shortened
from harness.records.files import FORMAT_VERSION, SUFFIX, ResultsFile, file_of, read_journal
from report.errors import MalformedResults, MissingResults, ReportError, UnknownVersion

MOST_BYTES = 1 << 30
"""The largest file that is read: one of 100,000 cells with ten rounds each has an eighth of it."""
MOST_PARTS, MOST_COMMAS = 5_000_000, 50_000_000
"""The most objects and lists (a hundred bytes of memory each), and other values (thirty)."""


def read(path: Path) -> ResultsFile:
    """Returns the content of one results file, validated.

    Raises MissingResults, UnknownVersion or MalformedResults, each with a message of one line.
    """
    try:
        return _checked(path)
    except ReportError:
        raise
    except Exception as error:  # whatever a file does to its reader costs that file only
        raise MalformedResults(f"{path}: cannot be read ({one_line(error)})") from error


def _checked(path: Path) -> ResultsFile:
    text, is_journal = _bytes(path), path.suffix == SUFFIX
    if text.count(b"[") + text.count(b"{") > MOST_PARTS or text.count(b",") > MOST_COMMAS:
        raise MalformedResults(f"{path}: has more than {MOST_PARTS:,} objects and lists, or values")
    document = _object(path, text.partition(b"\n")[0] if is_journal else text)
    version = document.get("format_version")
    if version != FORMAT_VERSION:
        raise UnknownVersion(
            f"{path}: format_version is {reprlib.repr(version)}, and this report reads "
            f"{FORMAT_VERSION}; build the report with the release that wrote the file, or run "
            "the benchmark again"
        )
    try:
        return file_of(*read_journal(text)) if is_journal else ResultsFile.model_validate(document)
    except ValidationError as error:
        raise MalformedResults(f"{path}: {first_fault(error)}") from None
    except ValueError as error:
        raise MalformedResults(f"{path}: not the journal of a run: {error}") from None


def _object(path: Path, text: bytes) -> dict[str, Any]:
    try:
        document = from_json(text, allow_inf_nan=False)
    except ValueError as error:
        raise MalformedResults(f"{path}: not JSON: {error}") from None
    if not isinstance(document, dict):
        raise MalformedResults(f"{path}: not a results file: its top level is not an object")
    return document


def _bytes(path: Path) -> bytes:
    """Returns the file's content; raises MissingResults if there is no such file."""
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for
            raise MalformedResults(f"{path}: not a file")
        with path.open("rb") as file:
            too_long = os.fstat(file.fileno()).st_size > MOST_BYTES  # then nothing of it is read
            if too_long or len(text := file.read(MOST_BYTES + 1)) > MOST_BYTES:
                raise MalformedResults(f"{path}: has more than {MOST_BYTES >> 20} MiB")
        return text
    except FileNotFoundError as error:
        raise MissingResults(f"{path}: cannot be read: {error.strerror}") from None
    except OSError as error:
        raise MalformedResults(f"{path}: cannot be read: {error.strerror}") from None


def one_line(error: Exception) -> str:
    """Returns an error's type and message in one line, cut off if it is long."""
    return shortened(f"{type(error).__name__}: {error}").removesuffix(":")
