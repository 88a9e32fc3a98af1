"""A computation -> its result, or the error that says which limit of time or memory it passed.

What a stranger's file asks for is computed here: SQL of a kilobyte can have a plan without end.
"""

from __future__ import annotations

import ctypes
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psutil

from harness.errors import TooMuch

T = TypeVar("T")

SECONDS = 10.0
"""What one query's plan, or one program, may take."""
MEMORY_BYTES = 10**9
"""What the process may grow by meanwhile."""
STACK_BYTES = 512 * 2**20
"""Of the thread: SQL may be nested as deep as DuckDB takes it. Untouched, it costs nothing."""
DEPTH = 100_000
"""Python's calls within calls."""
GLANCE_SECONDS = 0.05
FAREWELL_SECONDS = 5.0


def limited(
    what: str,
    compute: Callable[[], T],
    seconds: float = SECONDS,
    memory_bytes: int = MEMORY_BYTES,
) -> T:
    """The result of ``compute``, which runs in a thread of its own.

    Raises whatever it raises, and TooMuch, which begins with ``what``, where it passes a limit; the
    thread is then made to raise, too.
    """
    process, task = psutil.Process(), _Task(compute)
    deadline, most = time.monotonic() + seconds, process.memory_info().rss + memory_bytes
    with _depth():
        task.start()
        while not task.ended.wait(GLANCE_SECONDS):
            if time.monotonic() > deadline:
                task.stop()
                raise TooMuch(f"{what} takes more than {seconds:g} s")
            if process.memory_info().rss > most:
                task.stop()
                raise TooMuch(f"{what} takes more than {memory_bytes / 1e9:g} GB")
    return task.result()  # type: ignore[no-any-return]


@contextmanager
def _depth() -> Iterator[None]:
    """Lets threads that are started meanwhile call deeper than Python's default allows."""
    stack, depth = threading.stack_size(STACK_BYTES), sys.getrecursionlimit()
    sys.setrecursionlimit(max(DEPTH, depth))
    try:
        yield
    finally:
        threading.stack_size(stack)
        sys.setrecursionlimit(depth)


class _Task(threading.Thread):
    """A thread that computes something, and can be made to stop."""

    def __init__(self, compute: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self._compute = compute
        self._value: Any = None
        self._error: BaseException | None = None
        self.ended = threading.Event()

    def run(self) -> None:
        try:
            self._value = self._compute()
        except BaseException as error:  # is raised again where the result is asked for
            self._error = error
        finally:
            self.ended.set()

    def result(self) -> Any:
        if self._error is not None:
            raise self._error
        return self._value

    def stop(self) -> None:
        """Raises TooMuch in the thread, at its next step of Python, and waits for its end.

        Again where that step was one that Python lets nothing out of, as a callback of its
        collector.
        """
        assert self.ident is not None
        thread, end = ctypes.c_ulong(self.ident), time.monotonic() + FAREWELL_SECONDS
        while not self.ended.is_set() and time.monotonic() < end:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(TooMuch))
            self.ended.wait(10 * GLANCE_SECONDS)
