"""A file -> a lock that one process at a time holds, and that ends when that process does.

The locks are ``filelock``'s: it asks the kernel (flock), leaves what a file holds as it is, so that
a file of content can be its own lock, and never gives out the lock of a file that was deleted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

POLL_SECONDS = 0.01


def try_lock(file: Path) -> FileLock | None:
    """The file's lock, or None where another holds it or its folder is gone.

    The file is made where there is none. ``release`` gives the lock back and leaves the file.
    Raises another OSError where the file cannot be opened.
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
    """Waits for a lock and holds it for the block. Its file is there only as long as it is held."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with _lock(file):
        try:
            yield
        finally:
            file.unlink(missing_ok=True)


def _lock(file: Path) -> FileLock:
    """Without flock, as on some network drives, it raises OSError rather than trust a marker."""
    return FileLock(file, poll_interval=POLL_SECONDS, thread_local=False, fallback_to_soft=False)
