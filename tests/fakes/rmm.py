"""Stand-ins for what the harness uses of RMM and of CUDA's Python bindings, without a device."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace

import pytest


class Upstream:
    """A memory resource that grants every allocation."""

    def allocate(self, size: int) -> None: ...

    def deallocate(self, size: int) -> None: ...


@dataclass
class Pool:
    """A memory resource that raises RMM's MemoryError for allocations beyond its size."""

    upstream: Upstream
    initial_pool_size: int
    maximum_pool_size: int
    held: int = 0

    def allocate(self, size: int) -> None:
        if self.held + size > self.maximum_pool_size:
            raise MemoryError("std::bad_alloc: out_of_memory: RMM failure: Maximum pool size")
        self.held += size

    def deallocate(self, size: int) -> None:
        self.held -= size


@dataclass
class Counters:
    current_bytes: int = 0
    peak_bytes: int = 0


@dataclass
class Statistics:
    """A memory resource that counts bytes, as RMM's does: a stack of counters, each from zero."""

    upstream: Pool | Upstream
    stack: list[Counters] = field(default_factory=lambda: [Counters()])

    @property
    def allocation_counts(self) -> Counters:
        return self.stack[-1]

    def push_counters(self) -> None:
        self.stack.append(Counters())

    def pop_counters(self) -> Counters:
        top = self.stack.pop()
        below = self.stack[-1]
        below.peak_bytes = max(below.peak_bytes, below.current_bytes + top.peak_bytes)
        below.current_bytes += top.current_bytes
        return top

    def allocate(self, size: int) -> None:
        self.upstream.allocate(size)
        top = self.stack[-1]
        top.current_bytes += size
        top.peak_bytes = max(top.peak_bytes, top.current_bytes)

    def deallocate(self, size: int) -> None:
        self.upstream.deallocate(size)
        self.stack[-1].current_bytes -= size


def install(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Installs the stand-ins as ``rmm`` and ``cuda.bindings``; returns a list of later calls.

    Added to it are "synchronise" when CUDA is waited for, and "set" when RMM's resource is set.
    """
    calls: list[str] = []
    success = SimpleNamespace(name="cudaSuccess")

    def synchronise() -> tuple[SimpleNamespace]:
        calls.append("synchronise")
        return (success,)

    runtime = SimpleNamespace(
        cudaDeviceSynchronize=synchronise, cudaError_t=SimpleNamespace(cudaSuccess=success)
    )
    mr = SimpleNamespace(
        CudaMemoryResource=Upstream,
        CudaAsyncMemoryResource=Upstream,
        PoolMemoryResource=Pool,
        StatisticsResourceAdaptor=Statistics,
        set_current_device_resource=lambda resource: calls.append("set"),
    )
    bindings = ModuleType("cuda.bindings")
    bindings.runtime = runtime  # type: ignore[attr-defined]
    rmm = ModuleType("rmm")
    rmm.mr = mr  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "rmm", rmm)
    monkeypatch.setitem(sys.modules, "cuda", ModuleType("cuda"))
    monkeypatch.setitem(sys.modules, "cuda.bindings", bindings)
    return calls
