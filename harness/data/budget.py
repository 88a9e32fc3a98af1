"""Keeps a cache folder within its limit: what was used longest ago is removed.

Each running run holds the lock of a file of its own in ``runs``, made when it began. What was used
since the oldest of them began is not removed. Files that a run is writing have its file's name in
theirs; they are removed once the run has ended, even if it was killed.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from harness.errors import DataError
from harness.machine.locks import held, try_lock
from harness.machine.sizes import bytes_under
from harness.words import format_bytes

MANIFEST = "manifest.json"
RUNS, ANSWERS, LOCK = "runs", "answers", "enginebench.lock"
# Only files with such names are removed: the folder may hold others than the cache's.
ENTRY = re.compile(r".+-[0-9a-f]{20}")
ANSWER = re.compile(r"[0-9a-f]{64}\.arrow")
UNFINISHED = re.compile(r".+\.([0-9a-f]{32})\.part")
RUN = re.compile(r"[0-9a-f]{32}")
BEING_MADE = re.compile(r".+-[0-9a-f]{20}\.lock")
ENVIRONMENT = "environment"
"""How the names of engines' environments begin: entries that are made where they stay."""
MADE_IN_PLACE = re.compile(rf"{ENVIRONMENT}-[0-9a-f]{{20}}")

MOST_BYTES = 50 * 10**9
"""The default limit, unless half of the disk's capacity is less."""
SPARE = 20
"""One part in SPARE of the disk stays free, whatever the limit."""
GRANTS = 1000
"""The limit is granted in GRANTS parts, so that each concurrent run exceeds it by one at most."""


@dataclass(frozen=True)
class CachedFile:
    """An entry of the cache, a folder or an answer's file, and when it was last used (ns)."""

    path: Path
    bytes: int
    used_ns: int


@dataclass(frozen=True)
class CacheBudget:
    """Decides what a run may write into a cache of ``limit`` bytes; None: the default limit.

    ``run`` is the name of the run's file, ``since_ns`` when it began. All methods raise OSError if
    the cache cannot be written.
    """

    root: Path
    run: str
    since_ns: int
    limit: int | None = None

    @property
    def answers(self) -> Path:
        return self.root / ANSWERS

    def unfinished(self, final: Path) -> Path:
        """Returns the path at which something is written before it is moved to ``final``.

        It is beside ``final``; its name has the run's, so that it is removed after the run.
        """
        return final.with_name(f"{final.name}.{self.run}.part")

    def use(self, file: Path) -> bool:
        """Marks a cached file as used, so that no run removes it while this one runs.

        False if there is no such file.
        """
        return use(self.root, file, self.since_ns)

    def remove(self, path: Path) -> None:
        """Moves something out of its place in one step, then deletes it."""
        doomed = self.unfinished(path)
        with contextlib.suppress(FileNotFoundError):
            path.rename(doomed)
            _delete(doomed)

    def grant(self, count: int) -> int:
        """Returns how many bytes may be written now, at least ``count``.

        Removes old entries for that. Raises DataError, and removes nothing, if it would not be
        enough.
        """
        with held(self.root / LOCK):
            oldest = min([self.since_ns, *sweep(self.root).values()])
            cached = sorted(_contents(self.root), key=lambda one: one.used_ns)
            removable = [one for one in cached if one.used_ns < oldest]
            used, gain = _sum(cached), _sum(removable)
            most = self._most(used + shutil.disk_usage(self.root).free)
            if used - gain + count > most:
                wanted = format_bytes(count) if count else "any"
                raise DataError(
                    f"no room for {wanted} more: the cache at {self.root} may hold "
                    f"{format_bytes(most)}, and {format_bytes(used - gain)} are in use; raise "
                    "--cache-limit, free some space, or set ENGINEBENCH_CACHE to another folder"
                )
            for one in removable:
                if used + count <= most:
                    break
                self.remove(one.path)
                used -= one.bytes
            return min(most - used, max(count, most // GRANTS))

    def _most(self, capacity: int) -> int:
        """Returns the bytes that the cache may hold on a disk with ``capacity`` bytes.

        That is the limit, but a part of the disk stays free (one in SPARE). The default limit is
        MOST_BYTES, or half of the disk if that is less.
        """
        if self.limit is None:
            return min(MOST_BYTES, capacity // 2)
        return min(self.limit, capacity - capacity // SPARE)


def _sum(cached: Iterable[CachedFile]) -> int:
    return sum(one.bytes for one in cached)


class Room:
    """Counts the bytes that a run writes into the cache, and asks the cache's budget for them."""

    def __init__(self, budget: CacheBudget) -> None:
        self._budget, self._left = budget, 0

    def expect(self, count: int) -> None:
        """Raises DataError if ``count`` bytes, an estimate, do not fit."""
        self._budget.grant(count)

    def take(self, count: int) -> None:
        """Reserves ``count`` bytes; raises DataError if they do not fit."""
        if count > self._left:
            self._left = self._budget.grant(count)
        self._left -= count

    def wrote(self, count: int) -> None:
        """Counts ``count`` bytes that were written; raises DataError if they did not fit."""
        self._left -= count
        if self._left < 0:
            self._left = self._budget.grant(0)


def use(root: Path, file: Path, since_ns: int = 0) -> bool:
    """Marks a cached file as used now, or at ``since_ns`` if the clock has been set back since.

    False if there is no such file.
    """
    now_ns = max(time.time_ns(), since_ns)
    with held(root / LOCK):
        try:
            os.utime(file, ns=(now_ns, now_ns))
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True


def sweep(root: Path) -> dict[str, int]:
    """Removes what ended runs left behind; returns the running runs and when each began (ns).

    The caller holds the cache's lock.
    """
    began = {run.name: _since(Path(run)) for run in _in(root / RUNS) if RUN.fullmatch(run.name)}
    living = {run: since_ns for run, since_ns in began.items() if since_ns is not None}
    for item in [*_in(root), *_in(root / ANSWERS)]:
        unfinished = UNFINISHED.fullmatch(item.name)
        if unfinished and unfinished[1] not in living:
            _delete(Path(item))
        elif BEING_MADE.fullmatch(item.name):
            _since(Path(item))
        elif MADE_IN_PLACE.fullmatch(item.name) and not Path(item, MANIFEST).exists():
            _remove_broken_off(Path(item))
    return living


def _remove_broken_off(folder: Path) -> None:
    """Removes an environment that is not complete, unless a process is making it."""
    file = Path(f"{folder}.lock")
    lock = try_lock(file)
    if lock is not None:
        if not (folder / MANIFEST).exists():
            _delete(folder)
        file.unlink(missing_ok=True)
        lock.release()


def correct_times(root: Path) -> None:
    """Marks as used a second ago what a clock that was ahead has marked as used in the future.

    The caller holds the cache's lock, and no other run is going on.
    """
    now = time.time_ns()
    for item in [*_in(root), *_in(root / ANSWERS)]:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            file = _marked(item)
            if file is not None and file.stat().st_mtime_ns > now:
                os.utime(file, ns=(now - 10**9,) * 2)


def _since(file: Path) -> int | None:
    """Returns when a lock's file was made (ns), if a process holds the lock.

    Else removes the file and returns None.
    """
    with contextlib.suppress(FileNotFoundError):
        made_ns = file.stat().st_mtime_ns
        lock = try_lock(file)
        if lock is None:
            return made_ns
        file.unlink(missing_ok=True)
        lock.release()
    return None


def bytes_in(root: Path) -> int:
    """Returns the bytes of the cache's own files in its folder, finished or not."""
    return _sum(_contents(root))


def _contents(root: Path) -> list[CachedFile]:
    found = []
    for item in [*_in(root), *_in(root / ANSWERS)]:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):  # another run moved it
            if (used_ns := _used_ns(item)) is not None:
                found.append(CachedFile(Path(item), _bytes(item), used_ns))
    return found


def _bytes(item: os.DirEntry[str]) -> int:
    """Returns the bytes of an entry; of an environment, which has thousands of files, only once."""
    if not MADE_IN_PLACE.fullmatch(item.name):
        return bytes_under(Path(item))
    return _environment_bytes(Path(item), Path(item, MANIFEST).stat().st_ino)


@cache
def _environment_bytes(folder: Path, _made: int) -> int:
    """Returns the bytes of a complete environment; ``_made`` tells it from another one there."""
    return bytes_under(folder)


def _used_ns(item: os.DirEntry[str]) -> int | None:
    """Returns when an entry of the cache was last used (ns); None for a file that is no entry.

    For a file that is still being written it is the greatest number.
    """
    if UNFINISHED.fullmatch(item.name):
        return sys.maxsize
    file = _marked(item)
    return None if file is None else file.stat().st_mtime_ns


def _marked(item: os.DirEntry[str]) -> Path | None:
    """Returns the file whose time is that of the last use of an entry; None if ``item`` is none."""
    if ANSWER.fullmatch(item.name):
        return Path(item)
    return Path(item, MANIFEST) if ENTRY.fullmatch(item.name) else None


def _in(folder: Path) -> list[os.DirEntry[str]]:
    """Returns the entries of a folder, links left out, since these lead out of the cache."""
    try:
        with os.scandir(folder) as items:
            return [item for item in items if not item.is_symlink()]
    except FileNotFoundError:
        return []


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(
            path, ignore_errors=True
        )  # a run that is ending may remove files at the same time
    else:
        path.unlink(missing_ok=True)
