"""A session of an engine in a worker process, as a benchmark starts it."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from harness.engines.session import Program, Session
from harness.errors import Unsupported, WorkerUnsupported
from harness.machine.messages import Request
from harness.machine.worker_client import WorkerClient
from harness.measure.pool import launched
from harness.measure.requests import HandOver, LoadTable, PrepareProgram, RunProgram, ScanTable
from harness.tables import Input, Table

Reply = TypeVar("Reply")
THREADS = 2
TIMEOUT_SECONDS = 120.0


class Elsewhere(Session):
    """A session that runs in a worker process of the engine, where it loads and runs all.

    If the worker has died, the next request starts another one with the same tables.
    """

    numbers = itertools.count()

    def __init__(self, engine: str, folder: Path) -> None:
        self.engine, self.folder = engine, folder
        self.known: list[Request[Any]] = []
        self.worker: WorkerClient | None = None

    def load(self, table: Table) -> None:
        self._know(LoadTable(table))

    def scan(self, table: Table, source: Input) -> None:
        self._know(ScanTable(table, source))

    def _know(self, request: Request[Any]) -> None:
        self.known.append(request)
        if self.worker is not None and self.worker.alive:
            self._ask(request)

    def prepare(self, program: Program) -> None:
        self._ask(PrepareProgram(program))

    def run(self) -> Any:
        self._ask(RunProgram())

    def to_arrow(self, result: Any) -> pa.Table:
        target = self.folder / f"answer-{next(self.numbers)}"
        with pa.OSFile(str(self._ask(HandOver(target)).path)) as file:
            return pa.ipc.open_file(file).read_all()

    def rows(self, result: Any) -> int:
        raise NotImplementedError

    def _ask(self, request: Request[Reply]) -> Reply:
        if self.worker is None or not self.worker.alive:
            self.worker = self._started()
        try:
            return self.worker.request(request, TIMEOUT_SECONDS)
        except WorkerUnsupported as error:  # a gap that shows only when a query is run
            raise Unsupported(str(error)) from error

    def _started(self) -> WorkerClient:
        worker = launched(self.engine, THREADS, self.folder / f"worker-{next(self.numbers)}")
        worker.reply(TIMEOUT_SECONDS)
        for request in self.known:
            worker.request(request, TIMEOUT_SECONDS)
        return worker

    def close(self) -> None:
        if self.worker is not None:
            self.worker.close()
