"""Runs ``pytest --benchmark`` in folders like a user's, and reads what came of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

import harness.engines
from report.page import library
from tests.places import ROOT
from tests.support import forks

AVAILABLE = harness.engines.by_default()
"""The engines of a run without ``--engines``."""
PLUGINS = ("no:hypothesispytest", "no:cacheprovider", "tests.fakes.short_probe")
REWRITING = "ignore::pytest.PytestAssertRewriteWarning"
"""In a fork the harness has been imported, so that its assertions are not rewritten."""
WARNINGS = ("-W error", f"-W {REWRITING}")
OPTIONS = " ".join(("--assert=plain", *(f"-p {name}" for name in PLUGINS), *WARNINGS))
"""pytest's. Where Python writes no bytecode, rewriting the harness's modules takes a second."""
QUICK = ("--benchmark-max-time", "0.01", "--benchmark-min-rounds", "2")

TABLE = "k,x\n1,0.0\n1,1.0\n2,12.25\n3,\n"
MEANS = "select k, avg(x) as mean from t group by k"
"""Over TABLE, the fake engines' answer."""


@dataclass(frozen=True)
class Done:
    """A command that has ended: its exit code, and what it printed to stdout and stderr."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        return self.out + self.err


@dataclass(frozen=True)
class Project:
    """A folder like a user's, where a test runs commands: workloads, tables, a cache and results.

    ``timeout`` bounds each command, in seconds.
    """

    folder: Path
    timeout: float = 120

    def __post_init__(self) -> None:
        """Links ``page`` in the folder's cache to one for all tests: filling it takes seconds."""
        page, own = library.folder(), self.folder / "cache" / "page"
        page.mkdir(mode=0o700, parents=True, exist_ok=True)
        own.parent.mkdir(exist_ok=True)
        if not own.is_symlink():
            own.symlink_to(page, target_is_directory=True)

    def write(self, **texts: str) -> Project:
        """Writes a text to each file, ``a_csv`` standing for ``a.csv``; returns the project."""
        for name, text in texts.items():
            stem, _, suffix = name.rpartition("_")
            (self.folder / f"{stem}.{suffix}").write_text(text)
        return self

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if name != "CI"},
            "COLUMNS": "200",
            "ENGINEBENCH_CACHE": str(self.folder / "cache"),
            "PYTHONPATH": str(ROOT),
            "PYTEST_ADDOPTS": OPTIONS,
        }

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "pytest", *arguments]

    def script(self, *arguments: str) -> Done:
        """Runs a benchmark as the command ``pytest`` does: without imports from the folder."""
        command = [sys.executable, "-P", "-m", "pytest", "--benchmark", *QUICK, *arguments]
        return self._done(command, {})

    def pytest(self, *arguments: str, **variables: str) -> Done:
        """Runs pytest; with ``variables`` of the environment in a new process, else in a fork."""
        if variables:
            return self._done(self.command(*arguments), variables)
        return Done(*forks.run(arguments, self.folder, self.environment, self.timeout))

    def _done(self, command: Sequence[str], variables: Mapping[str, str]) -> Done:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            errors="surrogateescape",  # pytest's own lines name a file in its very bytes
            timeout=self.timeout,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def benchmark(self, *arguments: str, **variables: str) -> Done:
        return self.pytest("--benchmark", *QUICK, *arguments, **variables)

    @property
    def result_files(self) -> list[Path]:
        return sorted((self.folder / "results").glob("*/*.json"))

    def results(self) -> dict[str, Any]:
        """Returns the content of the newest results file."""
        newest: dict[str, Any] = json.loads(self.result_files[-1].read_text())
        return newest

    def processes(self) -> list[psutil.Process]:
        """Returns the running processes that come from this project's commands.

        They are known by the path of the project's cache, in an environment variable.
        """
        mark = str(self.folder / "cache")
        return [process for process in psutil.process_iter() if _mark(process) == mark]

    def all_gone(self) -> bool:
        """True if no process of this project runs, or none after ten seconds at most."""
        deadline = time.monotonic() + 10
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.05)
        return not self.processes()


def _mark(process: psutil.Process) -> str | None:
    try:
        return process.environ().get("ENGINEBENCH_CACHE")
    except psutil.Error:
        return None


def outcomes(results: Mapping[str, Any]) -> dict[str, str]:
    """Returns the outcome of each engine, by its name, in a run with one query.

    The name of a fake engine is that of its class.
    """
    return {_short(cell): cell["outcome"] for cell in results["cells"]}


def reasons(results: Mapping[str, Any]) -> dict[str, str]:
    return {_short(cell): cell["reason"] for cell in results["cells"]}


def _short(cell: Mapping[str, Any]) -> str:
    """Returns a cell's engine: its name, or ``Wrong`` for ``tests.fakes.engines:Wrong``."""
    return str(cell["engine"]).rpartition(":")[2]


def fakes(*names: str) -> str:
    """Returns the value of --engines for fake engines, by class, and real ones, in lower case."""
    return ",".join(n if n.islower() else f"tests.fakes.engines:{n}" for n in names)
