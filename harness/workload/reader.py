"""Starts and replaces the compiling process, and passes it requests within limits."""

from __future__ import annotations

from collections.abc import Mapping

from harness.errors import TooMuch, WorkerOutOfMemory, WorkerTimeout
from harness.machine.child_process import Worker
from harness.machine.messages import Message, table_to_message
from harness.machine.scratch import Scratch
from harness.machine.standing import Standing
from harness.tables import Table

START_SECONDS = 600.0
"""The time limit for its start; generous, since no query is charged for it."""
MEMORY_BYTES = 10**9
"""The memory that one request may add to the process."""
HELD_BYTES = MEMORY_BYTES
"""A process that has grown to this size, from the plans that it keeps, is replaced."""


class Reader(Standing):
    """The parent's side of the compiling process; the process starts at once, in the background.

    Limits are enforced by killing the process, so that neither native code that holds Python's
    lock nor a single large allocation can pass them.
    """

    def __init__(self) -> None:
        self._files = Scratch()
        super().__init__("harness.workload.compile_process", self._files.path, {}, START_SECONDS)
        self._told: tuple[Worker, Mapping[str, Table]] | None = None
        self.start()

    def ask(
        self, what: str, tables: Mapping[str, Table], message: Message, seconds: float
    ) -> Message:
        """Returns the reply to a request about these tables.

        Raises TooMuch, whose message begins with ``what``, where the request takes longer than
        ``seconds`` or too much memory; another WorkerError where it fails.
        """
        worker = self.worker()
        if worker.memory.sample() > HELD_BYTES:
            worker.close()
            worker = self.worker()
        if self._told != (worker, tables):
            told = [table_to_message(table) for table in tables.values()]
            worker.request({"do": "tables", "tables": told}, START_SECONDS)
            self._told = worker, tables
        worker.memory.limit_bytes = worker.memory.sample() + MEMORY_BYTES
        try:
            return worker.request(message, seconds)
        except WorkerTimeout as error:
            raise TooMuch(f"{what} takes more than {seconds:g} s") from error
        except WorkerOutOfMemory as error:
            raise TooMuch(f"{what} takes more than {MEMORY_BYTES / 1e9:g} GB") from error

    def close(self) -> None:
        super().close()
        self._files.close()
