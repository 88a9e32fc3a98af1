"""Ctrl-C during a run -> the end of the run; once more -> the end of the process, in one line."""

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
    """What SIGINT does while a run goes on. A plugin of pytest's, for as long as it ``watch``es.

    The first is a KeyboardInterrupt, as ever. Once the run is ending, by itself or by that one,
    another could strike anywhere in pytest and its plugins, which would answer with a traceback:
    it ends the process at once, after ``farewell``, whose words should say where all is that was
    measured. Processes that the run has started end with it. ``caught`` marks what cleans up
    behind itself instead, ``held`` what is done whole or not at all.
    """

    def __init__(self, farewell: Callable[[], None]) -> None:
        self._farewell = farewell
        self._before: Any = None
        self._ending = self._caught = self._held = self._pending = False

    def watch(self) -> None:
        """Begins to handle SIGINT, unless another does or it is ignored (as by a shell's ``&``)."""
        ours = threading.current_thread() is threading.main_thread()
        if ours and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._before = signal.signal(signal.SIGINT, self._handle)

    @contextmanager
    def held(self) -> Iterator[None]:
        """A signal takes effect at the end of the block."""
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
        """A signal in the block is a KeyboardInterrupt, for which the block is prepared."""
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
