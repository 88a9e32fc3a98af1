"""Turns a call of a function into what it gives, made in a process of its own, which may die of it.

A library that reads a damaged file may end its whole process: Arrow aborts where it is asked about
an encrypted column. What dies here costs one table, not the run.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from harness.errors import DataError

PR_SET_PDEATHSIG = 1

Made = TypeVar("Made")


def apart(what: str, function: Callable[..., Made], *given: Any) -> Made:
    """``function(*given)``, or the exception that it raises; all can be pickled.

    The function stands in a module by its own name. Raises DataError, about ``what``, where the
    process ends without an answer.
    """
    request = pickle.dumps((function.__module__, function.__qualname__, given))
    root = str(Path(__file__).parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(
        [sys.executable, "-P", "-m", __name__],
        input=request,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        start_new_session=True,  # Ctrl-C is for the one who waits, and ends this one then
    )
    if done.returncode != 0:
        raise DataError(f"{what} is damaged: {_end(done.returncode)}")
    raised, answer = pickle.loads(done.stdout)
    if raised:
        raise answer
    made: Made = answer
    return made


def _end(code: int) -> str:
    if code < 0:
        return f"a process that read it was ended by {signal.Signals(-code).name}"
    return f"a process that read it ended with exit code {code}"


def main() -> None:
    """The process: what is printed meanwhile goes to standard error."""
    if sys.platform.startswith("linux"):  # nobody waits for an answer any more
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    with os.fdopen(os.dup(1), "wb") as answer:
        os.dup2(2, 1)
        module, name, given = pickle.load(sys.stdin.buffer)
        answer.write(pickle.dumps(_answer(getattr(importlib.import_module(module), name), given)))


def _answer(function: Callable[..., Any], given: tuple[Any, ...]) -> tuple[bool, Any]:
    try:
        return False, function(*given)
    except Exception as error:
        return True, error


if __name__ == "__main__":
    main()
