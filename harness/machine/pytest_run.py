"""Runs a benchmark's pytest below another command: what it measured is written, however that ends.

``subprocess.run`` would kill it a quarter of a second after Ctrl-C, before its results are written,
and would leave it behind where the command itself is ended by SIGTERM or killed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence

_STARTER = f"""
import ctypes, os, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, {int(signal.SIGTERM)}, 0, 0, 0)  # PR_SET_PDEATHSIG
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""
"""Makes SIGTERM, for which pytest ends as for Ctrl-C, follow the parent's death (Linux only)."""


def run_pytest(arguments: Sequence[str]) -> tuple[int, str]:
    """Runs Python with these arguments; returns its exit code and what it printed.

    Ctrl-C is passed on to the process, which is waited for before KeyboardInterrupt is raised; a
    second Ctrl-C, passed on as well, ends it at once.
    """
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", _STARTER, str(os.getpid()), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,  # Ctrl-C is passed on below, once
    )
    try:
        printed, _ = process.communicate()
    except BaseException:
        _end(process)
        raise
    return process.returncode, printed


def _end(process: subprocess.Popen[str]) -> None:
    """Tells a process to end, and waits until it has written what it measured."""
    process.send_signal(signal.SIGTERM)
    try:
        process.communicate()
    except KeyboardInterrupt:
        process.send_signal(signal.SIGTERM)
        process.communicate()
