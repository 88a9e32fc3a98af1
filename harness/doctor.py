"""This machine -> what ``harness doctor`` tells: the engines, the machine, the folders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from harness import engines
from harness.data.cache import default_root
from harness.errors import UnknownEngine
from harness.limits import default_memory_limit
from harness.machine import this_machine, usable_cores


@dataclass(frozen=True)
class Examination:
    """A table of the engines, how many can run, and facts by name."""

    engines: Table
    available: int
    facts: Mapping[str, str]


def examination(results: Path) -> Examination:
    rows = [_row(name) for name in engines.names()]
    table = Table("engine", "version", "available", "why not", box=None, padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(*row)
    return Examination(table, sum(row[2] == "yes" for row in rows), dict(_facts(results)))


def _row(name: str) -> tuple[str, str, str, str]:
    try:
        engine = engines.get(name)
    except UnknownEngine as error:
        return name, "", "no", str(error)
    reason = engine.unavailable()
    return name, engine.version() or "", "no" if reason else "yes", reason or ""


def _facts(results: Path) -> Iterator[tuple[str, str]]:
    machine, cache = this_machine(), default_root()
    yield "machine", f"{machine.cpu}, {machine.memory_bytes / 2**30:.1f} GiB, {machine.system}"
    yield "threads", f"{usable_cores()} of {machine.logical_cores} cores"
    yield "memory limit", f"{default_memory_limit() / 1e9:.1f} GB for each engine"
    yield "cache", f"{cache} ({_bytes_in(cache) / 1e6:.0f} MB); ENGINEBENCH_CACHE moves it"
    yield "results", f"{results.absolute()} ({len(list(results.glob('*/*.json')))} files)"


def _bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
