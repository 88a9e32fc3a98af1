"""What is measured of a GPU (peak memory, energy, use), by stand-ins for RMM, CUDA and NVML."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.machine.facts import this_machine
from harness.machine.gpu import device
from harness.machine.gpu.device import (
    LIMIT_VARIABLE,
    Device,
    DeviceUse,
    UncountedDevice,
    memory_resource,
    own_device,
)
from harness.machine.gpu.usage import GpuUsage
from harness.machine.gpu.watch import GpuWatch
from harness.measure.pool import Settings
from harness.measure.rounds import Rounds
from harness.outcome import Outcome
from harness.records.cells import GpuUse
from harness.records.runs import NoiseEntry
from harness.run.results import journal_line, record_of
from tests.fakes import rmm as fake_rmm
from tests.fakes.nvml import FakeNvml
from tests.measure.test_cell import Bench

GB = 10**9


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    memory_resource.cache_clear()
    yield fake_rmm.install(monkeypatch)
    memory_resource.cache_clear()


@pytest.fixture
def nvml(monkeypatch: pytest.MonkeyPatch) -> FakeNvml:
    fake = FakeNvml()
    monkeypatch.setattr("harness.machine.gpu.watch.LEAST_SECONDS", 0.0)  # runs here are short
    monkeypatch.setitem(sys.modules, "pynvml", fake)  # type: ignore[arg-type]
    return fake


# ------------------------------------------------------------------ the engine's side


def test_the_peak_is_of_one_run_and_of_what_was_held_before(calls: list[str]) -> None:
    own, memory = own_device(), memory_resource()
    memory.allocate(5 * GB)  # a table
    own.begin()
    memory.allocate(3 * GB)
    memory.deallocate(3 * GB)
    assert own.use() == DeviceUse(8 * GB)
    own.begin()
    memory.allocate(1 * GB)
    assert own.use().peak_bytes == 6 * GB
    assert calls == ["set", "synchronise", "synchronise"]


def test_a_limit_caps_the_pool(calls: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LIMIT_VARIABLE, str(12 * GB))
    own_device()
    memory = memory_resource()
    assert memory.upstream.maximum_pool_size == 12 * GB
    memory.allocate(11 * GB)
    with pytest.raises(MemoryError, match="out_of_memory"):
        memory.allocate(2 * GB)


def test_a_clusters_memory_is_nvmls_to_tell(calls: list[str], nvml: FakeNvml) -> None:
    shared, usage = UncountedDevice(), GpuUsage()
    with usage:
        shared.begin()
        shared.synchronise()
    usage.ran(1, shared.use())
    assert calls == ["synchronise", "synchronise"]
    assert usage.summary().peak_bytes == GB


def test_an_error_of_cuda_is_told(calls: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    class Illegal:
        name = "cudaErrorIllegalAddress"

    runtime = sys.modules["cuda.bindings"].runtime
    monkeypatch.setattr(runtime, "cudaDeviceSynchronize", lambda: (Illegal(),))
    with pytest.raises(RuntimeError, match="cudaErrorIllegalAddress"):
        Device().synchronise()


def test_polars_takes_its_memory_from_the_same_place() -> None:
    from harness.engines.polars.gpu import MEMORY_VARIABLE, PolarsGpu
    from harness.engines.sql.polars_gpu import PolarsSqlGpu

    for engine in (PolarsGpu(), PolarsSqlGpu()):
        module, _, name = engine.environment(2)[MEMORY_VARIABLE].rpartition(".")
        assert getattr(sys.modules[module], name) is device.memory_resource


# ------------------------------------------------------------------ NVML's side


def test_nvml_is_read_while_a_program_runs(nvml: FakeNvml) -> None:
    watch = GpuWatch()
    with watch:
        pass
    assert watch.mean(lambda r: r.utilisation) == 0.5
    assert watch.most(lambda r: r.temperature_c) == 61
    assert watch.mean(lambda r: r.sm_clock_mhz) == 1980
    assert watch.most(lambda r: r.used_bytes) == GB
    assert watch.joules(runs=2) == 1.5
    with watch:
        pass
    assert (nvml.started, nvml.ended) == (1, 0)  # until the process ends


def test_the_energy_of_less_than_a_second_is_not_told(
    nvml: FakeNvml, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NVML's counter of energy moves some ten times a second: of 2 ms it shows 13 J, or nothing."""
    monkeypatch.setattr("harness.machine.gpu.watch.LEAST_SECONDS", 1.0)
    watch = GpuWatch()
    with watch:
        pass
    assert watch.joules(runs=1) is None


def test_a_card_that_tells_nothing_leaves_nothing(nvml: FakeNvml) -> None:
    nvml.silent = True
    usage = GpuUsage()
    with usage:
        pass
    usage.ran(1, None)
    assert usage.summary() == GpuUse(peak_bytes=GB, device_bytes=GB)


def test_without_nvml_the_run_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    usage = GpuUsage()
    with usage:
        pass
    usage.ran(1, DeviceUse(5))
    assert usage.summary() == GpuUse(peak_bytes=5)


def test_the_cold_run_counts_for_memory_only(nvml: FakeNvml) -> None:
    usage = GpuUsage()
    with usage:
        nvml.free = 20 * GB
    usage.ran(1, DeviceUse(50 * GB, 0.5))
    usage.forget_cold()
    nvml.free = 79 * GB
    for _ in range(2):
        with usage:
            pass
        usage.ran(3, DeviceUse(40 * GB, 0.5))
    found = usage.summary()
    assert (found.peak_bytes, found.device_bytes) == (50 * GB, 60 * GB)
    assert found.energy_joules == 1.0  # twice 3 J, in twice 3 runs
    assert found.transfer_seconds == 0.5


def test_the_machine_lists_its_gpus(nvml: FakeNvml, monkeypatch: pytest.MonkeyPatch) -> None:
    (gpu,) = this_machine().gpus
    assert gpu.name == "NVIDIA H200"
    assert gpu.cuda == "12.8"
    monkeypatch.setitem(sys.modules, "pynvml", FakeNvml(broken=12))  # type: ignore[arg-type]
    assert this_machine().gpus == ()


# ------------------------------------------------------------------ both together


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    rounds = Rounds(fewest=2, most=2, seconds=1.0)
    settings = Settings(1, tmp_path / "scratch", rounds=rounds, gpu_memory_limit=12 * GB)
    bench = Bench(tmp_path, settings)
    yield bench
    bench.close()


def test_a_cell_tells_what_its_gpu_did(bench: Bench, nvml: FakeNvml) -> None:
    record = bench.measure("OnGpu")
    assert record.outcome is Outcome.OK, record.reason
    assert record.figures.fallback_share == 0.25
    assert record.figures.gpu is not None
    assert (record.figures.gpu.peak_bytes, record.figures.gpu.transfer_seconds) == (7 * 2**30, 0.25)
    assert record.figures.gpu.utilisation == 0.5
    line = journal_line(record, "26.10.2", NoiseEntry())
    assert line.benchmark.extra_info.gpu.temperature_c == 61
    assert record_of(line) == record


def test_an_engine_without_a_gpu_tells_nothing_of_one(bench: Bench, nvml: FakeNvml) -> None:
    record = bench.measure("Right")
    assert (record.figures.gpu, record.figures.fallback_share) == (None, None)
    assert nvml.started == 0


def test_device_memory_that_runs_out_is_oom_and_the_next_process_is_a_fresh_one(
    bench: Bench, nvml: FakeNvml
) -> None:
    record = bench.measure("OutOfDeviceMemory")
    assert record.outcome is Outcome.OOM
    assert "Maximum pool size 12000000000" in record.reason
    assert not bench.pool._workers
    again = bench.measure("OnGpu")
    assert (again.outcome, again.figures.cold_process) == (Outcome.OK, True)


def test_a_lone_engine_has_the_gpu_to_itself(bench: Bench, nvml: FakeNvml) -> None:
    held, lone = bench.task("OnGpu"), bench.task("OutOfDeviceMemory")
    bench.pool.worker_for(held.cell, held.tables, lambda: None)
    assert bench.pool.crowds(lone.cell)
    bench.pool.make_room([held.cell, lone.cell])
    assert len(bench.pool._workers) == 1
    bench.pool.make_room([lone.cell])
    assert not bench.pool._workers


def test_what_ran_before_leaves_a_gpu_that_has_no_room(bench: Bench, nvml: FakeNvml) -> None:
    before, right = bench.task("OnGpu"), bench.task("Right")
    bench.pool.worker_for(before.cell, before.tables, lambda: None)
    now = [bench.task("OutOfDeviceMemory").cell, right.cell]
    bench.pool.make_room(now)
    assert len(bench.pool._workers) == 1
    nvml.free = 10 * GB
    bench.pool.make_room([right.cell, right.cell])
    assert len(bench.pool._workers) == 1
    bench.pool.make_room(now)
    assert not bench.pool._workers
