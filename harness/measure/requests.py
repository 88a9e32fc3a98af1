"""The requests to an engine's worker, and its replies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.answer import AnswerSpec
from harness.engines.session import Lacking, Program, Sharing
from harness.machine.gpu.device import DeviceUse
from harness.machine.messages import Request
from harness.tables import Input, Table


@dataclass(frozen=True)
class Started:
    """The reply to StartEngine: the seconds that it took, and ``Session.spills_to``, absolute."""

    seconds: float
    spills_to: Path | None


@dataclass(frozen=True)
class StartEngine(Request[Started]):
    """Request: import the engine's library and set its threads. It is a worker's first request.

    ``session`` is the text ``module:Class`` of its session, ``sharing`` what its clients are, and
    ``lacking`` its gaps. The process is held to so many ``cores``, unless they are None.
    """

    session: str
    threads: int
    sharing: Sharing | None = None
    lacking: tuple[Lacking, ...] = ()
    cores: int | None = None


@dataclass(frozen=True)
class LoadTable(Request[float]):
    """Request: read a table into the engine's memory; the reply is the seconds that took."""

    table: Table


@dataclass(frozen=True)
class ScanTable(Request[None]):
    """Request: give the engine a table's files, which only its programs will read."""

    table: Table
    source: Input


@dataclass(frozen=True)
class PrepareProgram(Request[None]):
    """Request: prepare a program to be run; ``writes`` says that it writes its answer to a file.

    ``trains`` describes the answer of a program whose rows train a model.
    """

    program: Program
    writes: bool = False
    trains: AnswerSpec | None = None


@dataclass(frozen=True)
class Ran:
    """The reply to RunProgram: what it took to run the prepared program, once or several times.

    ``seconds`` (wall clock) and ``cpu_seconds`` are of one run, on average; ``rows`` are those of
    the last answer. ``disk`` are the bytes that the process tree read from the disk and wrote to it
    in one run, on average; None where the system does not count them. ``device`` is the use of a
    GPU, which has done all its work when the time ends. ``training_seconds`` is the part of
    ``seconds`` in which a model was trained, if one was.
    """

    seconds: float
    cpu_seconds: float
    rows: int
    disk: tuple[int, int] | None = None
    device: DeviceUse | None = None
    training_seconds: float | None = None


@dataclass(frozen=True)
class RunProgram(Request[Ran]):
    """Request: run the program that is prepared, ``loops`` times in a row."""

    loops: int = 1


@dataclass(frozen=True)
class RanClients:
    """The reply to RunClients: the runs that ended within the window, in the order of their ends.

    Of more than MOST_KEPT of them ``kept`` has so many, evenly spaced by the rank of their seconds;
    ``counted`` is how many there were. CPU seconds and bytes of a run are the average of all runs;
    ``others`` is the number of those that ended outside of the window. ``lead_seconds`` are the
    most that passed from a client's start until its first run had ended. ``rows`` are all different
    numbers of rows of answers, ``answers`` the files with each client's last answer, if they were
    asked for.
    """

    kept: tuple[Ran, ...]
    counted: int
    others: int
    lead_seconds: float
    rows: tuple[int, ...]
    answers: tuple[Path, ...] = ()


@dataclass(frozen=True)
class RunClients(Request[RanClients]):
    """Request: have ``clients`` run the prepared program again and again, all at once.

    Runs count that end in the window, ``seconds`` long, which opens after ``warming_seconds``; the
    clients start one after another in the first half of these. If ``answers``, a folder, is given,
    each client's last answer is written there. A run that fails fails the request, in words that
    say how many of all did.
    """

    clients: int
    warming_seconds: float = 0.0
    seconds: float = 0.0
    answers: Path | None = None


@dataclass(frozen=True)
class Answer:
    """The reply to HandOver: the answer's file, and the share of the program that ran on the CPU.

    The share, of a GPU engine's program, is None for an engine whose programs never fall back.
    ``score`` is a trained model's on the last batch; the file then holds the model's terms.
    """

    path: Path
    fallback_share: float | None
    score: float | None = None


@dataclass(frozen=True)
class HandOver(Request[Answer]):
    """Request: write the last answer to the file ``path``: as Arrow IPC, or as Parquet.

    It is Parquet if the program itself wrote its answer to a file.
    """

    path: Path
