"""Finds the paths that match a pattern, looking at a bounded number of names."""

from __future__ import annotations

import fnmatch
import glob
import os
from pathlib import Path

from harness.errors import DataError

MOST_NAMES = 100_000
"""The most files and folders to look at: more than a data set has, less than a disk or /proc."""
LOOKS = 10
"""How often each may be looked at, on average, for several tables' patterns or one ``**``."""


class Walk:
    """Lists folders, each once, for all tables of a workload.

    Raises DataError if there are more than ``most`` names, or if they are looked at more than
    ``LOOKS`` times. Patterns are those of a shell: ``*``, ``?`` and ``[ab]`` within a name, ``**``
    for folders at any depth; no wildcard matches a name that begins with a dot.
    """

    def __init__(self, most: int = MOST_NAMES) -> None:
        self._most = self._left = most
        self._looks = LOOKS * most
        self._listed: dict[Path, list[os.DirEntry[str]]] = {}

    def entries(self, folder: Path) -> list[os.DirEntry[str]]:
        """Returns what is in a folder; raises OSError if it cannot be listed."""
        if folder not in self._listed:
            found: list[os.DirEntry[str]] = []
            with os.scandir(folder) as entries:
                for entry in entries:
                    self._left -= 1
                    if self._left < 0:
                        raise DataError(self._too_many(""))
                    found.append(entry)
            self._listed[folder] = found
        self._looks -= len(self._listed[folder])
        if self._looks < 0:
            raise DataError(self._too_many(f", {LOOKS} times,"))
        return self._listed[folder]

    def _too_many(self, times: str) -> str:
        return (
            f"there are more than {self._most:,} files and folders to look at{times} for the "
            "tables of this file; name the folder more closely"
        )

    def matches(self, base: Path, pattern: str) -> list[Path]:
        """Returns the paths that match, sorted; relative patterns start at ``base``.

        A folder that cannot be listed is skipped if only ``**`` led to it; else OSError is raised.
        """
        start = Path(pattern)
        parts = start.parts[1:] if start.is_absolute() else start.parts
        waiting = [(Path(start.anchor) if start.is_absolute() else base, parts, True)]
        found: set[Path] = set()
        seen: set[tuple[int, int, int]] = set()
        while waiting:
            path, rest, meant = waiting.pop()
            if not rest:
                found.add(path)
                continue
            try:
                waiting += self._step(path, rest, meant, seen)
            except OSError:
                if meant:
                    raise
        return sorted(found)

    def _step(
        self, folder: Path, rest: tuple[str, ...], meant: bool, seen: set[tuple[int, int, int]]
    ) -> list[tuple[Path, tuple[str, ...], bool]]:
        """Matches the first part of ``rest``, what is left of a pattern, with what is in a folder.

        Returns triples for the next steps: a path, what is then left of the pattern, and ``meant``,
        which is False if only ``**`` led there. ``seen`` has the folders where ``**`` has been.
        """
        first, *others = rest
        after = tuple(others)
        if first == "**":
            status = folder.stat()
            place = (status.st_dev, status.st_ino, len(rest))
            if place in seen:  # links may lead back
                return []
            seen.add(place)
            return self._deeper(folder, rest, after or ("*",), meant)
        if glob.has_magic(first):
            fitting = [e for e in self.entries(folder) if _fits(e.name, first)]
            return [(folder / e.name, after, meant) for e in fitting if not after or _is_folder(e)]
        child = folder / first
        return [(child, after, meant)] if child.exists() else []

    def _deeper(
        self, folder: Path, rest: tuple[str, ...], after: tuple[str, ...], meant: bool
    ) -> list[tuple[Path, tuple[str, ...], bool]]:
        """Returns the next steps of a pattern at ``**``, as `_step` does.

        They are the folder itself with ``after``, the pattern behind ``**``, and its subfolders
        with ``rest``, which begins with ``**``.
        """
        inner = [e for e in self.entries(folder) if not e.name.startswith(".") and _is_folder(e)]
        return [(folder, after, meant), *((folder / e.name, rest, False) for e in inner)]


def _fits(name: str, pattern: str) -> bool:
    hidden = name.startswith(".") and not pattern.startswith(".")
    return not hidden and fnmatch.fnmatchcase(name, pattern)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
