"""What a results file, which may be a stranger's, may have measured on this machine."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from harness import engines
from harness.engines.own_environment import InOwnEnvironment
from harness.errors import HarnessError, UnknownEngine
from harness.machine.facts import usable_cores
from harness.machine.limits import total_memory
from harness.machine.variables import LIBRARIES
from harness.records.limits import limit_name
from harness.tables import Input
from harness.words import format_bytes
from harness.workload.file import load
from harness.workload.schema import SIZE_NAME

if TYPE_CHECKING:
    from harness.engines.base import Engine
    from report.read.frame import ResultCell
    from report.read.sources import RunFile

SETTABLE = frozenset(LIBRARIES) - {"LD_PRELOAD"}
"""Variables that a results file may set for any engine."""
WORD = re.compile(r"[\w.%+-]*")
"""A value of a variable that names no path and no address."""


def why_not(run: RunFile, cell: ResultCell) -> str:
    """Returns why a cell of a results file cannot be measured here; "" if it can be."""
    threads, limit = cell.setting.threads, cell.setting.memory_limit
    entry = run.file.workloads[cell.setting.workload]
    if threads > usable_cores():
        return f"cells with {threads} threads: here are {usable_cores()} cores"
    if limit is not None and limit > total_memory():
        return f"cells with {limit_name(limit)} of memory: here are {format_bytes(total_memory())}"
    if cell.setting.input not in [*Input] or not SIZE_NAME.fullmatch(cell.setting.size):
        return f"cells of size {cell.setting.size!r} from {cell.setting.input!r}"
    if fault := _not_the_readers(Path(entry.file), run.path):
        return f"{entry.file}: {fault}"
    try:
        query = load(Path(entry.file)).query(cell.query)
        if query.sql and query.sql != entry.queries[cell.query].sql:
            return f"{entry.file}::{cell.query}: its SQL is another one here"
        engine = named_engine(cell.engine.name)
    except HarnessError as error:
        return str(error)
    except OSError as error:
        return f"{entry.file} is not here: {error.strerror}"
    lack = engine.unavailable()
    return f"{engine.label}: {lack}" if lack else ""


def _not_the_readers(given: Path, results: Path) -> str:
    """Returns why a workload file may be a stranger's; "" if it is the reader's own.

    It may be, if it is not below the working folder, or if a folder in there holds both it and the
    results file ``results``, with which it may have come. pytest runs what lies beside a workload
    file: ``conftest.py``, and what ``pytest.ini`` names.
    """
    here, file = Path.cwd().resolve(), given.resolve()
    if str(given).startswith("-") or not file.is_relative_to(here):
        return "workload files are looked for in the working folder and below it"
    for place in (results.resolve(), Path(os.path.normpath(here / results))):
        came = place.relative_to(here).parts[:-1] if place.is_relative_to(here) else ()
        if came and file.is_relative_to(here / came[0]):
            return "a workload file that came with the results is not run"
    return ""


def named_engine(name: str) -> Engine:
    """Returns an engine that a results file names; it may be a stranger's.

    Raises UnknownEngine for a name that would import a class, install a version or set any
    variable: a value that is not a word could make the engine's process load a file.
    """
    found = engines.parts(name)
    if ":" in found["engine"]:
        raise UnknownEngine(f"{name}: a class that a results file names is not imported")
    known = {*SETTABLE, *engines.get(found["engine"]).variables}
    for pair in found["variables"].split("@")[1:]:
        variable, _, value = pair.partition("=")
        if variable not in known or not WORD.fullmatch(value):
            raise UnknownEngine(f"{name}: a results file may not set {variable} to this")
    engine = engines.get(name)
    if isinstance(engine, InOwnEnvironment) and not engine.made:
        raise UnknownEngine(
            f"{name}: no engine is installed because a results file names it; pytest --benchmark "
            f"--engines '{name}' WORKLOAD installs this one"
        )
    return engine
