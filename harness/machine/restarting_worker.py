"""A worker that is started ahead, and again if it has died."""

from __future__ import annotations

import contextlib
from pathlib import Path

from harness.errors import WorkerError
from harness.machine.closing import Closing
from harness.machine.messages import Request
from harness.machine.worker_client import WorkerClient


class RestartingWorker(Closing):
    """A worker that runs one of the harness's own modules.

    ``start`` is the first request to each new process, which it must answer within ``timeout``
    seconds. ``scratch`` holds the worker's files.
    """

    def __init__(
        self,
        module: str,
        scratch: Path,
        start: Request[None],
        timeout: float,
        memory_limit: int | None = None,
    ) -> None:
        self._module, self._scratch, self._start_request = module, scratch, start
        self._timeout, self._memory_limit = timeout, memory_limit
        self._client: WorkerClient | None = None
        self._started, self._starting = 0, False

    def client(self) -> WorkerClient:
        """Returns the worker, started; raises WorkerError if it cannot start."""
        self.start()
        self._await_start()
        assert self._client is not None
        return self._client

    def start(self) -> None:
        """Begins to start the worker, unless it runs; ``await_start`` waits for it."""
        if self._client is None or not self._client.alive:
            self._end()
            self._client, self._starting = self._launched(), True

    def await_start(self) -> None:
        """Waits until the worker has started; a failure is raised by ``client``."""
        with contextlib.suppress(WorkerError):
            self._await_start()

    def _await_start(self) -> None:
        if self._client is not None and self._starting:
            self._starting = False
            try:
                self._client.reply(self._timeout)
            except WorkerError:
                self._end()
                raise

    def _launched(self) -> WorkerClient:
        self._started += 1
        name = self._module.rpartition(".")[2]
        folder = self._scratch / f"{name}-{self._started}"
        client = WorkerClient(self._module, folder, memory_limit=self._memory_limit)
        client.post(self._start_request)
        return client

    def close(self) -> None:
        """Ends the worker; may be called twice."""
        self._end()

    def _end(self) -> None:
        """Ends the worker; subclasses may close more with it."""
        if self._client is not None:
            self._client.close()
