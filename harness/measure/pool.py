"""The engines' workers that run cells: one for each engine and configuration, tables loaded."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import harness.engines
from harness.engines.own_environment import InOwnEnvironment, link_packages
from harness.engines.session import CONNECT_VARIABLE, MEMORY_VARIABLE
from harness.errors import UnknownEngine, WorkerError
from harness.machine.closing import Closing
from harness.machine.environment import read_by
from harness.machine.gpu.device import LIMIT_VARIABLE
from harness.machine.gpu.discovery import has_room
from harness.machine.limits import default_memory_limit, total_memory
from harness.machine.worker_client import WorkerClient
from harness.measure.requests import LoadTable, ScanTable, Started, StartEngine
from harness.measure.rounds import Rounds
from harness.measure.wall_clock import Part, Spent
from harness.outcome import Cell
from harness.tables import Input, Table
from harness.types import Type

ROOM_SHARE = 0.75
"""The part of its memory limit that must be free for an engine; else idle engines are ended."""
TOGETHER_SHARE = 0.5
"""The part of the memory that engines may hold together while they take turns."""
CROWD_SHARE = 0.1
"""If others hold more than this part of an engine's limit, it may have run out because of them."""
SETUP_ATTEMPTS = 2
"""How often the set-up of a worker is tried, over all queries of a workload."""
LEAST_ROUNDS = 1.0
"""Where a cell's rounds may take fewer seconds than this, starts are not timed."""
FAREWELL_SECONDS = 20.0
"""What an engine may take to remove its tables from a cluster, at the end of its process."""
VALUE_BYTES = {Type.STRING: 32, Type.BOOLEAN: 1}
"""The bytes that a value takes in memory, roughly; values of other types take 8."""


def default_together_limit() -> int:
    """Returns half of the memory that this process may use, in bytes.

    It is the default of ``Settings.together_limit``; limits by control groups are included.
    """
    return int(total_memory() * TOGETHER_SHARE)


@dataclass(frozen=True)
class Settings:
    """How cells are measured.

    ``timeout`` (seconds) bounds one cell's runs, ``setup_timeout`` the start of a process and the
    loading of its tables, which all queries of a workload share. ``memory_limit`` (bytes) is each
    engine's, unless its cell has another one; engines take turns where all of them together hold at
    most ``together_limit`` bytes. Programs that read files are run cold in a fresh process each;
    with ``cold_process``, also programs that start from loaded tables. With ``drop_caches``, files
    are evicted from the page cache before a cold run. ``connect`` holds, by engine, the address of
    the cluster that it connects to. ``gpu_memory_limit`` (bytes) is what an engine may allocate on
    a GPU.
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

    def limit_of(self, cell: Cell) -> int | None:
        """Returns the bytes that the processes of the cell's engine may hold; None for no limit."""
        return cell.memory_limit or self.memory_limit

    def variables(self, cell: Cell) -> dict[str, str]:
        """Returns the environment variables that pass these settings to a cell's engine."""
        address, limit = self.connect.get(cell.engine), self.gpu_memory_limit
        memory = self.limit_of(cell)
        variables = {
            CONNECT_VARIABLE: address,
            LIMIT_VARIABLE: limit and str(limit),
            MEMORY_VARIABLE: memory and str(memory),
        }
        return {name: value for name, value in variables.items() if value}


@dataclass
class PooledWorker:
    """An engine's worker, with the tables that it has and the number of programs it was given.

    ``starting`` is True until it has replied that its engine has started.
    """

    client: WorkerClient
    starting: bool = True
    tables: set[str] = field(default_factory=set)
    load_seconds: float = 0.0
    programs: int = 0


class WorkerPool(Closing):
    """Keeps one worker for each engine, input, size, workload, and each value of axes.

    Use it from one thread. ``close`` ends all workers.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._workers: dict[Cell, PooledWorker] = {}
        self._failures: dict[Cell, list[WorkerError]] = {}
        self._started = 0
        self._start_seconds: dict[tuple[str, int], float] = {}
        self._times_starts = settings.rounds.seconds >= LEAST_ROUNDS
        self.spent = Spent()

    def start(self, cells: Iterable[Cell]) -> None:
        """Begins to start the workers of cells, side by side, and returns before they have started.

        ``worker_for`` waits for all of them. An engine's first process starts alone, so that
        nothing disturbs the measured time of its start; but side by side, and not timed, if a
        cell's rounds get less than LEAST_ROUNDS seconds. Those that would wait for the cluster of
        another one are not started.
        """
        for key in dict.fromkeys(map(_without_query, cells)):
            if key in self._workers or self._failures.get(key):
                continue
            if not self._rivals(key, self._workers):
                with contextlib.suppress(UnknownEngine):  # which ``worker_for`` raises
                    self._workers[key] = self._start(key)
                    if self._times_starts and self.start_seconds(key) is None:
                        self._await_starts()

    def start_seconds(self, cell: Cell) -> float | None:
        """Returns the seconds that the first start of the cell's engine took; None if not timed."""
        return self._start_seconds.get((cell.engine, cell.threads))

    def refresh(self, cells: Iterable[Cell]) -> None:
        """Replaces the used workers of cells whose cold runs need a fresh process.

        Returns before the new workers have started.
        """
        cells = [c for c in cells if self.settings.cold_process or c.input is not Input.MEMORY]
        for cell in cells:
            worker = self._workers.get(_without_query(cell))
            if worker is not None and worker.programs:
                self.discard(cell)
        self.start(cells)

    def worker_for(
        self, cell: Cell, tables: Mapping[str, Table], loading: Callable[[], None]
    ) -> PooledWorker:
        """Returns the worker for a cell, with the cell's tables loaded.

        ``loading`` is called before tables are loaded. Raises WorkerError if the set-up of the
        worker fails; after several failures, it raises at once and does not try again.
        """
        self._await_starts()
        key = _without_query(cell)
        failures = self._failures.setdefault(key, [])
        if len(failures) >= SETUP_ATTEMPTS:
            raise type(failures[-1])(f"{failures[-1]} (as {len(failures)} times before)")
        worker = self._workers.get(key)
        if worker is not None and worker.tables >= tables.keys():
            return worker
        loading()
        try:
            return self._set_up(key, worker, tables)
        except WorkerError as error:
            self.discard(cell)
            failures.append(type(error)(f"setting up {cell.engine}: {error}"))
            raise failures[-1] from error

    def _set_up(
        self, key: Cell, worker: PooledWorker | None, tables: Mapping[str, Table]
    ) -> PooledWorker:
        deadline = time.monotonic() + self.settings.setup_timeout
        if worker is None:
            worker = self._workers[key] = self._start(key)
            self._await(key, worker)
        before = worker.load_seconds
        for name in tables.keys() - worker.tables:
            left = max(0.0, deadline - time.monotonic())
            _provide(worker, tables[name], key.input, left)
        self.spent.add(Part.ENGINES, worker.load_seconds - before)
        return worker

    def _rivals(self, key: Cell, others: Iterable[Cell]) -> set[Cell]:
        """Returns those of other cells whose workers cannot have the cluster of this one's, too.

        All are cells without their query, as those of ``self._workers``.
        """
        if not fills_cluster(key):
            return set()
        at = self.settings.connect.get
        return {each for each in others if each != key and at(each.engine) == at(key.engine)}

    def make_room(self, cells: Iterable[Cell]) -> None:
        """Ends workers of other cells, the largest first, while these cells may lack memory.

        They may, if less than ROOM_SHARE of an engine's memory limit is left for them. Workers of
        other cells on a GPU are all ended if a single cell uses the GPU, or if it is over half
        full; and so are those that have a cluster which one of these cells needs for itself.
        """
        cells = list(cells)
        keys = set(map(_without_query, cells))
        own = keys & self._workers.keys()
        for key in keys:
            for other in self._rivals(key, self._workers.keys() - own):
                self.discard(other)
        if any(map(on_gpu, cells)) and (len(cells) == 1 or not has_room()):
            for other in filter(on_gpu, self._workers.keys() - own):
                self.discard(other)
        held = sum(map(self._resident_bytes, own))
        wanted = ROOM_SHARE * max((self.settings.limit_of(cell) or 0 for cell in cells), default=0)
        idle = sorted(self._workers.keys() - own, key=self._resident_bytes)
        while idle and default_memory_limit() + held < wanted:
            self.discard(idle.pop())

    def fits(self, cells: Iterable[Cell], tables: Mapping[str, Table]) -> bool:
        """Returns whether the workers of all these cells may hold the tables in memory at once.

        A worker that has not loaded the tables yet is assumed to need as much memory as the largest
        worker that has. They may not, if one needs for itself a cluster that another one uses.
        """
        keys = set(map(_without_query, cells))
        if any(self._rivals(key, keys) for key in keys):
            return False
        loaded = [key for key in keys & self._workers.keys() if self._workers[key].tables]
        sizes = [self._resident_bytes(key) for key in loaded]
        files = all(key.input is not Input.MEMORY for key in keys)
        each = max(sizes, default=0 if files else _estimated_bytes(tables.values()))
        return sum(sizes) + each * (len(keys) - len(sizes)) <= self.settings.together_limit

    def crowds(self, cell: Cell) -> bool:
        """Returns whether this cell's worker may have lacked memory because of other workers.

        It may, if they hold more than CROWD_SHARE of the memory limit, or are on the same GPU. A
        limit of the cell's own may be small: then the machine's memory counts.
        """
        others = self._workers.keys() - {_without_query(cell)}
        if on_gpu(cell) and any(map(on_gpu, others)):
            return True
        limit = (not cell.memory_limit and self.settings.memory_limit) or total_memory()
        return sum(map(self._resident_bytes, others)) > CROWD_SHARE * limit

    def _resident_bytes(self, key: Cell) -> int:
        return self._workers[key].client.memory.sample()

    def _await_starts(self) -> None:
        """Waits until every worker has started: none may be busy while another is timed."""
        for key, worker in list(self._workers.items()):
            if worker.starting:
                try:
                    self._await(key, worker)
                except WorkerError as error:
                    self.discard(key)
                    self._failures.setdefault(key, []).append(error)

    def _await(self, key: Cell, worker: PooledWorker) -> None:
        with self.spent.on(Part.STARTING):
            started: Started = worker.client.reply(self.settings.setup_timeout)
        worker.client.memory.spill_folder = started.spills_to
        if self._times_starts:
            self._start_seconds.setdefault((key.engine, key.threads), started.seconds)
        worker.starting = False

    def _start(self, key: Cell) -> PooledWorker:
        self._started += 1
        name = re.sub(r"[^A-Za-z0-9_]+", "-", f"{self._started}-{key.engine}")
        client = launched(
            key.engine,
            key.threads,
            self.settings.scratch / name,
            self.settings.variables(key),
            self.settings.limit_of(key),
            cores=key.threads if key.clients else None,
        )
        return PooledWorker(client)

    def discard(self, cell: Cell) -> None:
        """Ends the worker of a cell; the next cell that needs this worker gets a fresh one."""
        worker = self._workers.pop(_without_query(cell), None)
        if worker is not None:
            worker.client.close()

    def close(self) -> None:
        """Ends all workers. May be called twice."""
        with contextlib.ExitStack() as stack:
            for worker in self._workers.values():
                stack.callback(worker.client.close)
            self._workers.clear()


def _provide(worker: PooledWorker, table: Table, source: Input, timeout: float) -> None:
    """Has a worker load a table into memory; if the input is files, only gives it their paths."""
    if source is Input.MEMORY:
        worker.load_seconds += worker.client.request(LoadTable(table), timeout)
    else:
        worker.client.request(ScanTable(table, source), timeout)
    worker.tables.add(table.name)


def _estimated_bytes(tables: Iterable[Table]) -> int:
    """Estimates the bytes of tables in an engine's memory, from their rows and column types."""
    return sum(
        table.rows * sum(VALUE_BYTES.get(column.type, 8) for column in table.schema)
        for table in tables
    )


def launched(
    name: str,
    threads: int,
    folder: Path,
    variables: Mapping[str, str] | None = None,
    memory_limit: int | None = None,
    cores: int | None = None,
) -> WorkerClient:
    """Starts an engine's worker process in ``folder``, and requests that it start the engine.

    With several clients, of which each may have its threads, it is held to so many ``cores``. If
    the engine has an environment of its own, links to the packages that this environment lacks are
    made beside the folder.
    """
    engine, python = harness.engines.get(name), Path(sys.executable)
    session = engine.session_address()
    secrets = {name: os.environ[name] for name in engine.secrets if name in os.environ}
    environment = {**read_by(engine, os.environ), **secrets, **engine.environment(threads)}
    if isinstance(engine, InOwnEnvironment):
        packages = folder.absolute().parent / "packages"
        link_packages(packages, [__name__, session])
        environment |= engine.home().variables(packages)
        python = engine.home().python
    module, variables = "harness.measure.engine_worker", {**environment, **(variables or {})}
    farewell = FAREWELL_SECONDS if CONNECT_VARIABLE in variables else 0.0
    client = WorkerClient(module, folder, variables, memory_limit, python, farewell)
    lacking = engine.lacks().lacking
    client.post(StartEngine(session, threads, engine.clients.sharing, lacking, cores))
    return client


def fills_cluster(cell: Cell) -> bool:
    """Returns whether a cell's engine needs its cluster for itself; False if it cannot load."""
    with contextlib.suppress(UnknownEngine):
        return harness.engines.get(cell.engine).fills_cluster
    return False


def on_gpu(cell: Cell) -> bool:
    """Returns whether a cell's engine computes on a GPU; False if the engine cannot be loaded."""
    with contextlib.suppress(UnknownEngine):
        return harness.engines.get(cell.engine).on_gpu
    return False


def _without_query(cell: Cell) -> Cell:
    """Returns the cell with "*" as its query: cells for which this is equal share a worker."""
    return replace(cell, query="*")
