"""Why a report cannot be built, each with the exit code that the command ends with.

ReportError
├── MissingResults    2   there is no results file to read
├── MalformedResults  3   a file that is not a results file, or one that contradicts itself
└── UnknownVersion    4   a results file of a format that this report does not know
"""

from __future__ import annotations

from typing import ClassVar


class ReportError(Exception):
    """Base of all errors that are told in one line, without a traceback."""

    exit_code: ClassVar[int] = 1


class MissingResults(ReportError):
    """There is no results file to read."""

    exit_code = 2


class MalformedResults(ReportError):
    """A file that is not a results file, or one that contradicts itself."""

    exit_code = 3


class UnknownVersion(ReportError):
    """A results file of a format that this report does not know."""

    exit_code = 4
