"""Handles Ctrl-C: the first ends the run, a second one ends the process with one line."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest


class Interrupts:
    """Handles SIGINT during a run; a pytest plugin.

    The first SIGINT is a KeyboardInterrupt, as usual. While the run is ending, another one could
    strike anywhere in pytest and its plugins, and would print a traceback. So it ends the process
    at once, after a call of ``farewell``, which should print where the measurements are; the
    workers end with it. In a block under ``caught`` it is still a KeyboardInterrupt; a block under
    ``held`` is finished first.
    """

    def __init__(self, farewell: Callable[[], None]) -> None:
        self._farewell = farewell
        self._before: Any = None
        self._ending = self._caught = self._held = self._pending = False

    def watch(self) -> None:
        """Starts to handle SIGINT, unless it is handled or ignored (a shell's ``&``)."""
        ours = threading.current_thread() is threading.main_thread()
        if ours and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._before = signal.signal(signal.SIGINT, self._handle)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Delays SIGINT until the end of the block."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        if self._pending:
            self._pending = False
            self._act()

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Makes SIGINT a KeyboardInterrupt in the block, also while the run is ending."""
        self._caught = True
        try:
            yield
        finally:
            self._caught = False

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._held:
            self._pending = True
        else:
            self._act()

    def _act(self) -> None:
        if self._ending and not self._caught:
            self._farewell()
            os._exit(pytest.ExitCode.INTERRUPTED)
        self._ending, self._caught = True, False
        raise KeyboardInterrupt

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self) -> Generator[None, Any, Any]:
        self._ending = True
        return (yield)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None
