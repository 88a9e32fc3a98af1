"""Calls functions that read a user's files, or make tables, in a worker process.

A library may end its whole process on a damaged file: Arrow aborts on an encrypted column. That
costs one table then, not the run. The worker also bounds time and memory: a small file may unpack
to a large one. What it held in memory ends with it.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from harness.data.identity import Identities
from harness.errors import (
    DataError,
    DataTooMuch,
    HarnessError,
    WorkerDied,
    WorkerError,
    WorkerOutOfMemory,
    WorkerTimeout,
)
from harness.machine.closing import Closing
from harness.machine.limits import default_memory_limit
from harness.machine.messages import Request, Start
from harness.machine.restarting_worker import RestartingWorker
from harness.machine.scratch import Scratch

START_SECONDS = 600.0
"""The time limit for starting the worker, which does not count as reading time."""
SECONDS, BYTES_A_SECOND = 60.0, 250_000
"""The time for reading: SECONDS, and one more for each BYTES_A_SECOND of files on disk."""
MEMORY_BYTES = 4 * 10**9
"""The memory by which the worker may grow in one call; less if less is available."""

Made = TypeVar("Made")


@dataclass(frozen=True)
class Returned:
    """The worker's reply to a FunctionCall: the value that the function returned, or its error.

    Of an OSError only the number is sent, as ``errno``.
    """

    value: Any = None
    error: HarnessError | None = None
    errno: int | None = None


@dataclass(frozen=True)
class FunctionCall(Request[Returned]):
    """A request to call a function, imported by its module and name, with these arguments."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]


class Apart(Closing):
    """A worker that calls functions that read files, in a time limit for all calls together."""

    does, failed, died = "read", "cannot be read", "is damaged: a process that read it"
    """Words for errors."""

    def __init__(self) -> None:
        self._seconds, self._counted = SECONDS, set[tuple[int, int]]()
        self._scratch: Scratch | None = None
        self._worker: RestartingWorker | None = None

    def allow_for(self, files: Identities) -> None:
        """Extends the calls' time limit in proportion to these files' sizes; once for each file."""
        for file in files.values():
            if (file.device, file.inode) not in self._counted:
                self._counted.add((file.device, file.inode))
                self._seconds += file.size / BYTES_A_SECOND

    def call(self, what: str, function: Callable[..., Made], *arguments: Any) -> Made:
        """Returns ``function(*arguments)``, computed in the worker, or raises what it raises there.

        ``function`` must be at the top level of a module; arguments and result must be picklable.
        Raises DataError if the process ends without an answer, or an error is neither the harness's
        own nor an OSError; DataTooMuch if the call took too much time or memory. The messages of
        both begin with ``what``, the name of the data that is read.
        """
        returned = self._request(what, FunctionCall(function, arguments))
        if returned.error is not None:
            raise returned.error
        if returned.errno is not None:
            raise OSError(returned.errno, os.strerror(returned.errno))
        made: Made = returned.value
        return made

    def _request(self, what: str, call: FunctionCall) -> Returned:
        limit = min(MEMORY_BYTES, default_memory_limit())
        client = self._started().client()
        client.memory.limit_bytes = client.memory.sample() + limit
        began = time.monotonic()
        try:
            return client.request(call, max(0.001, self._seconds))
        except WorkerTimeout as error:
            raise DataTooMuch(
                f"{what} takes too long to read: the tables of a file may take {SECONDS:g} s, and "
                f"a second more for each {BYTES_A_SECOND / 1e6:g} MB that their files have"
            ) from error
        except WorkerOutOfMemory as error:
            raise DataTooMuch(
                f"{what} takes more than {limit / 1e9:.2g} GB to {self.does}"
            ) from error
        except WorkerDied as error:
            words = str(error).splitlines()[0].removesuffix(" without a word")
            end = words.removesuffix("; its last words:").removeprefix("the process ")
            raise DataError(f"{what} {self.died} {end}") from error
        except WorkerError as error:
            raise DataError(f"{what} {self.failed}: {error}") from error
        finally:
            self._seconds += began - time.monotonic()

    def _started(self) -> RestartingWorker:
        if self._worker is None or self._scratch is None:
            self._scratch = Scratch()
            module, folder = "harness.data.call_worker", self._scratch.path
            self._worker = RestartingWorker(module, folder, Start(), START_SECONDS)
        return self._worker

    def close(self) -> None:
        """Ends the worker; may be called twice."""
        if self._worker is not None and self._scratch is not None:
            self._worker.close()
            self._scratch.close()
        self._worker = self._scratch = None


class Making(Apart):
    """A worker that calls functions that make tables, however long that takes."""

    does, failed, died = "make", "cannot be made", "cannot be made: the process that made it"

    def __init__(self) -> None:
        super().__init__()
        self._seconds = math.inf
