"""Finds the files that a table's path, as the user wrote it, means."""

from __future__ import annotations

import glob
import re
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import pyarrow as pa

from harness.data.partitions import Keys, checked, within
from harness.data.table_source import TableSource
from harness.data.walk import Walk
from harness.errors import DataError, WorkloadError
from harness.words import is_utf8, suggestion

COMPRESSIONS = {".gz": "gzip", ".zst": "zstd", ".bz2": "bz2"}
"""Arrow's name of each compression, by the second ending of a file of text."""
_PACKED = ("", *COMPRESSIONS)
CSV, TABBED = tuple(".csv" + end for end in _PACKED), tuple(".tsv" + end for end in _PACKED)
JSON = tuple(text + end for text in (".ndjson", ".jsonl") for end in _PACKED)
ARROW = (".arrow", ".feather", ".ipc")
SUFFIXES = (*CSV, *TABBED, *ARROW, *JSON, ".parquet")
LISTED = (
    f".csv, .tsv, .ndjson, .jsonl (also with {', '.join(COMPRESSIONS)}), {', '.join(ARROW)} or "
    ".parquet"
)
_KIND_NAMES = {
    **dict.fromkeys(CSV, "CSV"),
    **dict.fromkeys(TABBED, "TSV"),
    **dict.fromkeys(ARROW, "Arrow"),
    **dict.fromkeys(JSON, "JSON"),
    ".parquet": "Parquet",
}
ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
LONGEST_SHOWN = 200
"""The most characters of a path in a message."""


@dataclass(frozen=True)
class Found:
    """A table's files, all of one kind; those of a folder or pattern are sorted by name."""

    paths: tuple[Path, ...]
    kind: str
    """``CSV``, ``TSV``, ``Arrow``, ``JSON`` or ``Parquet``."""
    keys: Mapping[Path, Keys]
    """What each file's folders, such as ``year=2020``, say; the same names for all."""

    @property
    def key_names(self) -> tuple[str, ...]:
        """The names of the partition columns, which come behind the files' own."""
        return tuple(self.keys[self.paths[0]])

    @property
    def csv(self) -> bool:
        return self.kind in ("CSV", "TSV")


def resolve(source: TableSource, walk: Walk) -> Found:
    """Returns the files of a table; ``walk`` lists folders, each once for all tables of a workload.

    Raises WorkloadError, at the table's line, if there is no file, or one cannot be used.
    """
    try:
        base = source.file.parent.absolute()
        each = (_paths(source, base, path, walk) for path in source.paths)
        keys = dict(chain.from_iterable(each))
        kind = _one_kind(source, _checked_names(list(keys)))
        return Found(tuple(keys), kind, checked(source, keys))
    except DataError as error:
        raise _error(source, f"{_shown(source.path)}: {error}") from error
    except OSError as error:
        about = error.filename if isinstance(error, PermissionError) else source.path
        raise _error(source, f"{_shown(str(about))} cannot be read: {error.strerror}") from error


def _paths(source: TableSource, base: Path, given: str, walk: Walk) -> Iterable[tuple[Path, Keys]]:
    """Returns the files that ``given`` means: a file, a folder or a pattern, relative to ``base``.

    Each comes with its keys, the columns that folders such as ``year=2020`` give it. Raises
    WorkloadError if there is no file.
    """
    if ADDRESS.match(given):
        raise _error(
            source,
            f"{_shown(given)} is an address, and a table is read from a file: download it, and "
            "give its path",
        )
    pattern = _at_home(source, given)
    path, shown = base / pattern, _shown(given)
    if path.is_dir():
        inside = _in_folder(source, path, walk)
        if not inside:
            raise _error(source, f"the folder {shown} holds no {LISTED} file")
        return inside
    if path.exists():
        _check_is_file(source, path)
        return [(path, {})]
    if not glob.has_magic(pattern):
        raise _error(source, f"there is no file {shown}; {_near(path)}")
    paths = _readable(source, walk.matches(base, pattern))
    if not paths:
        raise _error(source, f"{shown} matches no {LISTED} file")
    return [(match, {}) for match in paths]


def _in_folder(source: TableSource, folder: Path, walk: Walk) -> list[tuple[Path, Keys]]:
    """Returns the files of a folder, and of folders such as ``year=2020`` in it."""
    keys = dict(within(folder, walk))
    return [(path, keys[path]) for path in _readable(source, keys)]


def _at_home(source: TableSource, path: str) -> str:
    """Returns a path with the user's home folder for a leading ``~``."""
    if not path.startswith("~"):
        return path
    try:
        return str(Path(path).expanduser())
    except RuntimeError as error:
        raise _error(source, f"{_shown(path)}: {error}") from error


def suffix(path: Path) -> str | None:
    """Returns the ending of a table's file (``.csv``, ``.csv.gz``, ``.parquet``, …), or None."""
    return next((ending for ending in SUFFIXES if path.name.lower().endswith(ending)), None)


def opened(path: Path) -> pa.NativeFile:
    """Opens a file of text as a stream of bytes, decompressed as its ending says."""
    return pa.input_stream(str(path), compression=COMPRESSIONS.get(path.suffix.lower()))


def _readable(source: TableSource, paths: Iterable[Path]) -> list[Path]:
    """Returns the paths with an ending of table files, sorted, without folders and broken links."""
    tables = [path for path in paths if suffix(path) and path.exists() and not path.is_dir()]
    for path in tables:
        _check_is_file(source, path)
    return sorted(tables)


def _check_is_file(source: TableSource, path: Path) -> None:
    """Refuses pipes, devices and sockets: reading them may block, or never end."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        kind = next((word for word, test in _KINDS.items() if test(mode)), "no file")
        raise _error(source, f"{_shown(path.name)} is {kind}; a table is read from a file")


_KINDS: Mapping[str, Callable[[int], bool]] = {
    "a pipe": stat.S_ISFIFO,
    "a socket": stat.S_ISSOCK,
    "a device": lambda mode: stat.S_ISCHR(mode) or stat.S_ISBLK(mode),
}


def _shown(path: str) -> str:
    """Returns a path in quotes, shortened if it is long."""
    if len(path) <= LONGEST_SHOWN:
        return repr(path)
    return f"{path[:LONGEST_SHOWN]!r}… ({len(path):,} characters)"


def _checked_names(paths: list[Path]) -> list[Path]:
    """Returns the paths; raises DataError if one is not UTF-8, as engines need."""
    for path in paths:
        if not is_utf8(path):
            raise DataError(f"{_shown(str(path))} is not UTF-8; rename the file, or its folder")
    return paths


def _one_kind(source: TableSource, paths: list[Path]) -> str:
    kinds = {_KIND_NAMES.get(suffix(path) or "") for path in paths}
    if None in kinds:
        raise _error(source, f"{_shown(source.path)} is not a {LISTED} file")
    first, *others = sorted(filter(None, kinds))
    if others:
        raise _error(
            source,
            f"{_shown(source.path)} holds both {first} and {others[0]}; name one kind: "
            f"'*{suffix(paths[0])}'",
        )
    return first


def _near(path: Path) -> str:
    if not path.parent.is_dir():
        return f"the folder {path.parent.name!r} does not exist"
    tables = [found.name for found in path.parent.iterdir() if suffix(found) and found.exists()]
    return suggestion(path.name, tables, "tables in that folder")


def _error(source: TableSource, message: str) -> WorkloadError:
    return WorkloadError(f"table {source.name!r}: {message}", source.file, source.line)
