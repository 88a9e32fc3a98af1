"""Locks on files, which one process at a time holds and which end with that process.

They are ``filelock``'s, which uses flock, does not change the file's content, so that a file can be
its own lock, and never locks a file that was deleted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

POLL_SECONDS = 0.01


def try_lock(file: Path) -> FileLock | None:
    """Returns the file's lock, or None if another process holds it or its folder is gone.

    Makes the file if it is missing. ``release`` frees the lock and leaves the file. Raises other
    OSErrors if the file cannot be opened.
    """
    if not file.parent.is_dir():  # which filelock would make
        return None
    lock = _lock(file)
    try:
        lock.acquire(blocking=False)
    except (Timeout, FileNotFoundError):
        return None
    return lock


@contextmanager
def held(file: Path) -> Iterator[None]:
    """Waits for a lock and holds it in the block; the file exists only while it is held."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with _lock(file):
        try:
            yield
        finally:
            file.unlink(missing_ok=True)


def _lock(file: Path) -> FileLock:
    """Makes a lock, which is not held yet.

    Taking it raises OSError where flock is missing, as on some network drives.
    """
    return FileLock(file, poll_interval=POLL_SECONDS, thread_local=False, fallback_to_soft=False)
