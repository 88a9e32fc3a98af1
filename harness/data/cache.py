"""A cache of folders with files, each made once and checked at each use."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
import uuid
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import platformdirs

from harness.data.budget import LOCK, MANIFEST, RUNS, CacheBudget, Room, correct_times, sweep
from harness.errors import DataError, DataTooMuch
from harness.machine.closing import Closing
from harness.machine.locks import held, try_lock
from harness.tables import plain_path
from harness.words import parse_bytes

LINKS = "links"
LIMIT = "ENGINEBENCH_CACHE_LIMIT"
MANIFEST_VERSION = 1
EDGE_BYTES = 1 << 16
CHUNK_BYTES = 1 << 22

Facts = dict[str, Any]
"""What is stored with an entry beside its files: any JSON."""


@dataclass(frozen=True)
class CacheEntry:
    """A folder of the cache whose files have just been checked.

    ``facts`` are what was noted about the files when they were made.
    """

    folder: Path
    facts: Facts

    def file(self, name: str) -> Path:
        return self.folder / name


def default_root() -> Path:
    """Returns the folder that ``ENGINEBENCH_CACHE`` names, or else the user's cache folder."""
    chosen = os.environ.get("ENGINEBENCH_CACHE")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("enginebench"))


def default_limit() -> int | None:
    """Returns ``ENGINEBENCH_CACHE_LIMIT`` in bytes, or None if the variable is not set.

    Raises DataError if its value is not a number of bytes.
    """
    chosen = os.environ.get(LIMIT)
    try:
        return parse_bytes(chosen) if chosen else None
    except ValueError as error:
        raise DataError(f"{LIMIT}: {error}") from None


def identity_hash(identity: Mapping[str, Any]) -> str:
    """Returns the SHA-256, in hex, of an identity: all that determines an entry's content."""
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


class Cache(Closing):
    """A cache folder in use by a run: entries that the run has used stay until ``close``.

    ``limit`` bounds all that is in it, in bytes. Raises DataError if the folder cannot be written,
    or if its path has characters that readers of its files take for a pattern (``*``) or a URL
    (``:``).
    """

    def __init__(self, root: Path | None = None, limit: int | None = None) -> None:
        root, limit = (root or default_root()).absolute(), limit or default_limit()
        if not plain_path(root / MANIFEST):
            raise DataError(
                f"the cache cannot be at {root}: some readers take characters of that path for a "
                "pattern or an address; set ENGINEBENCH_CACHE to a folder whose path has letters, "
                "digits, '.', '_', '-' and spaces only"
            )
        run = uuid.uuid4().hex
        self._file = root / RUNS / run
        with _as_data_error(root):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with held(root / LOCK):
                if not sweep(root):
                    correct_times(root)
                self._lock = try_lock(self._file)
                since_ns = self._file.stat().st_mtime_ns
        self.budget = CacheBudget(root, run, since_ns, limit)
        self._given_up: dict[Path, DataTooMuch] = {}

    def close(self) -> None:
        """Ends the run's use, and shrinks the cache to its limit; may be called twice."""
        if self._lock is not None:
            shutil.rmtree(self.links, ignore_errors=True)
            self._file.unlink(missing_ok=True)
            self._lock.release()
            self._lock = None
            with contextlib.suppress(DataError, OSError):
                replace(self.budget, since_ns=time.time_ns()).grant(0)

    @property
    def links(self) -> Path:
        """A folder for links to files elsewhere; removed after the run, even if it is killed."""
        return self.budget.unfinished(self.budget.root / LINKS)

    def link(self, link: Path, target: str) -> None:
        """Makes a link below ``links``, unless it exists."""
        with _as_data_error(self.budget.root):
            link.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                link.symlink_to(target)

    def fetch(
        self, label: str, identity: Mapping[str, Any], make: Callable[[Path, Room], Facts]
    ) -> CacheEntry:
        """Returns the entry for an identity; makes it if the cache has none.

        The folder's name begins with ``label``, which people see and which identifies nothing.
        ``make`` writes files into the empty folder it is given, within its room, and returns facts.
        A damaged entry is made anew. Of several processes that need an entry one makes it while the
        others wait. Raises DataError if the cache has no room or cannot be written. An OSError of
        ``make`` is reported as a cache that cannot be written; so ``make`` must convert an OSError
        of a file that it reads.
        """
        final = self.budget.root / f"{label}-{identity_hash(identity)[:20]}"
        with _as_data_error(self.budget.root):
            found = self._found(final)
            if found is not None:
                return found
            with held(Path(f"{final}.lock")):
                return self._found(final) or self._made_once(final, make)

    def _made_once(self, final: Path, make: Callable[[Path, Room], Facts]) -> CacheEntry:
        """Makes an entry; once that took too much time or memory, later calls raise that error."""
        if final in self._given_up:
            raise self._given_up[final]
        try:
            return self._made(final, make)
        except DataTooMuch as error:
            self._given_up[final] = error
            raise

    def _found(self, final: Path) -> CacheEntry | None:
        """Returns the undamaged entry at this path, marked as used, or None."""
        return _opened(final) if self.budget.use(final / MANIFEST) else None

    def _made(self, final: Path, make: Callable[[Path, Room], Facts]) -> CacheEntry:
        """Makes the entry beside its path, and moves it there in one step; its lock is held."""
        self.budget.remove(final)  # missing or damaged
        temporary = self.budget.unfinished(final)
        temporary.mkdir()
        try:
            facts = make(temporary, Room(self.budget))
            files = {path.name: _described(path) for path in sorted(temporary.iterdir())}
            manifest = {"version": MANIFEST_VERSION, "files": files, "facts": facts}
            (temporary / MANIFEST).write_text(json.dumps(manifest, indent=1))
            for path in (*temporary.iterdir(), temporary):
                _flush(path)
            temporary.rename(final)
            _flush(final.parent)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        self.budget.use(final / MANIFEST)
        return CacheEntry(final, facts)


@contextmanager
def _as_data_error(root: Path) -> Iterator[None]:
    """A ``with`` statement's context: an OSError in it becomes a DataError that says what to do."""
    try:
        yield
    except OSError as error:
        raise DataError(
            f"the cache at {root} cannot be written: {error.strerror or error}; free some space, "
            "or set ENGINEBENCH_CACHE to another folder"
        ) from error


def _opened(final: Path) -> CacheEntry | None:
    """Returns the entry at this path, or None if it is missing or damaged."""
    try:
        manifest = json.loads((final / MANIFEST).read_text())
        whole = manifest["version"] == MANIFEST_VERSION and all(
            _unchanged(final / name, noted) for name, noted in manifest["files"].items()
        )
        return CacheEntry(final, manifest["facts"]) if whole else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # no manifest, or not one of the harness's


def _described(path: Path) -> dict[str, Any]:
    status = path.stat()
    return {
        "bytes": status.st_size,
        "mtime_ns": status.st_mtime_ns,
        "edges": _edges(path),
        "crc32": _checksum(path),
    }


def _unchanged(path: Path, noted: Mapping[str, Any]) -> bool:
    """True if a file is as its entry's manifest says.

    Reads the whole file only if its time differs, as that of a copy does; else only its edges.
    """
    status = path.stat()
    if status.st_size != noted["bytes"]:
        return False
    if status.st_mtime_ns == noted["mtime_ns"]:
        return bool(_edges(path) == noted["edges"])
    return bool(_checksum(path) == noted["crc32"])


def _edges(path: Path) -> int:
    """Returns the CRC-32 of the first and last 64 KiB, which include a Parquet file's footer."""
    with path.open("rb") as stream:
        head = stream.read(EDGE_BYTES)
        stream.seek(max(0, path.stat().st_size - EDGE_BYTES))
        return zlib.crc32(stream.read(), zlib.crc32(head))


def _checksum(path: Path) -> int:
    """Returns the CRC-32 of the whole file; it finds accidents, not intent."""
    result = 0
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            result = zlib.crc32(chunk, result)
    return result


def _flush(path: Path) -> None:
    """Writes a file's bytes, or a folder's names, to the disk (fsync)."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
