"""The GPU as the process of an engine sees it: RMM's memory, counted and perhaps capped.

Only engines' processes import what this module imports; the harness itself watches from outside.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from typing import Any

LIMIT_VARIABLE = "ENGINEBENCH_GPU_MEMORY_LIMIT"
"""Holds, in an engine's process, the bytes of ``--gpu-memory-limit``."""
ALIGNMENT = 256
"""The bytes of which the size of an RMM pool is a multiple."""


@dataclass(frozen=True)
class DeviceUse:
    """What a session used of its device; None where that is not known.

    ``peak_bytes`` is the most that it had allocated, ``transfer_seconds`` what moving its tables
    in memory to the device took.
    """

    peak_bytes: int | None = None
    transfer_seconds: float | None = None


@dataclass
class Device:
    """The device that a session computes on; its memory is that of :func:`memory_resource`.

    ``transfer_seconds`` is what moving tables in memory to the device took, where they stay there.
    """

    transfer_seconds: float | None = None

    def synchronise(self) -> None:
        """Waits until the device has done all of its work."""
        from cuda.bindings import runtime

        (status,) = runtime.cudaDeviceSynchronize()
        if status != runtime.cudaError_t.cudaSuccess:
            raise RuntimeError(f"CUDA: {status.name}")

    def begin(self) -> None:
        """Waits until the device is idle, and begins to count memory anew."""
        self.synchronise()
        counted = memory_resource()
        self._held = counted.allocation_counts.current_bytes
        counted.push_counters()

    def use(self) -> DeviceUse:
        """What was used since :meth:`begin`: the most bytes, tables that are held included."""
        peak = self._held + max(0, memory_resource().pop_counters().peak_bytes)
        return DeviceUse(peak, self.transfer_seconds)


class UncountedDevice(Device):
    """A device whose memory other processes, a cluster's workers, allocate."""

    def begin(self) -> None:
        self.synchronise()

    def use(self) -> DeviceUse:
        return DeviceUse()


@cache
def memory_resource() -> Any:
    """The memory of the device as RMM serves it to all engines alike, with statistics.

    It is CUDA's own pool of asynchronous allocations; with a limit, RMM's pool of that size,
    beyond which the device is out of memory, as a smaller card would be.
    """
    import rmm

    limit = os.environ.get(LIMIT_VARIABLE)
    if limit is None:
        return rmm.mr.StatisticsResourceAdaptor(rmm.mr.CudaAsyncMemoryResource())
    size = int(limit) // ALIGNMENT * ALIGNMENT
    pool = rmm.mr.PoolMemoryResource(rmm.mr.CudaMemoryResource(), size, size)
    return rmm.mr.StatisticsResourceAdaptor(pool)


def own_device() -> Device:
    """The device of this process, whose every later allocation is counted and capped."""
    import rmm

    rmm.mr.set_current_device_resource(memory_resource())
    return Device()
