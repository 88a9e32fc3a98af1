"""Measures one cell and makes its record: the cold run, the check of its answer, hot rounds."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from statistics import median
from typing import Protocol, TypeVar

from harness.answer import AnswerSpec
from harness.engines.session import Program
from harness.errors import (
    HarnessError,
    NoReference,
    Unsupported,
    WorkerError,
    WorkerFailed,
    WorkerOutOfMemory,
    WorkerTimeout,
    WorkerUnsupported,
)
from harness.machine.gpu.usage import GpuUsage
from harness.machine.messages import Request
from harness.machine.pagecache import drop
from harness.machine.sizes import bytes_under
from harness.measure.pool import WorkerPool, on_gpu
from harness.measure.requests import HandOver, PrepareProgram, Ran, RunProgram
from harness.measure.rounds import Rounds, loops_for, sure
from harness.measure.sharpness import spent
from harness.measure.wall_clock import Part
from harness.outcome import Cell, Outcome, Record, Round
from harness.records.cells import Figures, Stopped
from harness.tables import Input, Table
from harness.verify.referee import Referee
from harness.workload.own_code import column_meant

Reply = TypeVar("Reply")


class Phase(StrEnum):
    """What is being done to measure a cell; the status line shows it."""

    START = "start"
    LOAD = "load"  # a process is started and filled
    COLD = "cold"
    AGAIN = "again"  # the first run of a later pass
    CHECK = "check"
    ROUND = "round"


class Progress(Protocol):
    """A function that is called before each phase of a cell.

    ``number`` is that of the round, from 1; it is 0 in phases without rounds.
    """

    def __call__(self, cell: Cell, phase: Phase, number: int) -> None: ...


@dataclass(frozen=True)
class CellTask:
    """What is needed to measure one cell in one pass.

    ``data_key`` is the hash of the tables' content, under which references are cached. ``writes``
    says that the program writes its answer to a file. ``before`` is the cell's record of earlier
    passes, to which this pass adds rounds; the outcome in it is ok. ``reads`` names the tables that
    the query reads.
    """

    cell: Cell
    program: Program
    spec: AnswerSpec
    tables: Mapping[str, Table]
    data_key: str
    writes: bool = False
    before: Record | None = None
    reads: tuple[str, ...] = ()

    @property
    def read_tables(self) -> list[Table]:
        """Returns the tables that the query reads; none if that is not known."""
        return [self.tables[name] for name in self.reads]

    @property
    def input_bytes(self) -> int | None:
        """Returns the bytes of the files that a run reads; None if none or not known."""
        files = [file for table in self.read_tables for file in table.files(self.cell.input)]
        if self.cell.input is Input.MEMORY or not files:
            return None
        return sum(file.stat().st_size for file in files)

    @property
    def rounds(self) -> tuple[Round, ...]:
        """Returns the rounds that earlier passes measured."""
        return () if self.before is None else self.before.rounds


class Wrong(HarnessError):
    """Raised where an answer differs from the reference."""


def outcome_of(error: WorkerError) -> Outcome:
    """Returns the outcome of a cell whose worker failed with an error: oom, timeout or error."""
    if isinstance(error, WorkerOutOfMemory):
        return Outcome.OOM
    return Outcome.TIMEOUT if isinstance(error, WorkerTimeout) else Outcome.ERROR


class Measurement:
    """Measures one cell in steps: ``set_up``, ``first_run``, ``block`` by ``block``, ``complete``.

    Other cells' steps may be run between these. After each block, ``sure`` says whether this pass
    has had enough rounds, and ``limit`` why it may have no more.

    No step raises anything but KeyboardInterrupt. What goes wrong becomes the ``record``, with its
    outcome and reason, and later steps do nothing. A worker whose engine raised an error, died,
    hung or outgrew its memory is ended; one that named a gap is kept.
    """

    def __init__(
        self,
        task: CellTask,
        pool: WorkerPool,
        referee: Referee,
        progress: Progress,
        rounds: Rounds,
        interleaved: bool = False,
    ) -> None:
        self.task, self.pool, self.referee, self.progress = task, pool, referee, progress
        self.settings, self.interleaved = pool.settings, interleaved
        self.rounds = rounds if task.before is None else self._rounds_after(task.before, rounds)
        self.record: Record | None = None
        self._left = self.settings.timeout
        self._rounds: list[Round] = []  # of this pass
        self._number = max((one.process + 1 for one in task.rounds), default=0)  # of its process
        self._blocks, self._spent, self._is_sure = 0, 0.0, False
        self._loops, self._uncounted = 1, 0
        self._disk: list[tuple[int, int]] = []  # read and written in each counted round
        self._training: list[float] = []  # seconds of it in each counted round
        self._score: float | None = None
        self._output_bytes: int | None = None
        self._gpu = GpuUsage() if on_gpu(task.cell) else None

    def _rounds_after(self, before: Record, rounds: Rounds) -> Rounds:
        """Returns ``rounds``, a later pass's limits, with only the seconds that the cell has left.

        ``before`` is the cell's record; its rounds have used some of the seconds of the settings.
        """
        return rounds.within(self.settings.rounds.seconds - spent(before))

    def set_up(self) -> None:
        """Gets a worker that has loaded the tables, and lets it prepare the program."""
        self._attempt(self._set_up)

    def first_run(self) -> None:
        """Runs the program once: in the first pass cold, with a check of its answer.

        In a later pass the run is not counted.
        """
        self._attempt(self._first_run if self.task.before is None else self._run_again)

    def block(self, turn: int) -> None:
        """Runs hot rounds one right after another: some that are not counted, then some that are.

        While another engine runs, this one's threads fall asleep, its data leaves the processor's
        caches, and its allocator returns freed memory to the system. Some 50 ms of rounds that are
        not counted make up for that.
        """
        self._attempt(lambda: self._block(turn))

    @property
    def limit(self) -> Stopped | None:
        """Returns why this pass may have no further round; None if it may have one."""
        return self.rounds.limit(len(self._rounds), self._spent)

    @property
    def sure(self) -> bool:
        """True if the median is known to the wanted precision, after a fewest number of blocks."""
        return self._is_sure and self._blocks >= self.rounds.fewest_blocks

    def complete(self) -> None:
        """Makes the cell's record from its rounds and figures."""
        self._attempt(self._complete)

    def _attempt(self, step: Callable[[], None]) -> None:
        if self.record is not None:
            return
        self._try(step)
        if self.record is not None and self.task.program.native:
            self.pool.discard(self.task.cell)  # it may have changed its tables

    def _try(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Wrong as error:
            self._fail(Outcome.WRONG, str(error))
        except WorkerUnsupported as error:  # its process answered, and can run the next query
            self._fail(Outcome.UNSUPPORTED, str(error))
        except WorkerError as error:
            self.pool.discard(self.task.cell)
            own = self._data_of_its_own() if isinstance(error, WorkerFailed) else None
            if own is not None:
                self._fail(Outcome.UNSUPPORTED, f"{own}; {error}")
            else:
                self._fail(outcome_of(error), self._with_hint(str(error)))
        except Unsupported as error:
            self._fail(Outcome.UNSUPPORTED, str(error))
        except HarnessError as error:
            self._fail(Outcome.ERROR, str(error))
        except Exception as error:  # a fault of the harness costs one cell, not the run
            self.pool.discard(self.task.cell)
            self._fail(Outcome.ERROR, f"the harness failed: {type(error).__name__}: {error}")

    def _with_hint(self, reason: str) -> str:
        """Returns the reason of an error, with a hint if a user's own program raised it.

        The hint is ``did you mean 'x'?``, for a column that the program misspells.
        """
        task = self.task
        names = [column.name for table in task.tables.values() for column in table.schema]
        hint = column_meant(reason, names) if task.program.file else ""
        return f"{reason}; {hint}" if hint else reason

    def _data_of_its_own(self) -> str | None:
        """Returns in words what in the tables makes engines fail, but not DuckDB; or None.

        A sum that exceeds 64 bits is an example.
        """
        task = self.task
        try:
            reference = self.referee.reference(task.tables, task.data_key, task.spec)
        except NoReference:
            return None
        return self.referee.explain(task.spec, reference)

    def _fail(self, outcome: Outcome, reason: str) -> None:
        reason = reason or "no reason given"
        self.record = Record(self.task.cell, outcome, reason, self.task.program.sha256)

    def _set_up(self) -> None:
        task = self.task
        self._report(Phase.START)
        self._worker = self.pool.worker_for(
            task.cell, task.tables, lambda: self._report(Phase.LOAD)
        )
        self._worker.programs += 1
        trains = task.spec if task.spec.train else None
        self._request(PrepareProgram(task.program, task.writes, trains))

    def _first_run(self) -> None:
        self._caches_dropped = self._drop_caches()
        self._baseline_bytes = self._worker.client.memory.reset()
        self._cold_process = self._worker.programs == 1
        self._report(Phase.COLD)
        self._cold = self._run_once()
        self._rows: int | None = self._cold.rows
        self._peak_bytes = self._worker.client.memory.peak()
        self._spilled_bytes = self._worker.client.memory.spilled_bytes
        with self.pool.spent.on(Part.CHECKING):
            self._check()
        self._worker.client.memory.reset()
        if self._gpu is not None:
            self._gpu.forget_cold()

    def _run_again(self) -> None:
        """Runs the program once at the start of a later pass; this run is not counted."""
        before = self.task.before
        assert before is not None and before.figures is not None
        self._rows, self._loops = before.figures.rows, before.figures.loops or 1
        self._peak_bytes = before.figures.peak_bytes or 0
        self._spilled_bytes = before.figures.spilled_bytes or 0
        self._worker.client.memory.reset()
        self._report(Phase.AGAIN)
        self._compare_rows(self._unobserved_run())
        self._uncounted += 1

    def _drop_caches(self) -> bool | None:
        """Evicts the cell's files from the page cache; returns whether that worked.

        Returns None, and evicts nothing, without --drop-caches or if the tables are in memory.
        """
        source = self.task.cell.input
        if not self.settings.drop_caches or source is Input.MEMORY:
            return None
        return drop(file for table in self.task.tables.values() for file in table.files(source))

    def _check_again(self) -> None:
        """Checks the answer of the last hot run: a program may have changed its tables.

        If the answer is wrong, the worker is ended, since other queries read the same tables. In a
        later pass it is not checked.
        """
        if not self._rounds or self.task.before is not None:
            return
        try:
            with self.pool.spent.on(Part.CHECKING):
                self._check()
        except Wrong as error:
            self.pool.discard(self.task.cell)
            raise Wrong(f"right in the first run, and not in the last: {error}") from None

    def _check(self) -> None:
        """Checks the last run's answer against the reference; raises Wrong if they differ.

        The time that this takes does not count as the engine's.
        """
        self._report(Phase.CHECK)
        task = self.task
        # what is left of it when a disk is full goes with the worker
        answer = self._request(HandOver(self._worker.client.folder / "handed-over"))
        self._fallback_share, self._score = answer.fallback_share, answer.score
        self._output_bytes = bytes_under(answer.path) if task.writes else None
        try:
            if task.spec.judge == (task.cell.engine, task.program.sha256):
                self.referee.adopt(answer.path, task.tables, task.data_key, task.spec)
            self._compare(answer.path)
        finally:
            _remove(answer.path)

    def _compare(self, answer: Path, whose: str = "") -> None:
        """Compares an answer's file with the reference; raises Wrong, which says whose it is."""
        task = self.task
        reference = self.referee.reference(task.tables, task.data_key, task.spec)
        reason = self.referee.check(answer, task.spec, reference)
        if reason is not None:
            raise Wrong(f"{whose}{reason}")

    def _block(self, turn: int) -> None:
        """Runs a block of hot rounds: first some that are not counted, then some that are.

        If the first round takes as long as a whole block, it is counted.
        """
        wanted = self.rounds.block_seconds
        self._report(Phase.ROUND, len(self._rounds) + 1)
        ran, counted = self._warmed(wanted), 0.0
        while True:
            counted += ran.seconds * self._loops
            self._count(ran, turn)
            if counted >= wanted or self.limit:
                break
            self._report(Phase.ROUND, len(self._rounds) + 1)
            ran = self._run()
        self._blocks += 1

    def _warmed(self, wanted: float) -> Ran:
        """Runs rounds that are not counted, then the first that is; returns that round's result.

        A round that takes ``wanted`` seconds or more is counted at once.
        """
        warm, warming = 0.0, self.rounds.warming_seconds
        while True:
            ran = self._run()
            took = ran.seconds * self._loops
            if self._is_short(ran):
                self._loops = loops_for(ran.seconds)  # this round only chose the loop count
            elif took >= wanted or warm >= warming:
                return ran
            warm += took
            self._uncounted += 1

    def _is_short(self, ran: Ran) -> bool:
        """True if the cell's first round was so short that each later round should be several runs.

        False if the number of runs is decided already: it was by an earlier round or pass, and is
        one for a program that writes its answer to a file.
        """
        known = bool(self._rounds or self.task.rounds) or self._loops > 1 or self.task.writes
        return not known and loops_for(ran.seconds) > 1

    def _count(self, ran: Ran, turn: int) -> None:
        self._rounds.append(Round(ran.seconds, ran.cpu_seconds, turn, self._number))
        self._disk += [ran.disk] if ran.disk is not None else []
        self._training += [ran.training_seconds] if ran.training_seconds is not None else []
        self._is_sure = self._is_sure or self.rounds.sure([one.seconds for one in self._rounds])

    def _run(self) -> Ran:
        ran = self._run_once()
        self._compare_rows(ran)
        self._spent += ran.seconds * self._loops
        return ran

    def _run_once(self) -> Ran:
        with self._gpu or contextlib.nullcontext():
            ran = self._unobserved_run()
        if self._gpu is not None:
            self._gpu.ran(self._loops, ran.device)
        return ran

    def _unobserved_run(self) -> Ran:
        ran = self._request(RunProgram(self._loops))
        self.pool.spent.add(Part.ENGINES, ran.seconds * self._loops)
        return ran

    def _compare_rows(self, ran: Ran) -> None:
        if ran.rows != self._rows:
            number = len(self.task.rounds) + len(self._rounds) + 1
            raise Wrong(f"hot round {number} gave {ran.rows} rows, the checked run {self._rows}")

    def _complete(self) -> None:
        before = self.task.before
        figures = self._figures() if before is None else self._figures_after(before)
        rounds, program = (*self.task.rounds, *self._rounds), self.task.program.sha256
        self._check_again()
        self.record = Record(self.task.cell, Outcome.OK, "", program, rounds, figures)

    def _figures(self) -> Figures:
        """Returns what is recorded of the first pass beside rounds: rows, memory, cold time …"""
        source = self.task.cell.input
        read, written = self._disk_bytes()
        figures = Figures(
            rows=self._rows,
            table_rows=sum(table.rows for table in self.task.tables.values()),
            input_rows=sum(t.rows for t in self.task.read_tables) if self.task.reads else None,
            input_bytes=self.task.input_bytes,
            output_bytes=self._output_bytes,
            cold_seconds=self._cold.seconds,
            cold_process=self._cold_process,
            caches_dropped=self._caches_dropped,
            stopped=Stopped.SURE if self.sure else self.limit,
            loops=self._loops,
            uncounted_rounds=self._uncounted,
            interleaved=self.interleaved,
            start_seconds=self.pool.start_seconds(self.task.cell),
            load_seconds=self._worker.load_seconds if source is Input.MEMORY else None,
            peak_bytes=self._peak(),
            baseline_bytes=self._baseline_bytes,
            spilled_bytes=self._spilled(),
            cold_read_bytes=None if self._cold.disk is None else self._cold.disk[0],
            disk_read_bytes=read,
            disk_written_bytes=written,
            gpu=self._gpu.summary() if self._gpu is not None else None,
            fallback_share=self._fallback_share,
        )
        return figures.model_copy(update=self._training_figures())

    def _training_figures(self) -> dict[str, float | None]:
        """Returns the medians of the rounds' two parts, if they train a model, and its score."""
        if not self._training:
            return {"training_score": self._score}
        pairs = zip(self._rounds, self._training, strict=True)
        return {
            "hand_over_seconds": median(one.seconds - took for one, took in pairs),
            "training_seconds": median(self._training),
            "training_score": self._score,
        }

    def _figures_after(self, before: Record) -> Figures:
        """Returns the figures of the earlier passes and of this pass together."""
        figures = before.figures
        assert figures is not None
        known = sure([one.seconds for one in (*before.rounds, *self._rounds)])
        changed = {
            "stopped": Stopped.SURE if known else self.limit,
            "uncounted_rounds": (figures.uncounted_rounds or 0) + self._uncounted,
            "interleaved": bool(figures.interleaved and self.interleaved),
            "peak_bytes": self._peak(),
            "spilled_bytes": self._spilled(),
            "gpu": self._gpu.after(figures.gpu) if self._gpu is not None else None,
        }
        return figures.model_copy(update=changed)

    def _peak(self) -> int:
        """Returns the largest peak memory of all passes, in bytes."""
        return max(self._peak_bytes, self._worker.client.memory.peak())

    def _spilled(self) -> int | None:
        """Returns the most bytes in the engine's spill folder in all passes; None without one."""
        memory = self._worker.client.memory
        if memory.spill_folder is None:
            return None
        return max(self._spilled_bytes, memory.spilled_bytes)

    def _disk_bytes(self) -> tuple[int | None, int | None]:
        """Returns the bytes read from the disk and written to it in a counted round, on average."""
        if not self._disk:
            return None, None
        read, written = (round(sum(each) / len(each)) for each in zip(*self._disk, strict=True))
        return read, written

    def _request(self, request: Request[Reply]) -> Reply:
        """Sends a request to the cell's worker; all requests of a cell share one time limit."""
        began = time.monotonic()
        try:
            return self._worker.client.request(request, max(self._left, 0.0))
        except WorkerTimeout as error:
            limit = self.settings.timeout
            raise WorkerTimeout(f"not done after {limit:g} s; the process was killed") from error
        finally:
            self._left -= time.monotonic() - began

    def _report(self, phase: Phase, number: int = 0) -> None:
        self.progress(self.task.cell, phase, number)


def _remove(answer: Path) -> None:
    if answer.is_dir():
        shutil.rmtree(answer)
    else:
        answer.unlink(missing_ok=True)
