"""Every error that the harness raises on purpose, as one tree.

HarnessError
├── WorkloadError      the YAML or its SQL is wrong: file, line and what would be right
├── DataError          a table cannot be read, made or cached
│   └── DataUnavailable    the data is not on this machine, and what to install
├── Unsupported        a query that the plan layer or one engine cannot do, with the fragment
│   └── Differs            its values are ones that the engine handles differently from DuckDB
├── TooMuch            compiling a query exceeds a limit of time or memory
├── UnknownEngine      no engine has this name, or its code cannot be loaded
├── CannotInstall      an engine's own environment cannot be made
├── NoReference        answers cannot be checked: DuckDB cannot compute the right one
├── ResultsError       a results file or folder cannot be read or written
└── WorkerError        a worker process failed
    ├── WorkerFailed       the engine raised an error; the process still runs
    ├── WorkerDied         the process ended by itself
    ├── WorkerTimeout      the process did not answer in time and was killed
    ├── WorkerOutOfDisk    the disk was nearly full, and the process was killed
    └── WorkerOutOfMemory  the process exceeded its limit, or its engine said so
"""

from __future__ import annotations

from pathlib import Path

from harness.words import visible

FRAGMENT = 120
"""The most characters of a piece of SQL in a message."""


class HarnessError(Exception):
    """Base of all errors that are shown to the user in one line, without a traceback.

    Control characters in names and SQL are escaped, so that a terminal does not obey them.
    """

    def __str__(self) -> str:
        return visible(super().__str__())


class WorkloadError(HarnessError):
    """A workload file that cannot be used.

    The message reads ``file:line: what is wrong; what would be right``.
    """

    def __init__(self, message: str, file: Path | None = None, line: int | None = None) -> None:
        self.message, self.file, self.line = message, file, line
        place = "" if file is None else f"{file}:" if line is None else f"{file}:{line}:"
        super().__init__(f"{place} {message}".strip())

    def at(self, file: Path, line: int | None) -> WorkloadError:
        """Returns the same error with a file, and with a line unless it has one."""
        return type(self)(self.message, file, self.line or line)


class DataError(HarnessError):
    """A table that cannot be read, made or cached."""


class DataUnavailable(DataError):
    """The data is not on this machine; the message says what to install.

    Its cells end as ``unavailable``, not as ``error``.
    """


def first_cause(error: BaseException) -> BaseException:
    """Returns the first error of a group of errors, also of nested ones, or the error itself."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


class Unsupported(HarnessError):
    """A query that the plan layer, or one engine, cannot do.

    ``fragment`` is the piece of SQL that is the cause, if there is one; messages show its
    beginning.
    """

    def __init__(self, reason: str, fragment: str | None = None) -> None:
        self.reason, self.fragment = reason, fragment
        super().__init__(reason if fragment is None else f"{reason}: {_beginning(fragment)}")


class Differs(Unsupported):
    """A query with values for which an engine declares that it differs from DuckDB."""


def _beginning(fragment: str) -> str:
    return fragment if len(fragment) <= FRAGMENT else f"{fragment[:FRAGMENT]}…"


class TooMuch(HarnessError):
    """Compiling a file takes more time or memory than allowed; the message names the limit."""


class UnknownEngine(HarnessError):
    """No engine has this name, or its code cannot be loaded."""


class CannotInstall(HarnessError):
    """An engine's own environment cannot be made: no such version, or no network, for example."""


class DataTooMuch(DataError):
    """A file takes more time or memory to read than allowed; it is not tried again."""


class NoReference(HarnessError):
    """The right answer to a query cannot be computed, so no engine's can be checked."""


class ResultsError(HarnessError):
    """A results file or folder that cannot be read or written."""


class WorkerError(HarnessError):
    """A worker process failed; subclasses say how."""


class WorkerFailed(WorkerError):
    """The engine raised an error; its process still runs."""


class WorkerUnsupported(WorkerFailed):
    """The engine cannot run the program, which showed only when it tried."""


class WorkerDied(WorkerError):
    """The engine's process ended by itself."""


class WorkerTimeout(WorkerError):
    """The engine's process did not answer in time and was killed."""


class WorkerOutOfDisk(WorkerError):
    """The disk on which the engine's process writes was nearly full; the process was killed."""


class WorkerOutOfMemory(WorkerError):
    """The engine's process exceeded its limit and was killed, or ran out of memory itself."""
