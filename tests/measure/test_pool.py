"""Workers of several engines: they start together, and idle ones end if memory is short."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import harness.measure.pool
from harness import engines
from harness.errors import WorkerError
from harness.measure.pool import Settings, WorkerPool
from harness.measure.rounds import Rounds
from harness.outcome import Cell
from harness.tables import Input, Table
from harness.types import Column, Type


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[WorkerPool]:
    with WorkerPool(Settings(1, tmp_path / "scratch", memory_limit=2**30)) as pool:
        yield pool


def cell(engine: str, query: str = "q1") -> Cell:
    return Cell("w", query, f"tests.fakes.engines:{engine}", "own", Input.MEMORY, 1)


def pid(pool: WorkerPool, engine: str, query: str = "q1") -> int:
    return pool.worker_for(cell(engine, query), {}, lambda: None).client.pid


def test_processes_started_together_are_the_ones_that_measure(pool: WorkerPool) -> None:
    pool.start([cell("Right"), cell("Wrong"), cell("Right", "q2")])
    before = {worker.client.pid for worker in pool._workers.values()}
    assert len(before) == 2
    assert {pid(pool, "Right"), pid(pool, "Wrong"), pid(pool, "Right", "q2")} == before


def test_the_first_process_of_an_engine_starts_alone_and_is_timed(pool: WorkerPool) -> None:
    right = cell("Right")
    assert pool.start_seconds(right) is None
    pool.start([right, cell("Wrong")])
    assert not any(worker.starting for worker in pool._workers.values())
    first = pool.start_seconds(right)
    assert first is not None and first > 0
    pool.discard(right)
    pool.start([right])
    assert any(worker.starting for worker in pool._workers.values())
    assert pool.worker_for(right, {}, lambda: None) and pool.start_seconds(right) == first


def test_starts_are_not_timed_where_cells_get_a_moment_of_rounds(tmp_path: Path) -> None:
    settings = Settings(1, tmp_path / "scratch", memory_limit=2**30, rounds=Rounds(seconds=0.5))
    with WorkerPool(settings) as pool:
        pool.start([cell("Right"), cell("Wrong")])
        assert all(worker.starting for worker in pool._workers.values())
        assert pid(pool, "Right") and pool.start_seconds(cell("Right")) is None


def test_a_process_that_cannot_start_is_told_to_its_own_cell(pool: WorkerPool) -> None:
    pool.start([cell("Stillborn"), cell("Right")])
    assert pid(pool, "Right")
    with pytest.raises(WorkerError, match="Stillborn: OSError: no licence found"):
        pid(pool, "Stillborn")


def test_idle_processes_live_on_while_there_is_room(pool: WorkerPool) -> None:
    right = pid(pool, "Right")
    assert pid(pool, "Wrong") != right
    assert pid(pool, "Right") == right


def test_idle_processes_make_room_where_memory_is_short(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    right, wrong = pid(pool, "Right"), pid(pool, "Wrong")
    monkeypatch.setattr(harness.measure.pool, "default_memory_limit", lambda: 2**20)
    pool.make_room([cell("Wrong"), cell("Right")])  # processes that are needed are never ended
    assert (pid(pool, "Right"), pid(pool, "Wrong")) == (right, wrong)
    pool.make_room([cell("Wrong")])
    assert (pid(pool, "Right") != right, pid(pool, "Wrong")) == (True, wrong)


def test_engines_that_need_a_whole_cluster_have_it_one_after_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, elsewhere = cells = [cell("Right"), cell("Wrong"), cell("Chatty")]
    connect = {c.engine: "spark://127.0.0.1:7077" for c in (first, second)}
    settings = Settings(1, tmp_path / "scratch", memory_limit=2**30, connect=connect)
    with WorkerPool(settings) as pool:
        assert pool.fits(cells, {})
        for each in (first, second):
            monkeypatch.setattr(type(engines.get(each.engine)), "fills_cluster", True)
        assert not pool.fits(cells, {})
        assert pool.fits([first, elsewhere], {})
        pool.start(cells)
        other = pid(pool, "Chatty")
        assert {key.engine for key in pool._workers} == {first.engine, elsewhere.engine}
        pool.make_room([second])
        assert pid(pool, "Wrong") and pid(pool, "Chatty") == other
        assert {key.engine for key in pool._workers} == {second.engine, elsewhere.engine}


def table(rows: int) -> dict[str, Table]:
    return {"t": Table("t", (Column("k", Type.INT64), Column("s", Type.STRING)), rows, (), ())}


def test_what_fits_is_estimated_from_rows_until_something_is_loaded(tmp_path: Path) -> None:
    settings = Settings(1, tmp_path / "scratch", together_limit=8000)
    cells = [cell("Right"), cell("Wrong")]
    with WorkerPool(settings) as pool:
        assert pool.fits(cells, table(100))  # 2 engines, 100 rows, 8 + 32 bytes
        assert not pool.fits(cells, table(101))
        files = [replace(one, input=Input.PARQUET) for one in cells]
        assert pool.fits(files, table(10**9))


def test_what_fits_follows_from_what_the_loaded_ones_hold(tmp_path: Path) -> None:
    file = tmp_path / "t.parquet"
    pq.write_table(pa.table({"k": [1]}), file)
    tables = {"t": Table("t", (Column("k", Type.INT64),), 1, (file,))}
    cells = [cell("Right"), cell("Wrong"), cell("Chatty")]
    with WorkerPool(Settings(1, tmp_path / "scratch", together_limit=2**40)) as pool:
        worker = pool.worker_for(cells[0], tables, lambda: None)
        held = worker.client.memory.sample()
        pool.settings = replace(pool.settings, together_limit=round(2.5 * held))
        assert pool.fits(cells[:2], tables)
        assert not pool.fits(cells, tables)
