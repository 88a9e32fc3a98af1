"""Examines this machine for ``harness doctor``: its engines, hardware, limits and folders."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from harness import engines
from harness.data.budget import ENVIRONMENT, MANIFEST, bytes_in
from harness.data.cache import default_root
from harness.machine.environment import surroundings
from harness.machine.facts import this_machine, usable_cores
from harness.machine.gpu.discovery import described
from harness.machine.limits import default_memory_limit
from harness.machine.sizes import bytes_under
from harness.records.runs import EnvironmentEntry
from harness.words import format_bytes

BUSY_SHARE = 0.25
"""A load above this share of the cores is reported as busy."""


@dataclass(frozen=True)
class Examination:
    """What ``harness doctor`` prints: a table of engines, how many can run, and facts by name."""

    engines: Table
    available: int
    facts: Mapping[str, str]


def examination(results: Path) -> Examination:
    rows = [_row(name) for name in engines.names()]
    rows += [(name, "", "no", reason) for name, reason in engines.broken().items()]
    table = Table("engine", "version", "available", "why not", box=None, padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(*row)
    return Examination(table, sum(row[2] == "yes" for row in rows), dict(_facts(results)))


def _row(name: str) -> tuple[str, str, str, str]:
    engine = engines.get(name)
    reason = engine.unavailable()
    return name, engine.version() or "", "no" if reason else "yes", reason or ""


def _facts(results: Path) -> Iterator[tuple[str, str]]:
    machine, cache = this_machine(), default_root()
    able = [name for name in engines.names() if _row(name)[2] == "yes"]
    around = surroundings({name: engines.get(name) for name in able}, cache)
    yield "machine", f"{machine.cpu}, {machine.memory_bytes / 2**30:.1f} GiB"
    yield "system", f"{machine.system} {machine.kernel}, Python {machine.python}"
    yield "GPU", "; ".join(described())
    yield "threads", f"{usable_cores()} of {os.cpu_count()} cores{_quota(around)}"
    yield "governor", around.governor or "not told by the system"
    yield "load", _load(around.load_before or 0.0)
    yield "memory limit", f"{default_memory_limit() / 1e9:.1f} GB for each engine{_bound(around)}"
    yield "cache", f"{cache} ({format_bytes(bytes_in(cache))}); ENGINEBENCH_CACHE moves it"
    yield "environments", _environments(cache)
    yield "disk", str(around.disk or "not told by the system")
    yield "variables", _variables(around)
    yield "results", f"{results.absolute()} ({len(list(results.glob('*/*.json')))} files)"


def _environments(cache: Path) -> str:
    """Returns a text such as ``2 of engines' own in the cache (1.2 GB); …``."""
    found = [manifest.parent for manifest in cache.glob(f"{ENVIRONMENT}-*/{MANIFEST}")]
    size = f" ({format_bytes(sum(map(bytes_under, found)))})" if found else ""
    return f"{len(found)} of engines' own in the cache{size}; --engines polars==1.44.2 makes one"


def _quota(around: EnvironmentEntry) -> str:
    return f"; control groups grant {around.quota_cores:g}" if around.quota_cores else ""


def _bound(around: EnvironmentEntry) -> str:
    bound = around.memory_limit_bytes
    return f"; control groups grant {bound / 1e9:.1f} GB" if bound else ""


def _load(load: float) -> str:
    busy = load > BUSY_SHARE * usable_cores()
    return f"{load:g} in the last minute" + ("; other work will disturb timings" if busy else "")


def _variables(around: EnvironmentEntry) -> str:
    listed = ", ".join(f"{name}={value}" for name, value in around.variables.items())
    return listed or "none is set that engines read"
