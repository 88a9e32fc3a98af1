"""A module of ours -> a process of it that answers requests, and another one where it has died."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from harness.errors import WorkerError
from harness.machine.child_process import Worker
from harness.machine.closing import Closing


class Standing(Closing):
    """A process that is started before or at the first use, and anew where it has died.

    Its first request, which is met within ``timeout`` seconds, is ``{"do": "start", **begin}``.
    ``scratch`` holds its own files.
    """

    def __init__(
        self,
        module: str,
        scratch: Path,
        begin: Mapping[str, object],
        timeout: float,
        memory_limit: int | None = None,
    ) -> None:
        self._module, self._scratch, self._begin = module, scratch, begin
        self._timeout, self._memory_limit = timeout, memory_limit
        self._worker: Worker | None = None
        self._started, self._starting = 0, False

    def worker(self) -> Worker:
        """The process, which has started. Raises WorkerError where it cannot."""
        self.start()
        self._await_start()
        assert self._worker is not None
        return self._worker

    def start(self) -> None:
        """Begins to start the process, unless it lives; ``await_start`` waits for it."""
        if self._worker is None or not self._worker.alive:
            self._end()
            self._worker, self._starting = self._launched(), True

    def await_start(self) -> None:
        """Waits until the process has started and idles; a failure is told to who first asks it."""
        with contextlib.suppress(WorkerError):
            self._await_start()

    def _await_start(self) -> None:
        if self._worker is not None and self._starting:
            self._starting = False
            try:
                self._worker.reply(self._timeout)
            except WorkerError:
                self._end()
                raise

    def _launched(self) -> Worker:
        self._started += 1
        name = self._module.rpartition(".")[2]
        folder = self._scratch / f"{name}-{self._started}"
        worker = Worker(self._module, folder, memory_limit=self._memory_limit)
        worker.post({"do": "start", **self._begin})
        return worker

    def close(self) -> None:
        """Ends the process. May be called twice."""
        self._end()

    def _end(self) -> None:
        if self._worker is not None:
            self._worker.close()
