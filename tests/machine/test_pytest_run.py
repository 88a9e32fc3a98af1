"""A benchmark below another command ends as one in a terminal does, however the command ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from harness.machine.pytest_run import run_pytest

CHILD = """
import os, pathlib, sys, time
file = pathlib.Path(sys.argv[1])
try:
    import signal
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    file.write_text(str(os.getpid()))
    time.sleep(60)
except KeyboardInterrupt:
    time.sleep(0.8)  # longer than subprocess.run waits
    file.with_suffix(".results").write_text("whole")
"""
PARENT = "import sys; from harness.machine.pytest_run import run_pytest; run_pytest(sys.argv[1:])"


def until(file: Path) -> str:
    """Waits until a file has content, and returns it."""
    end = time.monotonic() + 30
    while not (file.exists() and file.read_text()):
        assert time.monotonic() < end, file
        time.sleep(0.02)
    return file.read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_what_was_measured_is_written(tmp_path: Path, number: signal.Signals) -> None:
    if number != signal.SIGINT and sys.platform != "linux":
        pytest.skip("only Linux tells a process that its parent ended")
    file = tmp_path / "child"
    command = [sys.executable, "-c", PARENT, "-c", CHILD, str(file)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as parent:
        child = psutil.Process(int(until(file)))
        os.kill(parent.pid, number)
        assert until(file.with_suffix(".results")) == "whole"
        child.wait(10)
    assert not child.is_running()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells that a parent ended")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_an_installer_ends_with_the_run(tmp_path: Path, number: signal.Signals) -> None:
    """Left behind, it would write into the environment that the next run makes."""
    file = tmp_path / "child"
    install = "import sys; from harness.engines import own_environment as o; o._run(sys.argv[1:])"
    sleep = "import os, pathlib, sys, time; pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))"
    command = [sys.executable, "-c", f"{sleep}; time.sleep(60)", str(file)]
    with subprocess.Popen([sys.executable, "-c", install, *command]) as run:
        child = psutil.Process(int(until(file)))
        os.kill(run.pid, number)
        child.wait(10)


def test_the_code_and_all_that_is_printed_are_returned() -> None:
    told = "import sys; print('out'); sys.stdout.flush(); print('é', file=sys.stderr); sys.exit(3)"
    assert run_pytest(["-c", told]) == (3, "out\né\n", None)


def test_the_results_file_is_the_runs_own(tmp_path: Path) -> None:
    own = tmp_path / "é" / "own.json"
    tell = "import pathlib, sys; from harness.machine import pytest_run as p"
    ended = run_pytest(["-c", f"{tell}; p.tell_results(pathlib.Path(sys.argv[1]))", str(own)])
    assert ended == (0, "", own)
