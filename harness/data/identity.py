"""Identities of a user's files, by which a change shows without reading the files."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.data.files import resolve
from harness.data.walk import Walk
from harness.errors import WorkloadError

if TYPE_CHECKING:
    from harness.data.sources import DataSource


@dataclass(frozen=True)
class Identity:
    """What the system knows of one file.

    A replaced file may have the old size and time of change (``cp -p``, ``tar``), but not the same
    inode or ctime.
    """

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    device: int

    @classmethod
    def of(cls, path: Path) -> Identity:
        """Returns a file's identity; raises OSError if the file is gone."""
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

        The device is not among them: some disks get another number whenever they are mounted.
        """
        return self.size, self.mtime_ns, self.ctime_ns, self.inode


Identities = Mapping[Path, Identity]


def identities(paths: Iterable[Path]) -> Identities:
    """Returns the identities of those files that exist and are accessible."""
    found: dict[Path, Identity] = {}
    for path in paths:
        with contextlib.suppress(OSError):
            found[path] = Identity.of(path)
    return found


def of_workload(workload: DataSource) -> Identities:
    """Returns the identities of all files of a workload's tables.

    Raises WorkloadError if a table has no file.
    """
    walk = Walk()
    tables = [resolve(source, walk) for source in workload.tables.values()]
    return identities(path for found in tables for path in found.paths)


def difference(before: Identities, now: Identities) -> str:
    """Says what changed among the files, naming the first one; "" if nothing did."""
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
    """Says what changed in files since their identities were taken; "" if nothing did."""
    return difference(files, identities(files))


def change_of_tables(workload: DataSource, files: Identities) -> str:
    """Says what changed in a workload's files, new ones included; "" if nothing did.

    Takes longer than `change_of`, since folders are searched.
    """
    try:
        return change_of(files) or difference(files, of_workload(workload))
    except WorkloadError as error:  # no file is left, say
        return error.message
