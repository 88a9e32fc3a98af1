"""Questions about SQL -> the replies of a process that reads it, which may die of it."""

from __future__ import annotations

from collections.abc import Mapping

from harness.errors import TooMuch, WorkerOutOfMemory, WorkerTimeout
from harness.machine.child_process import Worker
from harness.machine.messages import Message, table_to_message
from harness.machine.scratch import Scratch
from harness.machine.standing import Standing
from harness.tables import Table

START_SECONDS = 600.0
"""It is no query's time, so it is generous."""
MEMORY_BYTES = 10**9
"""What the process may grow by for one request."""
HELD_BYTES = MEMORY_BYTES
"""A process that holds more, by then of plans, is replaced."""


class Reader(Standing):
    """The process of ``harness/workload/compile_process.py``, which begins to start at once.

    Its limits are those of a process that can be killed at any moment: neither native code that
    holds Python's lock nor a single large allocation passes them.
    """

    def __init__(self) -> None:
        self._files = Scratch()
        super().__init__("harness.workload.compile_process", self._files.path, {}, START_SECONDS)
        self._told: tuple[Worker, Mapping[str, Table]] | None = None
        self.start()

    def ask(
        self, what: str, tables: Mapping[str, Table], message: Message, seconds: float
    ) -> Message:
        """The reply to a request about these tables.

        Raises TooMuch, which begins with ``what``, where that takes longer than ``seconds`` or
        more memory than it may, and another WorkerError where it fails otherwise.
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
