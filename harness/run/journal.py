"""A run's records, each as it ends -> a file from which a run that was killed can be continued.

The file lies beside the results file that the run will write, under the same name with the suffix
``.journal``. Each line is a JSON object: first the results file as it would be if the run ended
before its first cell, then one entry for each cell that has ended.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from harness.errors import ResultsError

SUFFIX = ".journal"
DEFAULT_COMMAND = "pytest --benchmark"
"""What is told where a journal does not say which command wrote it."""
MOST_BYTES = 1 << 30
"""Of a journal that is read: each of 270 cells has some 5,000."""

Line = dict[str, Any]


class JournalFile:
    """A journal that this process, and no other, is writing: it is locked while it is open."""

    def __init__(self, path: Path, descriptor: int, head: Line) -> None:
        self.path, self._descriptor = path, descriptor
        self._command = written_by(head)
        self._bytes = os.fstat(descriptor).st_size

    @classmethod
    def create(cls, folder: Path, started: datetime, head: Line) -> Self:
        """A new journal in a machine's folder. Raises ResultsError where it cannot be written."""
        stamp, number = started.astimezone(UTC).strftime("%Y-%m-%dT%H%M%SZ"), 1
        path = folder / f"{stamp}{SUFFIX}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            while path.with_suffix(".json").exists() or (descriptor := _created(path)) is None:
                number += 1  # two runs that began in the same second
                path = folder / f"{stamp}-{number}{SUFFIX}"
        except OSError as error:
            raise ResultsError(f"no journal can be kept in {folder}: {error.strerror}") from error
        journal = cls(path, descriptor, head)
        journal.append(head)
        return journal

    @classmethod
    def reopen(cls, path: Path) -> tuple[Self, Line, list[Line]]:
        """A journal to be continued: its first line, and the others that are whole.

        Nothing in the file changes before ``append``. Raises ResultsError where it is no journal,
        or where another process is writing it.
        """
        try:
            descriptor = _locked(os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW))
        except OSError as error:
            raise ResultsError(f"{path} cannot be opened: {error.strerror}") from error
        if descriptor is None:
            raise ResultsError(f"{path} belongs to a run that is still going on")
        try:
            whole = _whole_lines(descriptor)
            head, *rest = map(_line, whole.splitlines())
        except (ValueError, RecursionError) as error:
            os.close(descriptor)
            raise ResultsError(f"{path} is not a journal: {error}; delete it") from error
        journal = cls(path, descriptor, head)
        journal._bytes = len(whole)
        return journal, head, rest

    @property
    def advice(self) -> str:
        """What to do where the disk is full."""
        return f"free some space; `{self._command} --resume` continues the run from {self.path}"

    def append(self, line: Mapping[str, Any]) -> None:
        """Adds a line, and waits until it is on the disk: whole, or not at all."""
        text = json.dumps(line, default=str).encode() + b"\n"
        try:
            os.ftruncate(self._descriptor, self._bytes)  # a run that was killed may leave half one
            _write(self._descriptor, text, self._bytes)
        except OSError as error:
            os.ftruncate(self._descriptor, self._bytes)
            told = f"{self.path} cannot be written: {error.strerror}"
            raise ResultsError(f"{told}; {self.advice}") from error
        self._bytes += len(text)

    def remove(self) -> None:
        """What it kept is in the results file now."""
        self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Leaves the file for a run that continues this one. May be called twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _whole_lines(descriptor: int) -> bytes:
    """A file up to the end of its last line. Raises ValueError where it is too long."""
    if os.fstat(descriptor).st_size > MOST_BYTES:
        raise ValueError(f"it has more than {MOST_BYTES >> 20} MiB")
    text = os.pread(descriptor, MOST_BYTES, 0)
    return text[: text.rfind(b"\n") + 1]


def _line(text: bytes) -> Line:
    line = json.loads(text)
    if not isinstance(line, dict):
        raise ValueError("a line of it is no JSON object")
    return line


def _created(path: Path) -> int | None:
    """The locked file; None where there is one of this name, or where another run was quicker."""
    flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC
    try:
        return _locked(os.open(path, flags, 0o644))
    except FileExistsError:
        return None


def _locked(descriptor: int) -> int | None:
    """The descriptor, locked until it is closed; None, and closed, where another has the lock."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _write(descriptor: int, text: bytes, offset: int) -> None:
    rest = memoryview(text)
    while rest:
        written = os.pwrite(descriptor, rest, offset)
        rest, offset = rest[written:], offset + written
    os.fsync(descriptor)


def command_of(path: Path) -> str:
    """The command whose run left a journal, as far as its first line can be read."""
    with contextlib.suppress(OSError, ValueError, RecursionError), path.open("rb") as file:
        return written_by(_line(file.readline(MOST_BYTES)))
    return DEFAULT_COMMAND


def written_by(head: Mapping[str, Any]) -> str:
    """The command in a journal's first line; the usual one where that is no pytest of ours.

    It is told as what to type, so that it must not be just anything.
    """
    command = str(head.get("command"))
    with contextlib.suppress(ValueError):
        words = shlex.split(command)
        if words[:1] == ["pytest"] and shlex.join(words) == command:
            return command
    return DEFAULT_COMMAND


def journals(folder: Path) -> tuple[list[Path], list[Path]]:
    """A machine's journals, oldest first: of runs that were broken off, and of living ones.

    What has such a name and cannot be read is nobody's journal, and nor is a link.
    """
    ended: list[Path] = []
    living: list[Path] = []
    found = [path for path in folder.glob(f"*{SUFFIX}") if path.is_file() and not path.is_symlink()]
    for path in sorted(found, key=lambda path: path.stat().st_mtime):
        with contextlib.suppress(PermissionError):
            descriptor = _locked(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
            (living if descriptor is None else ended).append(path)
            if descriptor is not None:
                os.close(descriptor)
    return ended, living
