"""The requests to an engine's worker, and its replies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.engines.base import Program
from harness.machine.gpu.device import DeviceUse
from harness.machine.messages import Request
from harness.tables import Input, Table


@dataclass(frozen=True)
class StartEngine(Request[float]):
    """Import the engine's library and set its threads; the reply is the seconds that took.

    It is the first request.
    """

    engine: str
    threads: int


@dataclass(frozen=True)
class LoadTable(Request[float]):
    """Read a table into the engine's memory; the reply is the seconds that took."""

    table: Table


@dataclass(frozen=True)
class ScanTable(Request[None]):
    """Give the engine a table's files, without reading them."""

    table: Table
    source: Input


@dataclass(frozen=True)
class PrepareProgram(Request[None]):
    """Prepare a program to be run; ``writes`` says that it writes its answer to a file."""

    program: Program
    writes: bool = False


@dataclass(frozen=True)
class Ran:
    """The result of running the prepared program, ``loops`` times in a row.

    ``seconds`` (wall clock) and ``cpu_seconds`` are of one run, ``rows`` are the last answer's.
    ``device`` is the use of a GPU, which has done all its work by the end.
    """

    seconds: float
    cpu_seconds: float
    rows: int
    device: DeviceUse | None = None


@dataclass(frozen=True)
class RunProgram(Request[Ran]):
    """Run the program that is prepared, ``loops`` times in a row."""

    loops: int = 1


@dataclass(frozen=True)
class Answer:
    """The file with the last run's answer, and the share of the program that fell back to the CPU.

    The share is None where nothing can fall back.
    """

    path: Path
    fallback_share: float | None


@dataclass(frozen=True)
class HandOver(Request[Answer]):
    """Write the last answer to a file of this name: Arrow IPC, or the Parquet that was written."""

    path: Path
