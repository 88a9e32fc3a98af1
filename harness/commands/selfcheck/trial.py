"""Runs ``pytest --benchmark`` on a workload's text -> the cells of its results file."""

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

from harness.errors import HarnessError
from harness.machine.worker_client import inherited_environment

CACHE = "ENGINEBENCH_CACHE"
GRACE_SECONDS = 3.0
"""How long a killed process may take to end."""
TAIL_LINES = 15


class TrialFailed(HarnessError):
    """Raised where a run of the self-check left no results."""


@dataclass(frozen=True)
class TrialCell:
    """A cell of a results file; ``info`` is its ``extra_info``, empty if it has no time."""

    engine: str
    input: str
    outcome: str
    reason: str
    seconds: Sequence[float]
    info: Mapping[str, Any]


@dataclass
class Trial:
    """Runs the self-check's benchmarks in a folder, with their workloads, results and cache.

    ``noisy`` is True if the machine was noisy in one of the runs so far.
    """

    folder: Path
    noisy: bool = False

    def run(
        self, workload: str, engines: Sequence[str], options: Sequence[str] = (), **variables: str
    ) -> list[TrialCell]:
        """Runs a workload, given as the text of its file, on engines; returns its cells.

        ``variables`` are added to the environment. Raises TrialFailed if there are no results.
        """
        (self.folder / "pytest.ini").write_text("[pytest]\n")
        (self.folder / "t.csv").write_text("k,x\n1,0.0\n1,1.0\n2,12.25\n3,\n")
        file = self.folder / "selfcheck.yaml"
        file.write_text(workload)
        results = self.folder / f"results-{time.monotonic_ns()}"
        command = [sys.executable, "-m", "pytest", "--benchmark", "-q", "-p", "no:cacheprovider"]
        command += ["--engines", ",".join(engines), "--results", str(results), *options, file.name]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self._environment(variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        files = list(results.glob("*/*.json"))
        if not files:
            tail = "\n".join(done.stdout.strip().splitlines()[-TAIL_LINES:])
            raise TrialFailed(f"pytest ended with exit code {done.returncode}:\n{tail}")
        content = json.loads(files[0].read_text())
        self.noisy |= content["noise"]["noisy"]
        return _cells(content)

    def _environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        others = {k: value for k, value in os.environ.items() if not k.startswith("PYTEST_")}
        path = inherited_environment()["PYTHONPATH"]
        return {**others, "PYTHONPATH": path, CACHE: str(self.folder / "cache"), **variables}

    def left_over(self) -> list[int]:
        """Returns the ids of processes that the runs have started and that have not ended."""
        deadline = time.monotonic() + GRACE_SECONDS
        while (found := self._running()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return found

    def _running(self) -> list[int]:
        mark = str(self.folder / "cache")
        return [process.pid for process in psutil.process_iter() if _cache_of(process) == mark]


def _cache_of(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(CACHE)
    except (OSError, psutil.Error):
        return None


def _cells(results: Mapping[str, Any]) -> list[TrialCell]:
    timed = {_key(b["extra_info"]): b for b in results["benchmarks"]}
    cells = []
    for cell in results["cells"]:
        entry = timed.get(_key(cell), {"stats": {"data": []}, "extra_info": {}})
        fields = cell["engine"], cell["input"], cell["outcome"], cell["reason"]
        cells.append(TrialCell(*fields, entry["stats"]["data"], entry["extra_info"]))
    return cells


def _key(cell: Mapping[str, Any]) -> tuple[str, str]:
    return cell["engine"], cell["input"]
