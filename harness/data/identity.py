"""A user's files -> identities by which a change shows without reading the files."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.data.files import resolve
from harness.data.sources import DataSource
from harness.data.walk import Walk
from harness.errors import WorkloadError


@dataclass(frozen=True)
class Identity:
    """One file as the system knows it.

    Whoever replaces a file can give it any size and any time of change (``cp -p``, ``tar``), but
    not its number on the disk, nor the time at which the system itself noted a change (ctime).
    """

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    device: int

    @classmethod
    def of(cls, path: Path) -> Identity:
        """Raises OSError where there is no such file any more."""
        status = path.stat()
        return cls(
            status.st_size,
            status.st_mtime_ns,
            status.st_ctime_ns,
            status.st_ino,
            status.st_dev,
        )

    @property
    def lasting(self) -> tuple[int, ...]:
        """The fields that stay the same as long as the file does.

        Not so the device: some kinds of disk get another number whenever they are mounted.
        """
        return self.size, self.mtime_ns, self.ctime_ns, self.inode


Identities = Mapping[Path, Identity]


def identities(paths: Iterable[Path]) -> Identities:
    """The identities of those files that exist and can be looked at."""
    found: dict[Path, Identity] = {}
    for path in paths:
        with contextlib.suppress(OSError):
            found[path] = Identity.of(path)
    return found


def of_workload(workload: DataSource) -> Identities:
    """The identities of all files of its tables. Raises WorkloadError if a table has no file."""
    walk = Walk()
    tables = [resolve(source, walk) for source in workload.tables.values()]
    return identities(path for found in tables for path in found.paths)


def difference(before: Identities, now: Identities) -> str:
    """What changed of the files, in words that name the first one; empty where nothing did."""
    words = {
        **{path: "is new" for path in now if path not in before},
        **{path: "is gone" for path in before if path not in now},
        **{path: "has changed" for path in before if path in now and before[path] != now[path]},
    }
    if not words:
        return ""
    path, what = next(iter(words.items()))
    more = f" (and {len(words) - 1} more)" if len(words) > 1 else ""
    return f"{path.name} {what}{more}"


def change_of(files: Identities) -> str:
    """What changed of files since their identities were taken; empty where nothing did."""
    return difference(files, identities(files))


def change_of_tables(workload: DataSource, files: Identities) -> str:
    """The same for all files of a workload's tables, files that are new since included.

    Folders are searched for these, which takes longer.
    """
    try:
        return change_of(files) or difference(files, of_workload(workload))
    except WorkloadError as error:  # as where none is left
        return error.message
