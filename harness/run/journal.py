"""Writes a run's records to a file as they are complete, so that a killed run can be resumed.

The file lies beside the results file that the run will write, with the suffix ``.journal``. Each
line is a JSON object (``harness/records/files.py``): first the results file as it would be if the
run ended before its first cell, then one entry for each cell that has ended.
"""

from __future__ import annotations

import contextlib
import os
import shlex
from datetime import UTC
from pathlib import Path
from typing import Self

from filelock import FileLock
from pydantic_core import from_json

from harness.errors import ResultsError
from harness.machine.locks import try_lock
from harness.records.bounds import Entry
from harness.records.files import SUFFIX, JournalHead, JournalLine, read_journal

DEFAULT_COMMAND = "pytest --benchmark"
"""The command of a journal that does not say which one wrote it."""
MOST_BYTES = 1 << 30
"""The longest journal that is read; a cell takes some 5,000 bytes."""


class JournalFile:
    """A journal that is open for writing; a lock keeps other processes from writing to it."""

    def __init__(self, path: Path, lock: FileLock, command: str) -> None:
        self.path, self._lock, self._command = path, lock, command
        self._descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        self._bytes = os.fstat(self._descriptor).st_size

    @classmethod
    def create(cls, folder: Path, head: JournalHead) -> Self:
        """Makes a new journal in a machine's folder; raises ResultsError if that fails."""
        stamp, number = head.started.astimezone(UTC).strftime("%Y-%m-%dT%H%M%SZ"), 1
        path = folder / f"{stamp}{SUFFIX}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            while path.with_suffix(".json").exists() or (lock := _created(path)) is None:
                number += 1  # two runs that began in the same second
                path = folder / f"{stamp}-{number}{SUFFIX}"
            journal = cls(path, lock, head.command)
        except OSError as error:
            raise ResultsError(f"no journal can be kept in {folder}: {error.strerror}") from error
        journal.append(head)
        return journal

    @classmethod
    def reopen(cls, path: Path) -> tuple[Self, JournalHead, list[JournalLine]]:
        """Opens a journal to be continued; returns it, its first line, and its other whole lines.

        Nothing in the file changes before ``append``. Raises ResultsError if the file is no
        journal, or if another process is writing it.
        """
        try:
            lock = try_lock(path)
        except OSError as error:
            raise ResultsError(f"{path} cannot be opened: {error.strerror}") from error
        if lock is None:
            raise ResultsError(f"{path} belongs to a run that is still going on")
        try:
            text = _text(path)
            head, lines = read_journal(text)
        except ValueError as error:
            lock.release()
            told = f"it is not a journal that this release writes: {error}"
            raise ResultsError(f"{path} cannot be continued: {told}; delete it") from None
        journal = cls(path, lock, known_command(head.command))
        journal._bytes = text.rfind(b"\n") + 1
        return journal, head, lines

    @property
    def advice(self) -> str:
        """Returns a sentence for the user: what to do if the disk is full."""
        return f"free some space; `{self._command} --resume` continues the run from {self.path}"

    def append(self, line: Entry) -> None:
        """Adds a line, and waits until it is on the disk; if this fails, no part of it stays."""
        text = line.model_dump_json().encode() + b"\n"
        try:
            os.ftruncate(self._descriptor, self._bytes)  # a run that was killed may leave half one
            _write(self._descriptor, text, self._bytes)
        except OSError as error:
            os.ftruncate(self._descriptor, self._bytes)
            told = f"{self.path} cannot be written: {error.strerror}"
            raise ResultsError(f"{told}; {self.advice}") from error
        self._bytes += len(text)

    def remove(self) -> None:
        """Deletes the journal; call it once its records are in the results file."""
        self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Closes the journal; it stays on disk, for a run that resumes. May be called twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
            self._lock.release()


def _created(path: Path) -> FileLock | None:
    """Creates a file and returns its lock; None if another run has created a file of this name."""
    lock = try_lock(path)
    if lock is not None and path.stat().st_size:
        lock.release()
        return None
    return lock


def _write(descriptor: int, text: bytes, offset: int) -> None:
    rest = memoryview(text)
    while rest:
        written = os.pwrite(descriptor, rest, offset)
        rest, offset = rest[written:], offset + written
    os.fsync(descriptor)


def command_of(path: Path) -> str:
    """Returns the command line that wrote a journal; DEFAULT_COMMAND if it cannot be read."""
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError), path.open("rb") as file:
        return known_command(from_json(file.readline(MOST_BYTES))["command"])
    return DEFAULT_COMMAND


def known_command(text: object) -> str:
    """Returns a journal's command line if it is a pytest command, else DEFAULT_COMMAND.

    Users are told to type it, so an edited journal must not put another command there.
    """
    command = str(text)
    with contextlib.suppress(ValueError):
        words = shlex.split(command)
        if words[:1] == ["pytest"] and shlex.join(words) == command:
            return command
    return DEFAULT_COMMAND


def _text(path: Path) -> bytes:
    """Returns a journal's content as bytes; raises ValueError if it is too long."""
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"it has more than {MOST_BYTES >> 20} MiB")
    return path.read_bytes()


def journals(folder: Path) -> tuple[list[Path], list[Path]]:
    """Returns a machine's journals in two lists, of interrupted and of running runs, oldest first.

    Files that cannot be opened, and links, are left out, and so are empty files: a run was killed
    before its first line, or ended just now, and it is the lock that made the file anew.
    """
    ended: list[Path] = []
    living: list[Path] = []
    for path in sorted(folder.glob(f"*{SUFFIX}"), key=_last_written):
        if path.is_symlink() or not path.is_file():
            continue
        with contextlib.suppress(PermissionError):
            lock = try_lock(path)
            if lock is None:
                living.append(path)
                continue
            if path.stat().st_size:
                ended.append(path)
            else:
                path.unlink()
            lock.release()
    return ended, living


def _last_written(path: Path) -> float:
    """Returns the time of a file's last change; 0 if its run has just ended and removed it."""
    with contextlib.suppress(FileNotFoundError):
        return path.lstat().st_mtime
    return 0.0
