"""Measured memory and processor time of engines that use a known amount of each."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness import engines
from harness.commands.selfcheck.planted import ALLOCATED_BYTES, BURN_SECONDS
from harness.engines.session import Program
from harness.errors import WorkerDied, WorkerError, WorkerOutOfMemory, WorkerTimeout
from harness.machine.processtree import MARK, descendants
from harness.machine.sampling import Sampler
from harness.machine.worker_client import WorkerClient
from harness.measure.requests import PrepareProgram, Ran, RunProgram, StartEngine

MIB = 2**20
Launch = Callable[..., WorkerClient]
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    """Returns a function: it starts a worker with a planted engine, its program prepared."""
    workers: list[WorkerClient] = []

    def start(engine: str, **options: Any) -> WorkerClient:
        environment = {"PLANTED_BY": str(tmp_path)}
        folder = tmp_path / f"worker{len(workers)}"
        worker = WorkerClient("harness.measure.engine_worker", folder, environment, **options)
        workers.append(worker)
        planted = engines.get(f"harness.commands.selfcheck.planted:{engine}")
        worker.request(StartEngine(planted.session_address(), 1), 20)
        worker.request(PrepareProgram(Program("", "python")), 20)
        return worker

    yield start
    for worker in workers:
        worker.close()


def run(worker: WorkerClient, timeout: float = 20) -> Ran:
    return worker.request(RunProgram(), timeout)


def left_over(folder: Path) -> list[psutil.Process]:
    """Waits up to 3 s for launched processes to end; returns those that still run.

    They are known by an environment variable, whose value is the folder.
    """
    deadline = time.monotonic() + 3
    while (found := [p for p in psutil.process_iter() if _planted_by(p) == str(folder)]) and (
        time.monotonic() < deadline
    ):
        time.sleep(0.05)
    return found


def _planted_by(process: psutil.Process) -> str | None:
    try:
        return process.environ().get("PLANTED_BY")
    except (OSError, psutil.Error):
        return None


@LINUX
@pytest.mark.parametrize("engine", ["Allocating", "AllocatingChild"])
def test_a_known_allocation_is_measured_within_five_percent(launch: Launch, engine: str) -> None:
    worker = launch(engine)
    run(worker)  # pages of libraries come in
    baseline = worker.memory.reset()
    run(worker)
    assert worker.memory.peak() - baseline == pytest.approx(ALLOCATED_BYTES, rel=0.05)
    worker.memory.reset()
    assert worker.memory.peak() - baseline < ALLOCATED_BYTES / 10


@pytest.mark.parametrize(
    ("engine", "times"), [("Burning", 1), ("BurningTwice", 2), ("BurningChild", 1)]
)
def test_known_processor_time_is_measured_within_a_tenth(
    launch: Launch, engine: str, times: int
) -> None:
    worker = launch(engine)
    assert run(worker).cpu_seconds == pytest.approx(times * BURN_SECONDS, rel=0.1)


def test_an_engine_that_sleeps_uses_no_processor_time(launch: Launch) -> None:
    reply = run(launch("Sleeping"))
    assert reply.cpu_seconds < 0.1 * reply.seconds


FATES: list[tuple[str, type[WorkerError]]] = [
    ("Late", WorkerTimeout),
    ("Hungry", WorkerOutOfMemory),
    ("HungryChild", WorkerOutOfMemory),
    ("Dying", WorkerDied),
]


@pytest.mark.parametrize(("engine", "fate"), FATES)
def test_no_process_is_left_over_however_a_worker_ends(
    launch: Launch, tmp_path: Path, engine: str, fate: type[WorkerError]
) -> None:
    worker = launch(engine, memory_limit=600 * MIB)
    with pytest.raises(fate):
        run(worker, timeout=1.5)
    assert left_over(tmp_path) == []


def test_a_process_that_only_carries_the_mark_is_found_when_its_worker_has_died(
    launch: Launch, tmp_path: Path
) -> None:
    worker = launch("Planted")
    mark = psutil.Process(worker.pid).environ()[MARK]
    stray = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"],
        env={**os.environ, MARK: mark},
        start_new_session=True,
    )
    psutil.Process(worker.pid).kill()
    with pytest.raises(WorkerDied):
        run(worker)
    assert stray.wait(5) == -9


@LINUX
def test_the_system_would_end_a_worker_before_the_run(launch: Launch) -> None:
    pid = launch("Planted").pid
    assert Path(f"/proc/{pid}/oom_score_adj").read_text().strip() == "1000"


def test_descendants_are_found_however_deep() -> None:
    code = "import subprocess, sys, time; subprocess.Popen(['sleep', '60']); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code]) as child:
        deadline = time.monotonic() + 10
        while not (grandchildren := descendants(child.pid)) and time.monotonic() < deadline:
            time.sleep(0.01)
        found = descendants(os.getpid())
        for pid in [*grandchildren, child.pid]:
            psutil.Process(pid).kill()
    assert len(grandchildren) == 1
    assert {child.pid, *grandchildren} <= set(found)


STARTS_A_CHILD = """
import subprocess, sys
input()
with subprocess.Popen([sys.executable, "-c", "x = b'x' * 2**28; print(flush=True); input()"]):
    pass
"""
"""A program that starts, at a line of its input, one that needs 256 MB and ends at the next."""


@LINUX
def test_a_child_counts_from_the_second_time_that_it_is_seen() -> None:
    """A child that was just started still shares its parent's memory, and would count it twice."""
    with subprocess.Popen([sys.executable, "-c", STARTS_A_CHILD], stdin=-1, stdout=-1) as parent:
        assert parent.stdin and parent.stdout
        sampler = Sampler(parent.pid)
        alone = sampler.reset()
        parent.stdin.write(b"\n")
        parent.stdin.flush()
        parent.stdout.readline()
        assert sampler.reset() < alone + 32 * MIB
        assert sampler.reset() > alone + 250 * MIB
        parent.communicate(b"\n")
    sampler.close()
