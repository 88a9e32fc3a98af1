"""A cell and its program -> the record of what came of it: checked, timed, or why not."""

from __future__ import annotations

import math
import shutil
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from harness.answer import AnswerSpec
from harness.engines.base import Program
from harness.errors import HarnessError, WorkerError, WorkerOutOfMemory, WorkerTimeout
from harness.messages import Message
from harness.outcome import Cell, Outcome, Record, Round
from harness.pool import EngineProcess, Settings, WorkerPool
from harness.referee import Referee
from harness.tables import Table

PRECISION = 0.025
"""Rounds end early where the median is known to within this share of itself."""


class Phase(StrEnum):
    """What is being done for a cell."""

    START = "start"
    LOAD = "load"  # a process is started and filled
    COLD = "cold"
    CHECK = "check"
    ROUND = "round"


class Progress(Protocol):
    """Is told what is about to happen; rounds are counted from 1, and 0 outside of them."""

    def __call__(self, cell: Cell, phase: Phase, number: int, expected: int) -> None: ...


@dataclass(frozen=True)
class Task:
    """All that must be known to measure one cell.

    ``data_key`` names the tables' content: references are kept under it. ``writes`` says that
    the program leaves its answer in a file.
    """

    cell: Cell
    program: Program
    spec: AnswerSpec
    tables: Mapping[str, Table]
    data_key: str
    writes: bool = False


class _Wrong(HarnessError):
    """An answer that differs from the reference."""


def measure(task: Task, pool: WorkerPool, referee: Referee, progress: Progress) -> Record:
    """Runs a cell once cold, checks that answer, and runs the hot rounds.

    Never raises, apart from KeyboardInterrupt: whatever goes wrong becomes the record's outcome
    and reason. A process that raised an error, died, hung or outgrew its memory is discarded.
    """
    try:
        return _Measurement(task, pool, referee, progress).record()
    except _Wrong as error:
        return _failed(task, Outcome.WRONG, str(error))
    except WorkerError as error:
        pool.discard(task.cell)
        return _failed(task, outcome_of(error), str(error))
    except HarnessError as error:
        return _failed(task, Outcome.ERROR, str(error))
    except Exception as error:  # a fault of the harness costs one cell, not the run
        pool.discard(task.cell)
        return _failed(task, Outcome.ERROR, f"the harness failed: {type(error).__name__}: {error}")


def outcome_of(error: WorkerError) -> Outcome:
    """The outcome of a cell whose process ran into an error."""
    if isinstance(error, WorkerOutOfMemory):
        return Outcome.OOM
    return Outcome.TIMEOUT if isinstance(error, WorkerTimeout) else Outcome.ERROR


def wants_round(settings: Settings, seconds: Sequence[float]) -> bool:
    """Whether to run another hot round after those that took so many seconds each."""
    done, total = len(seconds), sum(seconds)
    if done >= settings.max_rounds or (done >= settings.min_rounds and sure(seconds)):
        return False
    budget = settings.max_seconds * (settings.min_rounds if done < settings.min_rounds else 1)
    return done == 0 or total < budget


def sure(seconds: Sequence[float], precision: float = PRECISION) -> bool:
    """Whether the 95% interval of the median lies within ``precision`` of it, either way.

    The interval is that between two order statistics, whatever the distribution: of n values the
    ones 0.98 sqrt(n) ranks below and above the middle (Conover, Practical Nonparametric
    Statistics, 3.2). Of five values and fewer it is their whole range.
    """
    ordered, count = sorted(seconds), len(seconds)
    reach = 0.98 * math.sqrt(count)
    low = ordered[max(0, math.floor((count - 1) / 2 - reach))]
    high = ordered[min(count - 1, math.ceil((count - 1) / 2 + reach))]
    median = statistics.median(ordered)
    return high - median <= precision * median and median - low <= precision * median


def rounds_expected(settings: Settings, seconds: float) -> int:
    """How many hot rounds there will be if each takes ``seconds``."""
    most = math.ceil(settings.max_seconds / max(seconds, 1e-9))
    if most >= settings.min_rounds:
        return min(most, settings.max_rounds)
    slow = math.ceil(settings.min_rounds * settings.max_seconds / max(seconds, 1e-9))
    return max(1, min(slow, settings.min_rounds))


def _failed(task: Task, outcome: Outcome, reason: str) -> Record:
    return Record(task.cell, outcome, reason or "no reason given", task.program.sha256)


class _Measurement:
    """The course of one cell's measuring."""

    def __init__(self, task: Task, pool: WorkerPool, referee: Referee, progress: Progress) -> None:
        self.task, self.pool, self.referee, self.progress = task, pool, referee, progress
        self.settings = pool.settings
        self.deadline = math.inf

    def record(self) -> Record:
        task = self.task
        self._tell(Phase.START)
        process = self.pool.process_for(task.cell, task.tables, lambda: self._tell(Phase.LOAD))
        self.deadline = time.monotonic() + self.settings.timeout
        program = task.program
        self._request(
            process, "prepare", text=program.text, language=program.language, writes=task.writes
        )
        baseline = process.worker.memory.reset()
        self._tell(Phase.COLD)
        cold = self._request(process, "run")
        peak = process.worker.memory.peak()
        self._check(process)
        process.worker.memory.reset()
        rounds = self._rounds(process, cold)
        return Record(
            cell=task.cell,
            outcome=Outcome.OK,
            program_sha256=program.sha256,
            rows=cold["rows"],
            cold_seconds=cold["seconds"],
            rounds=rounds,
            peak_bytes=max(peak, process.worker.memory.peak()),
            baseline_bytes=baseline,
        )

    def _check(self, process: EngineProcess) -> None:
        """Checks the answer of the run just made; the time that takes is not the engine's."""
        self._tell(Phase.CHECK)
        task = self.task
        target = self.settings.scratch.absolute() / f"{process.worker.folder.name}-answer"
        answer = Path(self._request(process, "answer", path=target)["path"])
        handed_over = time.monotonic()
        try:
            reference = self.referee.reference(task.tables, task.data_key, task.spec)
            reason = self.referee.check(answer, task.spec, reference)
        finally:
            _remove(answer)
        if reason is not None:
            raise _Wrong(reason)
        self.deadline += time.monotonic() - handed_over

    def _rounds(self, process: EngineProcess, cold: Message) -> tuple[Round, ...]:
        rounds: list[Round] = []
        total, expected = 0.0, rounds_expected(self.settings, cold["seconds"])
        while wants_round(self.settings, [r.seconds for r in rounds]):
            self._tell(Phase.ROUND, len(rounds) + 1, max(expected, len(rounds) + 1))
            reply = self._request(process, "run")
            if reply["rows"] != cold["rows"]:
                raise _Wrong(
                    f"hot round {len(rounds) + 1} gave {reply['rows']} rows, "
                    f"the checked run {cold['rows']}"
                )
            rounds.append(Round(reply["seconds"], reply["cpu_seconds"]))
            total += reply["seconds"]
            expected = rounds_expected(self.settings, total / len(rounds))
        return tuple(rounds)

    def _request(self, process: EngineProcess, do: str, **arguments: object) -> Message:
        left = self.deadline - time.monotonic()
        try:
            return process.request(max(left, 0.0), do, **arguments)
        except WorkerTimeout as error:
            limit = self.settings.timeout
            raise WorkerTimeout(f"not done after {limit:g} s; the process was killed") from error

    def _tell(self, phase: Phase, number: int = 0, expected: int = 0) -> None:
        self.progress(self.task.cell, phase, number, expected)


def _remove(answer: Path) -> None:
    if answer.is_dir():
        shutil.rmtree(answer)
    else:
        answer.unlink(missing_ok=True)
