"""Runs pytest in forks of a process that has imported it and the harness.

A benchmark of a few rows spends half of its processor time on these imports. The process that runs
a test starts one server, which this module is as a program; for each command it forks, and the
fork goes on as if it were ``python -m pytest`` in the command's folder.
"""

from __future__ import annotations

import atexit
import json
import os
import selectors
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

from tests.places import ROOT


class ForkServer:
    """The side of the process that runs tests."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        atexit.register(self.close)

    def run(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], timeout: float
    ) -> tuple[int, str, str]:
        """Runs ``pytest ARGUMENTS``; returns its exit code, and what it printed to stdout, stderr.

        Raises TimeoutExpired after ``timeout`` seconds; the server has then ended.
        """
        assert self.process.stdin is not None and self.process.stdout is not None
        with tempfile.TemporaryDirectory() as own:
            out, err = (Path(own, name) for name in ("out", "err"))
            asked = [list(arguments), str(folder), dict(environment), str(out), str(err)]
            self.process.stdin.write(f"{json.dumps(asked)}\n")
            self.process.stdin.flush()
            with selectors.DefaultSelector() as ready:
                ready.register(self.process.stdout, selectors.EVENT_READ)
                if not ready.select(timeout):
                    _server.cache_clear()
                    self.process.kill()
                    raise subprocess.TimeoutExpired(list(arguments), timeout)
            code = int(self.process.stdout.readline())
            # pytest's own lines name a file in its very bytes
            return code, *(f.read_text(errors="surrogateescape") for f in (out, err))

    def close(self) -> None:
        self.process.communicate()


@cache
def _server() -> ForkServer:
    return ForkServer()


def run(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str], timeout: float
) -> tuple[int, str, str]:
    """Does what `ForkServer.run` does, by this process's server."""
    return _server().run(arguments, folder, environment, timeout)


def main() -> None:
    import report.page.output  # noqa: F401

    while line := sys.stdin.readline():
        child = os.fork()
        if not child:
            _become(*json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _become(
    arguments: list[str], folder: str, environment: dict[str, str], *files: Any
) -> NoReturn:
    """Goes on as ``python -m pytest``, and ends the process as Python does."""
    import pytest

    for number, target in enumerate((os.devnull, *files)):
        flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT
        os.dup2(os.open(target, flags), number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[0], sys.argv = folder, ["pytest", *arguments]
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.exit(pytest.main(arguments))


if __name__ == "__main__":
    main()
