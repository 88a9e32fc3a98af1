"""Turns a table's path, as the user wrote it, into the files that are meant."""

from __future__ import annotations

import glob
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from harness.errors import WorkloadError
from harness.spelling import suggestion
from harness.workload import TableSource

SUFFIXES = (".csv", ".csv.gz", ".parquet")


@dataclass(frozen=True)
class Found:
    """A table's files, all CSV or all Parquet, in the order of their names."""

    paths: tuple[Path, ...]
    csv: bool


def resolve(source: TableSource) -> Found:
    """The files of a table. Raises WorkloadError, at the table's line, where there are none."""
    base = source.file.parent.absolute()
    path = base / source.path
    if path.is_dir():
        paths = _readable(path.iterdir())
        if not paths:
            raise _error(source, f"the folder {source.path!r} holds no {_listed()} file")
    elif path.is_file():
        paths = [path]
    elif glob.has_magic(source.path):
        # glob, unlike Path.glob, takes a pattern that begins with a folder elsewhere
        paths = _readable(Path(found) for found in glob.glob(str(path), recursive=True))  # noqa: PTH207
        if not paths:
            raise _error(source, f"{source.path!r} matches no {_listed()} file")
    else:
        raise _error(source, f"there is no file {source.path!r}; {_near(path)}")
    return _one_kind(source, paths)


def suffix(path: Path) -> str | None:
    """Which kind of table a file holds, by its name; None where it is not a table."""
    return next((ending for ending in SUFFIXES if path.name.lower().endswith(ending)), None)


def _readable(paths: Iterable[Path]) -> list[Path]:
    return sorted(path for path in paths if path.is_file() and suffix(path))


def _one_kind(source: TableSource, paths: list[Path]) -> Found:
    kinds = {suffix(path) for path in paths}
    if None in kinds:
        raise _error(source, f"{source.path!r} is not a {_listed()} file")
    if ".parquet" in kinds and len(kinds) > 1:
        raise _error(
            source, f"{source.path!r} holds both CSV and Parquet; name one kind: '*.parquet'"
        )
    return Found(tuple(paths), ".parquet" not in kinds)


def _near(path: Path) -> str:
    if not path.parent.is_dir():
        return f"the folder {path.parent.name!r} does not exist"
    tables = [found.name for found in path.parent.iterdir() if suffix(found)]
    return suggestion(path.name, tables, "tables in that folder")


def _listed() -> str:
    return f"{', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"


def _error(source: TableSource, message: str) -> WorkloadError:
    return WorkloadError(f"table {source.name!r}: {message}", source.file, source.line)
