"""Handles Ctrl-C and its like: one ends the run, a second ends the process with one line."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest

HANDLED: Mapping[int, object] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
    **({signal.SIGHUP: signal.SIG_DFL} if hasattr(signal, "SIGHUP") else {}),  # not on Windows
}
"""Signals -> the handlers that are replaced; others are a choice, as of a shell's ``&``."""


class Interrupts:
    """Handles SIGINT, SIGTERM and SIGHUP (a closed terminal) during a run; a pytest plugin.

    The first signal raises KeyboardInterrupt, as SIGINT usually does. A second one, while the run
    is ending, could strike anywhere in pytest and its plugins, and would print a traceback. So it
    ends the process at once, and the workers with it, after a call of ``farewell``, which should
    print where the measurements are. In a block under ``caught`` each signal raises
    KeyboardInterrupt; a block under ``held`` is finished before a signal takes effect.
    """

    def __init__(self, farewell: Callable[[], None]) -> None:
        self._farewell = farewell
        self._before: dict[int, Any] = {}
        self._ending = self._caught = self._held = self._pending = False

    def watch(self) -> None:
        """Starts to handle these signals, except one that is ignored or has another handler."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number, usual in HANDLED.items():
            if signal.getsignal(number) is usual:
                self._before[number] = signal.signal(number, self._handle)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Delays the signals until the end of the block."""
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
        """Makes the signals KeyboardInterrupts in the block, also while the run is ending."""
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
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()
