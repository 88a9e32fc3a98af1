"""A folder for a run's temporary files; removes folders that killed runs left behind."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import tempfile
from pathlib import Path

from harness.machine.closing import Closing
from harness.machine.locks import try_lock
from harness.machine.processtree import MARK

PREFIX = "enginebench-"
LOCK = "lock"
"""The file in each folder that its run keeps locked; the lock ends with the run."""


class Scratch(Closing):
    """A new folder below the system's one for temporary files, which ``close`` removes."""

    def __init__(self, root: Path | None = None) -> None:
        root = root or Path(tempfile.gettempdir())
        _clean(root)
        while True:
            self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
            self._lock = try_lock(self.path / LOCK)
            if self._lock is not None:
                break  # else another run is about to remove it as left behind

    def close(self) -> None:
        """Removes the folder; may be called twice."""
        if self._lock is not None:
            shutil.rmtree(self.path, ignore_errors=True)
            self._lock.release()
            self._lock = None


def _clean(root: Path) -> None:
    """Removes the folders of runs that ended without removing them.

    A folder without a lock file is some other program's, and stays.
    """
    for file in root.glob(f"{PREFIX}*/{LOCK}"):
        with contextlib.suppress(OSError):  # such as another user's
            lock = try_lock(file)
            if lock is not None:
                shutil.rmtree(file.parent, ignore_errors=True)
                lock.release()


def is_temporary(folder: Path) -> bool:
    """True for a folder that a Scratch has made, and for those in it."""
    around = (folder, *folder.parents)
    return any(each.name.startswith(PREFIX) and (each / LOCK).is_file() for each in around)


def own_folder(prefix: str) -> Path:
    """Makes a temporary folder for a library's own files (not for answers), and returns it.

    In a worker it lies in the worker's folder, which is removed with the worker; elsewhere it is
    removed when this process ends.
    """
    below = Path.cwd() if MARK in os.environ else None
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{prefix}", dir=below))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
