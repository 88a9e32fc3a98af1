"""Why a report cannot be built, each with the exit code that the command ends with.

ReportError
├── MissingResults    2   there is no results file to read
├── MalformedResults  3   a file that is not a results file, or one that contradicts itself
├── UnknownVersion    4   a results file of a format that this report does not know
└── MissingPackage    5   pictures need a package that is not installed
"""

from __future__ import annotations

from typing import ClassVar


def harmless(text: str) -> str:
    """Returns a text, such as a file name, without control characters, which terminals obey."""
    return "".join(c if c.isprintable() or c == "\n" else "�" for c in text)


class ReportError(Exception):
    """Base of all errors that the command prints in one line, without a traceback."""

    exit_code: ClassVar[int] = 1

    def __str__(self) -> str:
        return harmless(super().__str__())


class MissingResults(ReportError):
    """Raised where there is no results file to read."""

    exit_code = 2


class MalformedResults(ReportError):
    """Raised for a file that is not a results file, or that contradicts itself."""

    exit_code = 3


class UnknownVersion(ReportError):
    """Raised for a results file of a format version that this report does not know."""

    exit_code = 4


class MissingPackage(ReportError):
    """Raised where a package that only pictures need is not installed."""

    exit_code = 5
