"""What was asked of one engine, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from harness.tables import Input
from harness.words import visible


class Outcome(StrEnum):
    """How a cell ended. Only ``ok`` has a time that counts."""

    OK = "ok"
    WRONG = "wrong"  # the answer differs from the reference
    UNSUPPORTED = "unsupported"  # the query cannot be spelt for this engine
    UNAVAILABLE = "unavailable"  # the engine or the data is not on this machine
    ERROR = "error"  # the engine raised an error or died
    TIMEOUT = "timeout"
    OOM = "oom"  # out of memory
    SKIPPED = "skipped"  # asked for, not reached: the run was interrupted

    @property
    def fails_the_run(self) -> bool:
        return self in (Outcome.WRONG, Outcome.ERROR, Outcome.TIMEOUT, Outcome.OOM)


@dataclass(frozen=True)
class Cell:
    """One query on one engine under one configuration."""

    workload: str
    query: str
    engine: str
    size: str
    input: Input
    threads: int

    @property
    def question(self) -> tuple[str, str, str, Input, int]:
        """What its engines are compared on: all but the engine."""
        return self.workload, self.query, self.size, self.input, self.threads

    @property
    def parameters(self) -> str:
        """The part of a pytest id that stands in brackets."""
        return f"{self.engine}-{self.input}-{self.size}"

    def __str__(self) -> str:
        return f"{self.workload}::{self.query}[{self.parameters}]"


class Stopped(StrEnum):
    """Why a cell got no further hot round."""

    SURE = "sure"  # its median is known well enough
    BUDGET = "budget"  # its time was used up
    ROUNDS = "rounds"  # it had as many as a cell may have


@dataclass(frozen=True)
class Round:
    """One hot round: wall-clock and CPU seconds (user + system, of the engine's process tree).

    Both are for one run of the program, also where a round loops. ``turn`` counts from 0: rounds of
    one cell with the same turn are a block, and close to other engines' of that turn. ``process``
    counts those that the cell had one after the other.
    """

    seconds: float
    cpu_seconds: float
    turn: int = 0
    process: int = 0


@dataclass(frozen=True)
class GpuUse:
    """What a GPU did during a cell's runs; None where the engine or the card does not tell.

    ``peak_bytes`` is the most that the engine had allocated on the device, by RMM's statistics;
    where there are none, and at ``device_bytes`` always, the most that NVML saw in use on the whole
    device. ``transfer_seconds``: moving all tables in memory to the device. ``utilisation``: the
    share of time in which the device worked, and its clock (MHz), as means over the hot rounds;
    ``temperature_c``: the highest; ``energy_joules``: of one hot run.
    """

    peak_bytes: int | None = None
    device_bytes: int | None = None
    transfer_seconds: float | None = None
    utilisation: float | None = None
    temperature_c: float | None = None
    sm_clock_mhz: float | None = None
    energy_joules: float | None = None


@dataclass(frozen=True)
class Record:
    """What came of one cell. ``reason`` is empty only where the outcome is ``ok``.

    Seconds are wall clock in the engine's own process. Bytes are resident memory of the process
    tree: ``baseline_bytes`` just before the cell's first run, ``peak_bytes`` the most seen during
    its runs. ``cold_process``: the cold run was its process' first; ``caches_dropped``: and its
    files were out of the page cache, None where that was not asked. ``interleaved``: the query's
    engines took turns. ``loops``: runs in each round. ``table_rows``: of all the workload's tables.
    ``load_seconds``: all tables into the engine's memory, None where files are read instead.
    ``fallback_share``: of an engine's operations, those that fell back from the GPU to the CPU.
    """

    cell: Cell
    outcome: Outcome
    reason: str = ""
    program_sha256: str | None = None
    rows: int | None = None
    table_rows: int | None = None
    cold_seconds: float | None = None
    cold_process: bool = False
    caches_dropped: bool | None = None
    rounds: tuple[Round, ...] = field(default=())
    stopped: Stopped | None = None
    loops: int = 1
    interleaved: bool = False
    load_seconds: float | None = None
    peak_bytes: int | None = None
    baseline_bytes: int | None = None
    gpu: GpuUse | None = None
    fallback_share: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", visible(self.reason))  # an engine may quote anything
        if (self.outcome is Outcome.OK) == bool(self.reason):
            raise ValueError(
                f"{self.cell}: a reason is for outcomes other than ok, and each has one"
            )
