"""Runs a benchmark's pytest below another command: what it measured is written, however that ends.

``subprocess.run`` would kill it a quarter of a second after Ctrl-C, before its results are written,
and would leave it behind where the command itself is ended by SIGTERM or killed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from harness.machine.following import following

TOLD_IN = "ENGINEBENCH_RESULTS_TOLD_IN"
"""The variable of such a pytest with the path of a file, in which it tells its results file's."""


class Ended(NamedTuple):
    """How a run of pytest ended: its exit code, what it printed, and its own results file.

    That is None if it has written none; its folder may have others, also newer ones.
    """

    code: int
    printed: str
    results: Path | None


def run_pytest(arguments: Sequence[str]) -> Ended:
    """Runs Python with these arguments, and waits for its end.

    Ctrl-C is passed on to the process, which is waited for before KeyboardInterrupt is raised; a
    second Ctrl-C, passed on as well, ends it at once.
    """
    with tempfile.TemporaryDirectory(prefix="enginebench-") as folder:
        told_in = Path(folder, "results")
        code, printed = _run(arguments, {**os.environ, TOLD_IN: str(told_in)})
        told = Path(os.fsdecode(told_in.read_bytes())) if told_in.exists() else None
    return Ended(code, printed, told)


def tell_results(path: Path) -> None:
    """Tells the command that runs this pytest, if one does, the path of the run's results file."""
    if told_in := os.environ.get(TOLD_IN):
        Path(told_in).write_bytes(os.fsencode(path.absolute()))


def _run(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str]:
    process = subprocess.Popen(
        following([sys.executable, *arguments]),
        env=environment,
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
