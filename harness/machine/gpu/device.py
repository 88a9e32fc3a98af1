"""The GPU in an engine's process: memory served by RMM, counted and perhaps limited.

Only engines' processes import what this module imports; the harness watches from outside.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from typing import Any

LIMIT_VARIABLE = "ENGINEBENCH_GPU_MEMORY_LIMIT"
"""The variable with the bytes of ``--gpu-memory-limit``, in an engine's process."""
ALIGNMENT = 256
"""The size of an RMM pool is a multiple of this many bytes."""


@dataclass(frozen=True)
class DeviceUse:
    """What a session used of its device; None if not known.

    ``peak_bytes`` is the most memory allocated, ``transfer_seconds`` the time of copying its tables
    to the device.
    """

    peak_bytes: int | None = None
    transfer_seconds: float | None = None


@dataclass
class Device:
    """The GPU that a session computes on; all that is allocated on it is counted by RMM.

    ``transfer_seconds`` is the time of copying tables to the device, if they stay there.
    """

    transfer_seconds: float | None = None

    def synchronise(self) -> None:
        """Waits until the device has done all of its work."""
        from cuda.bindings import runtime

        (status,) = runtime.cudaDeviceSynchronize()
        if status != runtime.cudaError_t.cudaSuccess:
            raise RuntimeError(f"CUDA: {status.name}")

    def begin(self) -> None:
        """Waits until the device is idle, and starts a new peak of memory."""
        self.synchronise()
        counted = memory_resource()
        self._held = counted.allocation_counts.current_bytes
        counted.push_counters()

    def use(self) -> DeviceUse:
        """Returns the use since :meth:`begin`; the peak includes tables that are held."""
        peak = self._held + max(0, memory_resource().pop_counters().peak_bytes)
        return DeviceUse(peak, self.transfer_seconds)


class UncountedDevice(Device):
    """A device whose memory is allocated by a cluster's workers; its use is therefore unknown."""

    def begin(self) -> None:
        self.synchronise()

    def use(self) -> DeviceUse:
        return DeviceUse()


class ServedDevice(Device):
    """A device that a library uses by itself, without RMM: its results are complete on return."""

    def synchronise(self) -> None:
        """Returns at once: a result that was returned has left the device."""

    def begin(self) -> None:
        """Returns at once: what the library allocates is unknown."""

    def use(self) -> DeviceUse:
        return DeviceUse()


@cache
def memory_resource() -> Any:
    """Returns RMM's memory resource, which counts what is allocated; all engines have the same.

    It is CUDA's pool of asynchronous allocations. If the environment variable LIMIT_VARIABLE has a
    number of bytes, it is RMM's pool of that size: beyond it the device is out of memory, as a
    smaller card would be.
    """
    import rmm

    limit = os.environ.get(LIMIT_VARIABLE)
    if limit is None:
        return rmm.mr.StatisticsResourceAdaptor(rmm.mr.CudaAsyncMemoryResource())
    size = int(limit) // ALIGNMENT * ALIGNMENT
    pool = rmm.mr.PoolMemoryResource(rmm.mr.CudaMemoryResource(), size, size)
    return rmm.mr.StatisticsResourceAdaptor(pool)


def own_device() -> Device:
    """Returns this process' device; every later allocation is counted and limited."""
    import rmm

    rmm.mr.set_current_device_resource(memory_resource())
    return Device()
