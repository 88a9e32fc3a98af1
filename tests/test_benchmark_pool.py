"""Engines' processes beside each other: started together, and ended where memory is short."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import harness.pool
from harness.errors import WorkerError
from harness.outcome import Cell
from harness.pool import Settings, WorkerPool
from harness.tables import Input


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[WorkerPool]:
    with WorkerPool(Settings(1, tmp_path / "scratch", memory_limit=2**30)) as pool:
        yield pool


def cell(engine: str, query: str = "q1") -> Cell:
    return Cell("w", query, f"tests.fake_engines:{engine}", "own", Input.MEMORY, 1)


def pid(pool: WorkerPool, engine: str, query: str = "q1") -> int:
    return pool.process_for(cell(engine, query), {}, lambda: None).worker.pid


def test_processes_started_together_are_the_ones_that_measure(pool: WorkerPool) -> None:
    pool.start([cell("Right"), cell("Wrong"), cell("Right", "q2")])
    before = {process.worker.pid for process in pool._processes.values()}
    assert len(before) == 2
    assert {pid(pool, "Right"), pid(pool, "Wrong"), pid(pool, "Right", "q2")} == before


def test_a_process_that_cannot_start_is_told_to_its_own_cell(pool: WorkerPool) -> None:
    pool.start([cell("Stillborn"), cell("Right")])
    assert pid(pool, "Right")
    with pytest.raises(WorkerError, match="Stillborn: OSError: no licence found"):
        pid(pool, "Stillborn")


def test_idle_processes_live_on_while_there_is_room(pool: WorkerPool) -> None:
    right = pid(pool, "Right")
    assert pid(pool, "Wrong") != right
    assert pid(pool, "Right") == right


def test_an_idle_process_makes_room_where_memory_is_short(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = pid(pool, "Right")
    monkeypatch.setattr(harness.pool, "default_memory_limit", lambda: 2**20)
    wrong = pid(pool, "Wrong")
    assert pid(pool, "Wrong", "q2") == wrong  # the process at hand is never ended
    assert pid(pool, "Right") != right
