"""Evicts files from the system's page cache, so that they are next read from the disk."""

from __future__ import annotations

import ctypes
import mmap
import os
from collections.abc import Iterable
from pathlib import Path

ATTEMPTS = 3
"""Attempts to evict a file: pages that are being used stay the first time."""


def drop(files: Iterable[Path]) -> bool:
    """Evicts files from the page cache; returns False if a page of any of them is still there.

    The system keeps pages that a process has mapped, and in some containers ignores the request.
    """
    left = [file for file in files if not _dropped(file)]
    return not left


def _dropped(file: Path) -> bool:
    if not hasattr(os, "posix_fadvise"):  # macOS
        return False
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)  # what is not on the disk yet cannot be forgotten
        for _ in range(ATTEMPTS):
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            if _cached_pages(descriptor) == 0:
                return True
    finally:
        os.close(descriptor)
    return False


def cached_pages(file: Path) -> int:
    """Returns how many of a file's pages are in the page cache."""
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return _cached_pages(descriptor)
    finally:
        os.close(descriptor)


def _cached_pages(descriptor: int) -> int:
    """Returns how many pages of an open file are in the page cache; raises OSError.

    Uses mincore(2) over a mapping that is never read.
    """
    size = os.fstat(descriptor).st_size
    if size == 0:
        return 0
    found = (ctypes.c_ubyte * -(-size // mmap.PAGESIZE))()
    library = ctypes.CDLL(None, use_errno=True)
    with mmap.mmap(descriptor, 0, access=mmap.ACCESS_COPY) as mapping:
        start = ctypes.c_char.from_buffer(mapping)
        failed = library.mincore(
            ctypes.c_void_p(ctypes.addressof(start)), ctypes.c_size_t(size), found
        )
        del start  # it holds the mapping open
    if failed:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return sum(page & 1 for page in found)
