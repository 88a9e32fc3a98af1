"""A folder for a run's temporary files, and the end of those that killed runs have left behind."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path

from harness.machine.closing import Closing

PREFIX = "enginebench-"
LOCK = "lock"
"""A file that is locked for as long as the folder's run lives: the system lets go of it then."""


class Scratch(Closing):
    """A new folder below the system's one for temporary files. ``close`` removes it."""

    def __init__(self, root: Path | None = None) -> None:
        root = root or Path(tempfile.gettempdir())
        _clean(root)
        while True:
            self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
            self._lock = _locked(self.path / LOCK, os.O_CREAT)
            if self._lock is not None:
                break  # else another run took it for one that was left behind

    def close(self) -> None:
        """May be called twice."""
        if self._lock is not None:
            shutil.rmtree(self.path, ignore_errors=True)
            os.close(self._lock)
            self._lock = None


def _clean(root: Path) -> None:
    """Removes folders whose runs have ended without doing so."""
    for folder in root.glob(f"{PREFIX}*"):
        lock = _locked(folder / LOCK)
        if lock is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def _locked(file: Path, flags: int = 0) -> int | None:
    """A descriptor that holds a file's lock; None where there is no file, or another holds it."""
    with contextlib.suppress(OSError):
        descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC | flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
        else:
            return descriptor
    return None
