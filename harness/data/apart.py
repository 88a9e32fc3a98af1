"""Turns calls of functions into what they give, made in a process of its own, which may die of it.

A library that reads a damaged file may end its whole process: Arrow aborts where it is asked about
an encrypted column. What dies here costs one table, not the run; and what a small file unpacks to
fills neither the memory nor the day.
"""

from __future__ import annotations

import base64
import importlib
import pickle
import signal
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from harness.data.identity import Identities
from harness.errors import (
    DataError,
    DataTooMuch,
    WorkerDied,
    WorkerError,
    WorkerOutOfMemory,
    WorkerTimeout,
)
from harness.machine.closing import Closing
from harness.machine.limits import default_memory_limit
from harness.machine.messages import Message
from harness.machine.scratch import Scratch
from harness.machine.serve import serve
from harness.machine.standing import Standing

START_SECONDS = 600.0
"""It is no file's time, so it is generous."""
SECONDS, BYTES_A_SECOND = 60.0, 250_000
"""What reading may take: so long, and a second more for so many bytes on the disk."""
MEMORY_BYTES = 4 * 10**9
"""What the process may grow by for one call; less where less is available."""

Made = TypeVar("Made")


class Apart(Closing):
    """The process, and the time that is left to it for all that is asked of it."""

    def __init__(self) -> None:
        self._seconds, self._counted = SECONDS, set[tuple[int, int]]()
        self._scratch: Scratch | None = None
        self._process: Standing | None = None

    def allow_for(self, files: Identities) -> None:
        """Gives the time that files of their size may take, once for each of them."""
        for file in files.values():
            if (file.device, file.inode) not in self._counted:
                self._counted.add((file.device, file.inode))
                self._seconds += file.size / BYTES_A_SECOND

    def call(self, what: str, function: Callable[..., Made], *given: Any) -> Made:
        """``function(*given)``, or the exception that it raises; all can be pickled.

        The function stands in a module by its own name. Raises DataError, which begins with
        ``what``, where the process ends without an answer; DataTooMuch where that is for the time
        or the memory that it took.
        """
        request = _packed((function.__module__, function.__qualname__, given))
        raised, answer = _unpacked(self._ask(what, {"do": "call", "request": request})["answer"])
        if raised:
            raise answer
        made: Made = answer
        return made

    def _ask(self, what: str, message: Message) -> Message:
        limit = min(MEMORY_BYTES, default_memory_limit())
        worker = self._started().worker()
        worker.memory.limit_bytes = worker.memory.sample() + limit
        began = time.monotonic()
        try:
            return worker.request(message, max(0.001, self._seconds))
        except WorkerTimeout as error:
            raise DataTooMuch(
                f"{what} takes too long to read: the tables of a file may take {SECONDS:g} s, and "
                f"a second more for each {BYTES_A_SECOND / 1e6:g} MB that their files have"
            ) from error
        except WorkerOutOfMemory as error:
            raise DataTooMuch(f"{what} takes more than {limit / 1e9:.2g} GB to read") from error
        except WorkerDied as error:
            words = str(error).splitlines()[0].removesuffix(" without a word")
            end = words.removesuffix("; its last words:").removeprefix("the process ")
            raise DataError(f"{what} is damaged: a process that read it {end}") from error
        except WorkerError as error:
            raise DataError(f"{what} cannot be read: {error}") from error
        finally:
            self._seconds += began - time.monotonic()

    def _started(self) -> Standing:
        if self._process is None or self._scratch is None:
            self._scratch = Scratch()
            self._process = Standing(__name__, self._scratch.path, {}, START_SECONDS)
        return self._process

    def close(self) -> None:
        """Ends the process. May be called twice."""
        if self._process is not None and self._scratch is not None:
            self._process.close()
            self._scratch.close()
        self._process = self._scratch = None


def _packed(value: object) -> str:
    return base64.b64encode(pickle.dumps(value)).decode()


def _unpacked(text: str) -> Any:
    return pickle.loads(base64.b64decode(text))


def call(request: str) -> Message:
    """The process' side: what is printed meanwhile goes to its log."""
    module, name, given = _unpacked(request)
    return {"answer": _packed(_answer(getattr(importlib.import_module(module), name), given))}


def _answer(function: Callable[..., Any], given: tuple[Any, ...]) -> tuple[bool, Any]:
    try:
        return False, function(*given)
    except Exception as error:
        return True, error


def main(arguments: Sequence[str]) -> None:
    serve({"start": dict, "call": call}, arguments, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1:])
