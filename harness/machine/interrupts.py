"""Ctrl-C ends the run; once more, while the run is ending, it ends the process with one line."""

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
    """Handles SIGINT while a run goes on; a plugin of pytest's.

    The first SIGINT is a KeyboardInterrupt, as usual. While the run is ending, another one could
    strike anywhere in pytest and its plugins, which would print a traceback. It ends the process at
    once instead, after a call of ``farewell``, which should say where the measurements are; the
    workers end with it. In a block under ``caught`` it is a KeyboardInterrupt still; a block under
    ``held`` is finished first.
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
        """SIGINT in the block takes effect at the block's end."""
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
        """In the block SIGINT is a KeyboardInterrupt, also while the run is ending."""
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
