"""Starts and replaces the compiling process, and passes it requests within limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from harness.errors import TooMuch, WorkerOutOfMemory, WorkerTimeout
from harness.machine.messages import Request, Start
from harness.machine.restarting_worker import RestartingWorker
from harness.machine.scratch import Scratch
from harness.machine.worker_client import WorkerClient
from harness.tables import Table
from harness.workload.requests import TakeTables

Reply = TypeVar("Reply")

START_SECONDS = 600.0
"""The time limit for its start; generous, since no query is charged for it."""
MOST_WAITING = 6
"""How many times its limit of processor time a request may take by the clock."""
MEMORY_BYTES = 10**9
"""The memory that one request may add to the process."""
HELD_BYTES = MEMORY_BYTES
"""A process that has grown to this size, from the plans that it keeps, is replaced."""


class Reader(RestartingWorker):
    """The process of ``harness/workload/compile_process.py``, which begins to start at once.

    Limits are enforced by killing the process, so that neither native code that holds Python's
    lock nor a single large allocation can pass them.
    """

    def __init__(self) -> None:
        self._files = Scratch()
        super().__init__(
            "harness.workload.compile_process", self._files.path, Start(), START_SECONDS
        )
        self._told: tuple[WorkerClient, Mapping[str, Table]] | None = None
        self.start()

    def ask(
        self, what: str, tables: Mapping[str, Table], request: Request[Reply], seconds: float
    ) -> Reply:
        """Returns the reply to a request about these tables.

        Raises TooMuch, whose message begins with ``what``, if the request takes more than
        ``seconds`` of processor time or too much memory; other kinds of WorkerError if it fails
        otherwise.
        """
        client = self.client()
        if client.memory.sample() > HELD_BYTES:
            client.close()
            client = self.client()
        if self._told != (client, tables):
            client.request(TakeTables(tuple(tables.values())), START_SECONDS)
            self._told = client, tables
        client.memory.limit_bytes = client.memory.sample() + MEMORY_BYTES
        try:
            return client.request(request, seconds, MOST_WAITING * seconds)
        except WorkerTimeout as error:
            raise TooMuch(f"{what} takes more than {seconds:g} s") from error
        except WorkerOutOfMemory as error:
            raise TooMuch(f"{what} takes more than {MEMORY_BYTES / 1e9:g} GB") from error

    def close(self) -> None:
        super().close()
        self._files.close()
