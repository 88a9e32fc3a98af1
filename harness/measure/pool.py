"""Cells -> the process that measures them: one per engine and configuration, tables loaded."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import harness.engines
from harness.engines.base import CONNECT_VARIABLE
from harness.errors import UnknownEngine, WorkerError
from harness.machine.child_process import Worker
from harness.machine.closing import Closing
from harness.machine.environment import read_by
from harness.machine.gpu.device import LIMIT_VARIABLE
from harness.machine.gpu.discovery import has_room
from harness.machine.limits import default_memory_limit, total_memory
from harness.machine.messages import Message, table_to_message
from harness.measure.rounds import Rounds
from harness.measure.wall_clock import Part, Spent
from harness.outcome import Cell
from harness.tables import Input, Table
from harness.types import Type

ROOM_SHARE = 0.75
"""The part of its memory limit that an engine must find free; else idle engines make room."""
TOGETHER_SHARE = 0.5
"""The part of the memory that engines may hold together while they take turns."""
CROWD_SHARE = 0.1
"""Where others hold more than this part of its memory limit, an engine may lack what they have."""
SETUP_ATTEMPTS = 2
"""A set-up that has failed so often is not tried again for each of a workload's queries."""
VALUE_BYTES = {Type.STRING: 32, Type.BOOLEAN: 1}
"""What a value takes in memory, roughly; of the other types 8."""


def default_together_limit() -> int:
    """Bytes: half of the memory, control groups included."""
    return int(total_memory() * TOGETHER_SHARE)


@dataclass(frozen=True)
class Settings:
    """How cells are measured.

    ``timeout`` (seconds) bounds one cell's runs, ``setup_timeout`` the start of a process and
    the loading of its tables, which all queries of a workload share. ``memory_limit`` (bytes) is
    each engine's; engines take turns where all of them together hold at most ``together_limit``.
    Programs that read files are run cold in a fresh process each; with ``cold_process``, also those
    that start from loaded tables. ``drop_caches``: files are evicted from the page cache first.
    ``connect`` gives the address of a cluster for an engine. ``gpu_memory_limit`` (bytes) is what
    an engine may allocate on a GPU.
    """

    threads: int
    scratch: Path
    timeout: float = 300.0
    setup_timeout: float = 600.0
    memory_limit: int | None = None
    together_limit: int = field(default_factory=default_together_limit)
    rounds: Rounds = field(default_factory=Rounds)
    cold_process: bool = False
    drop_caches: bool = False
    connect: Mapping[str, str] = field(default_factory=dict)
    gpu_memory_limit: int | None = None

    def __post_init__(self) -> None:
        if self.threads < 1 or min(self.timeout, self.setup_timeout) <= 0:
            raise ValueError("threads and timeouts must be positive")

    def variables(self, engine: str) -> dict[str, str]:
        """What an engine's process is told of these settings through its environment."""
        address, limit = self.connect.get(engine), self.gpu_memory_limit
        told = {CONNECT_VARIABLE: address, LIMIT_VARIABLE: limit and str(limit)}
        return {name: value for name, value in told.items() if value}


@dataclass
class EngineProcess:
    """A worker, the tables that it has, and how many programs it was given."""

    worker: Worker
    starting: bool = True
    tables: set[str] = field(default_factory=set)
    load_seconds: float = 0.0
    programs: int = 0

    def request(self, timeout: float, do: str, **arguments: object) -> Message:
        return self.worker.request({"do": do, **arguments}, timeout)


class WorkerPool(Closing):
    """Keeps one process for each engine, input, size, threads and workload.

    Use it from one thread. ``close`` ends all processes.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._processes: dict[Cell, EngineProcess] = {}
        self._failures: dict[Cell, list[WorkerError]] = {}
        self._started = 0
        self.spent = Spent()

    def start(self, cells: Iterable[Cell]) -> None:
        """Begins to start the processes of cells, side by side. ``process_for`` awaits them all."""
        for key in dict.fromkeys(map(_without_query, cells)):
            if key not in self._processes and not self._failures.get(key):
                self._processes[key] = self._start(key)

    def refresh(self, cells: Iterable[Cell]) -> None:
        """Begins to replace those processes of cells that are to be fresh and are not."""
        cells = [c for c in cells if self.settings.cold_process or c.input is not Input.MEMORY]
        for cell in cells:
            process = self._processes.get(_without_query(cell))
            if process is not None and process.programs:
                self.discard(cell)
        self.start(cells)

    def process_for(
        self, cell: Cell, tables: Mapping[str, Table], loading: Callable[[], None]
    ) -> EngineProcess:
        """The process for a cell, with its tables at hand; ``loading`` is called before a set-up.

        Raises WorkerError where the set-up fails, and at once where it has failed before.
        """
        with self.spent.on(Part.STARTING):
            self._await_starts()
        key = _without_query(cell)
        failures = self._failures.setdefault(key, [])
        if len(failures) >= SETUP_ATTEMPTS:
            raise type(failures[-1])(f"{failures[-1]} (as {len(failures)} times before)")
        process = self._processes.get(key)
        if process is not None and process.tables >= tables.keys():
            return process
        loading()
        try:
            return self._set_up(key, process, tables)
        except WorkerError as error:
            self.discard(cell)
            failures.append(type(error)(f"setting up {cell.engine}: {error}"))
            raise failures[-1] from error

    def _set_up(
        self, key: Cell, process: EngineProcess | None, tables: Mapping[str, Table]
    ) -> EngineProcess:
        deadline = time.monotonic() + self.settings.setup_timeout
        if process is None:
            process = self._processes[key] = self._start(key)
            with self.spent.on(Part.STARTING):
                self._await(process)
        before = process.load_seconds
        for name in tables.keys() - process.tables:
            left = max(0.0, deadline - time.monotonic())
            _provide(process, tables[name], key.input, left)
        self.spent.add(Part.ENGINES, process.load_seconds - before)
        return process

    def make_room(self, cells: Iterable[Cell]) -> None:
        """Ends other processes, the largest first, while they take what these cells' may use.

        Of a GPU a lone cell has all; others share it with what ran before while it has room.
        """
        cells = list(cells)
        own = set(map(_without_query, cells)) & self._processes.keys()
        if any(map(on_gpu, cells)) and (len(cells) == 1 or not has_room()):
            for other in filter(on_gpu, self._processes.keys() - own):
                self.discard(other)
        held = sum(map(self._resident_bytes, own))
        wanted = ROOM_SHARE * (self.settings.memory_limit or 0)
        idle = sorted(self._processes.keys() - own, key=self._resident_bytes)
        while idle and default_memory_limit() + held < wanted:
            self.discard(idle.pop())

    def fits(self, cells: Iterable[Cell], tables: Mapping[str, Table]) -> bool:
        """Whether the processes of cells may hold the tables in memory all at once.

        One that has not loaded them yet is taken to need as much as the largest that has.
        """
        keys = set(map(_without_query, cells))
        loaded = [key for key in keys & self._processes.keys() if self._processes[key].tables]
        sizes = [self._resident_bytes(key) for key in loaded]
        files = all(key.input is not Input.MEMORY for key in keys)
        each = max(sizes, default=0 if files else _estimated_bytes(tables.values()))
        return sum(sizes) + each * (len(keys) - len(sizes)) <= self.settings.together_limit

    def crowds(self, cell: Cell) -> bool:
        """Whether the other processes hold so much that this cell's may have lacked it."""
        others = self._processes.keys() - {_without_query(cell)}
        if on_gpu(cell) and any(map(on_gpu, others)):
            return True
        limit = self.settings.memory_limit or total_memory()
        return sum(map(self._resident_bytes, others)) > CROWD_SHARE * limit

    def _resident_bytes(self, key: Cell) -> int:
        return self._processes[key].worker.memory.sample()

    def _await_starts(self) -> None:
        """Waits until every process has started: none may be busy while another is timed."""
        for key, process in list(self._processes.items()):
            if process.starting:
                try:
                    self._await(process)
                except WorkerError as error:
                    self.discard(key)
                    self._failures.setdefault(key, []).append(error)

    def _await(self, process: EngineProcess) -> None:
        process.worker.reply(self.settings.setup_timeout)
        process.starting = False

    def _start(self, key: Cell) -> EngineProcess:
        self._started += 1
        name = re.sub(r"[^A-Za-z0-9_]+", "-", f"{self._started}-{key.engine}")
        engine = harness.engines.get(key.engine)
        worker = Worker(
            "harness.measure.bench",
            self.settings.scratch / name,
            {
                **read_by(engine, os.environ),
                **engine.environment(key.threads),
                **self.settings.variables(key.engine),
            },
            self.settings.memory_limit,
        )
        worker.post({"do": "start", "engine": key.engine, "threads": key.threads})
        return EngineProcess(worker)

    def discard(self, cell: Cell) -> None:
        """Ends the process of a cell; the next cell gets a fresh one."""
        process = self._processes.pop(_without_query(cell), None)
        if process is not None:
            process.worker.close()

    def close(self) -> None:
        """Ends all processes. May be called twice."""
        with contextlib.ExitStack() as stack:
            for process in self._processes.values():
                stack.callback(process.worker.close)
            self._processes.clear()


def _provide(process: EngineProcess, table: Table, source: Input, timeout: float) -> None:
    """Loads a table into memory, or makes its files known."""
    message = table_to_message(table)
    if source is Input.MEMORY:
        process.load_seconds += process.request(timeout, "load", table=message)["seconds"]
    else:
        process.request(timeout, "scan", table=message, source=source)
    process.tables.add(table.name)


def _estimated_bytes(tables: Iterable[Table]) -> int:
    """What tables take in an engine's memory, by their rows and their columns' types."""
    return sum(
        table.rows * sum(VALUE_BYTES.get(column.type, 8) for column in table.schema)
        for table in tables
    )


def on_gpu(cell: Cell) -> bool:
    """Whether a cell's engine computes on a GPU; one that cannot be loaded does not."""
    with contextlib.suppress(UnknownEngine):
        return harness.engines.get(cell.engine).on_gpu
    return False


def _without_query(cell: Cell) -> Cell:
    """The part of a cell that decides in which process it runs."""
    return Cell(cell.workload, "*", cell.engine, cell.size, cell.input, cell.threads)
