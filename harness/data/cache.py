"""Turns a recipe for files into a folder that holds them whole, made once and checked on use."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from harness.errors import DataError

MANIFEST = "manifest.json"
MANIFEST_VERSION = 1
EDGE_BYTES = 1 << 16
CHUNK_BYTES = 1 << 22

Facts = dict[str, Any]
"""What the maker of an entry wants to find again beside the files: anything that JSON holds."""


@dataclass(frozen=True)
class Entry:
    """A folder of the cache whose files have just been checked."""

    folder: Path
    facts: Facts

    def file(self, name: str) -> Path:
        return self.folder / name


def default_root() -> Path:
    """``ENGINEBENCH_CACHE``, or the user's cache folder as the system has it."""
    chosen = os.environ.get("ENGINEBENCH_CACHE")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("enginebench"))


def identity_hash(identity: Mapping[str, Any]) -> str:
    """SHA-256 of everything that determines a content."""
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def fetch(
    root: Path, label: str, identity: Mapping[str, Any], make: Callable[[Path], Facts]
) -> Entry:
    """The entry for an identity: the one in the cache, or else a new one.

    ``make`` writes its files into the empty folder it is given and returns its facts. An
    entry that is damaged or was left half-written is made anew. Of several processes that
    want the same entry one makes it and the others wait. Raises DataError where the cache
    cannot be written: an OSError of ``make`` is taken for that, so that it must tell those of
    what it reads in words of its own.
    """
    final = (root / f"{label}-{identity_hash(identity)[:20]}").absolute()
    entry = _opened(final)
    if entry is not None:
        return entry
    try:
        with _locked(final):
            return _opened(final) or _made(final, make)
    except OSError as error:
        raise DataError(
            f"the cache at {root} cannot be written: {error.strerror or error}; free some space, "
            "or set ENGINEBENCH_CACHE to another folder"
        ) from error


@contextmanager
def _locked(final: Path) -> Iterator[None]:
    """Holds the entry's lock file; the system releases it when a process dies."""
    final.parent.mkdir(parents=True, exist_ok=True)
    with Path(f"{final}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _made(final: Path, make: Callable[[Path], Facts]) -> Entry:
    """Makes the entry beside its place and moves it there in one step. Its lock is held."""
    for leftover in final.parent.glob(f"{final.name}.tmp-*"):
        shutil.rmtree(leftover)
    temporary = Path(tempfile.mkdtemp(prefix=f"{final.name}.tmp-", dir=final.parent))
    try:
        facts = make(temporary)
        files = {path.name: _described(path) for path in sorted(temporary.iterdir())}
        manifest = {"version": MANIFEST_VERSION, "files": files, "facts": facts}
        (temporary / MANIFEST).write_text(json.dumps(manifest, indent=1))
        for path in (*temporary.iterdir(), temporary):
            _flush(path)
        _discard(final)
        temporary.rename(final)
        _flush(final.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return Entry(final, facts)


def _discard(final: Path) -> None:
    """Takes a damaged entry out of the way, in one step, before it is deleted."""
    if final.exists():
        doomed = Path(tempfile.mkdtemp(prefix=f"{final.name}.tmp-", dir=final.parent))
        final.rename(doomed / "damaged")
        shutil.rmtree(doomed)


def _opened(final: Path) -> Entry | None:
    """The entry in this place, or None where there is none that is whole."""
    try:
        manifest = json.loads((final / MANIFEST).read_text())
        whole = manifest["version"] == MANIFEST_VERSION and all(
            _unchanged(final / name, noted) for name, noted in manifest["files"].items()
        )
        return Entry(final, manifest["facts"]) if whole else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # no manifest, or not one of ours: the entry is made anew


def _described(path: Path) -> dict[str, Any]:
    status = path.stat()
    return {
        "bytes": status.st_size,
        "mtime_ns": status.st_mtime_ns,
        "edges": _edges(path),
        "crc32": _checksum(path),
    }


def _unchanged(path: Path, noted: Mapping[str, Any]) -> bool:
    """Cheap for a file that nobody touched; one with a new time, say a copy, is read whole."""
    status = path.stat()
    if status.st_size != noted["bytes"]:
        return False
    if status.st_mtime_ns == noted["mtime_ns"]:
        return bool(_edges(path) == noted["edges"])
    return bool(_checksum(path) == noted["crc32"])


def _edges(path: Path) -> int:
    """CRC-32 of the first and the last 64 KB: a Parquet file's footer is among them."""
    with path.open("rb") as stream:
        head = stream.read(EDGE_BYTES)
        stream.seek(max(0, path.stat().st_size - EDGE_BYTES))
        return zlib.crc32(stream.read(), zlib.crc32(head))


def _checksum(path: Path) -> int:
    """CRC-32 of the whole file: it finds accidents, which is all that is asked of it."""
    result = 0
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            result = zlib.crc32(chunk, result)
    return result


def _flush(path: Path) -> None:
    """Makes sure that a file's bytes, or a folder's names, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
