"""Paths -> the runs behind them, newest first, and the files that cannot be used, with the reason.

Of several files, one that is malformed, half-written or of an unknown version is left out and
listed; that it is the only one, or that none is left, is an error. So is a path that names nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.records.files import ResultsFile
from harness.records.runs import MachineEntry
from report.errors import MalformedResults, MissingResults, UnknownVersion
from report.read.schema import read


@dataclass(frozen=True)
class RunFile:
    """A run: one results file with its path and content."""

    path: Path
    file: ResultsFile

    @property
    def machine(self) -> MachineEntry:
        return self.file.machine


@dataclass(frozen=True)
class Unread:
    """A file that was left out; ``reason`` says why, in one line."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Sources:
    """At least one run, newest first, and the files that were left out."""

    runs: tuple[RunFile, ...]
    unread: tuple[Unread, ...] = ()


def find(paths: Iterable[Path]) -> list[Path]:
    """Returns the given files and, for folders, the *.json in them and in their subfolders.

    It does not look further down than one subfolder.
    """
    paths = list(paths)
    found: list[Path] = []
    for path in paths:
        found += sorted([*path.glob("*.json"), *path.glob("*/*.json")]) if path.is_dir() else [path]
    if not found:
        raise MissingResults(
            f"no results files in {', '.join(map(str, paths))}: run 'pytest --benchmark' first"
        )
    return found


def read_all(paths: Sequence[Path]) -> Sources:
    """Reads each file once; returns the runs, and the files that cannot be used.

    Raises MissingResults for a path that cannot be opened. If no file at all can be used, raises
    the first file's ReportError.
    """
    if not paths:
        raise MissingResults("no results files: run 'pytest --benchmark' first, or name a file")
    runs: list[RunFile] = []
    faults: dict[Path, MalformedResults | UnknownVersion] = {}
    for path in dict.fromkeys(paths):
        try:
            runs.append(RunFile(path, read(path)))
        except (MalformedResults, UnknownVersion) as fault:
            faults[path] = fault
    if not runs:
        raise next(iter(faults.values()))
    runs.sort(key=lambda run: run.file.started, reverse=True)
    return Sources(tuple(runs), tuple(_unread(path, fault) for path, fault in faults.items()))


def _unread(path: Path, fault: MalformedResults | UnknownVersion) -> Unread:
    """Returns a file that is left out, and why; the reason does not repeat the path.

    The page shows only the file's name.
    """
    return Unread(path, str(fault).removeprefix(f"{path}: "))


def newest(path: Path, tell: Callable[[str], None] = lambda _: None) -> RunFile:
    """Returns the run of a file, or the newest run of a folder.

    ``tell`` is called with a line for each file that is left out.
    """
    sources = read_all(find([path]))
    for unread in sources.unread:
        tell(f"left out {unread.path}: {unread.reason}")
    return sources.runs[0]
