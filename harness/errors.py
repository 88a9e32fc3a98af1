"""Every error that the harness raises on purpose, as one tree.

HarnessError
├── WorkloadError      the YAML or its SQL is wrong: file, line and what would be right
├── DataError          a table cannot be read, made or cached
│   └── DataUnavailable    the data is not on this machine, and what to install
├── Unsupported        a query that the plan layer or one engine cannot do, with the fragment
│   └── Differs            its values are ones that the engine handles differently from DuckDB
├── TooMuch            compiling a query passes a limit of time or memory
├── UnknownEngine      no engine has this name, or its code cannot be loaded
├── CannotInstall      an engine's own environment cannot be made
├── NoReference        the answers to a query cannot be checked: DuckDB cannot compute the right one
├── ResultsError       a results file or folder cannot be read or written
└── WorkerError        what can befall a process of an engine, or one of ours
    ├── WorkerFailed       the engine raised an error; the process lives on
    ├── WorkerDied         the process ended by itself
    ├── WorkerTimeout      the process did not answer in time and was killed
    ├── WorkerOutOfDisk    the disk was nearly full, and the process was killed
    └── WorkerOutOfMemory  the process outgrew its limit, or its engine said so
"""

from __future__ import annotations

from pathlib import Path

from harness.words import visible

FRAGMENT = 120
"""How many characters of a piece of SQL are told."""


class HarnessError(Exception):
    """Base of all errors that are told to the user in one line, without a traceback.

    What others wrote, as names and pieces of SQL, is told so that a terminal obeys none of it.
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
        """The same error, placed at a line of a file."""
        return type(self)(self.message, file, self.line or line)


class DataError(HarnessError):
    """A table that cannot be read, made or cached."""


class DataUnavailable(DataError):
    """The data is not on this machine; the message says what to install.

    Its cells end as ``unavailable``, not as ``error``.
    """


def first_cause(error: BaseException) -> BaseException:
    """The error itself, or the first of a group of errors: libraries with tasks raise groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


class Unsupported(HarnessError):
    """A query that cannot be done, by the plan layer or by one engine.

    ``fragment`` is the piece of SQL that is to blame, where one is; its beginning is told.
    """

    def __init__(self, reason: str, fragment: str | None = None) -> None:
        self.reason, self.fragment = reason, fragment
        super().__init__(reason if fragment is None else f"{reason}: {_beginning(fragment)}")


class Differs(Unsupported):
    """A query whose values one engine declares that it handles differently from DuckDB."""


def _beginning(fragment: str) -> str:
    return fragment if len(fragment) <= FRAGMENT else f"{fragment[:FRAGMENT]}…"


class TooMuch(HarnessError):
    """What a file asks for takes more time or memory than it may; the message names the limit."""


class UnknownEngine(HarnessError):
    """An engine's name that stands for none, or for one whose code cannot be loaded."""


class CannotInstall(HarnessError):
    """An environment of an engine's own that cannot be made: no such version, no network."""


class DataTooMuch(DataError):
    """A file that takes more time or memory to read than it may: it is not tried again."""


class NoReference(HarnessError):
    """The right answer to a query cannot be computed, so that no engine's can be checked."""


class ResultsError(HarnessError):
    """A results file or folder that cannot be read or written."""


class WorkerError(HarnessError):
    """Something befell an engine's process."""


class WorkerFailed(WorkerError):
    """The engine raised an error; its process lives on."""


class WorkerUnsupported(WorkerFailed):
    """The engine cannot run the program, which it noticed only when it tried."""


class WorkerDied(WorkerError):
    """The engine's process ended by itself."""


class WorkerTimeout(WorkerError):
    """The engine's process did not answer in time and was killed."""


class WorkerOutOfDisk(WorkerError):
    """The disk on which the engine's process writes was nearly full; the process was killed."""


class WorkerOutOfMemory(WorkerError):
    """The engine's process outgrew its limit and was killed, or its engine said so itself."""
