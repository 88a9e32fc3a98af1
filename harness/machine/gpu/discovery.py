"""Finds this machine's GPUs by NVIDIA's management library (NVML), or says what is missing.

CUDA is not loaded and no device memory is used, so that this process can start others that do.
"""

from __future__ import annotations

import atexit
import ctypes
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from harness.errors import HarnessError

LEAST_CUDA = (12, 2)
"""The oldest CUDA version that the driver must support, as RAPIDS for CUDA 12 does."""
LEAST_FREE_SHARE = 0.5
"""The least free share of a device's memory: with less, other work would be measured, too."""


NO_DRIVER = "there is no NVIDIA driver (NVML is not found)"


class NoGpu(HarnessError):
    """No GPU can be used; the message says what is missing."""


@dataclass(frozen=True)
class Gpu:
    """One GPU; ``cuda`` is the newest version that its driver supports.

    ``holders`` are the ids of the processes that compute on it now.
    """

    name: str
    memory_bytes: int
    free_bytes: int
    driver: str
    cuda: str
    holders: tuple[int, ...] = ()
    """The processes that compute on it now."""

    def __str__(self) -> str:
        size, free = self.memory_bytes / 1e9, self.free_bytes / 1e9
        device = f"{self.name}, {size:.1f} GB ({free:.1f} GB free)"
        return f"{device}, driver {self.driver}, CUDA {self.cuda}"


def gpus() -> tuple[Gpu, ...]:
    """Returns the GPUs in NVML's order; raises NoGpu if there is none."""
    with nvml_session() as nvml:
        driver, cuda = nvml.nvmlSystemGetDriverVersion(), nvml.nvmlSystemGetCudaDriverVersion_v2()
        count = nvml.nvmlDeviceGetCount()
        if count == 0:
            raise NoGpu(f"the NVIDIA driver {driver} finds no GPU")
        version = divmod(cuda // 10, 100)  # 12020 stands for 12.2
        return tuple(_device(nvml, index, driver, version) for index in range(count))


def usable_gpu() -> Gpu:
    """Returns the first GPU; raises NoGpu if it cannot be used now.

    It cannot, if its driver is for CUDA before LEAST_CUDA, or if over half of its memory is taken.
    """
    gpu = gpus()[0]
    if tuple(map(int, gpu.cuda.split("."))) < LEAST_CUDA:
        raise NoGpu(
            f"the NVIDIA driver {gpu.driver} supports CUDA {gpu.cuda} only; "
            f"CUDA {LEAST_CUDA[0]}.{LEAST_CUDA[1]} needs a newer driver"
        )
    if gpu.free_bytes < LEAST_FREE_SHARE * gpu.memory_bytes:
        holders = ", ".join(map(str, gpu.holders)) or "not told"
        used = (gpu.memory_bytes - gpu.free_bytes) / 1e9
        total = gpu.memory_bytes / 1e9
        raise NoGpu(f"{used:.1f} of the GPU's {total:.1f} GB are taken (processes: {holders})")
    return gpu


def has_room() -> bool:
    """True if half of the first GPU's memory is free, so that one more engine can start on it."""
    try:
        gpu = gpus()[0]
    except NoGpu:
        return False
    return gpu.free_bytes >= LEAST_FREE_SHARE * gpu.memory_bytes


def present() -> tuple[Gpu, ...]:
    """Returns the GPUs; () if none can be found."""
    try:
        return gpus()
    except NoGpu:
        return ()


def described() -> list[str]:
    """Returns a line about each GPU or, if there is none, the line ``none: `` with the reason."""
    try:
        return [str(gpu) for gpu in gpus()]
    except NoGpu as error:
        return [f"none: {error}"]


@contextmanager
def nvml_session() -> Iterator[Any]:
    """A ``with`` statement's context, which gives it NVML's module, initialised.

    NVML's errors in it, or a missing NVML, are raised as NoGpu.
    """
    try:
        nvml = importlib.import_module("pynvml")
    except ImportError as error:
        reason = "nvidia-ml-py is not installed: python -m pip install nvidia-ml-py"
        raise NoGpu(reason if has_driver() else NO_DRIVER) from error
    try:
        _open(nvml)
        yield nvml
    except nvml.NVMLError as error:
        raise NoGpu(_reason(nvml, error)) from error


def _open(nvml: Any) -> None:
    """Opens NVML, unless it is open, until the process ends: each time would take some 50 ms."""
    if not any(nvml is opened for opened in _OPENED):
        nvml.nvmlInit()
        atexit.register(nvml.nvmlShutdown)
        _OPENED.append(nvml)


_OPENED: list[Any] = []


def has_driver() -> bool:
    """True if NVIDIA's management library is installed."""
    try:
        ctypes.CDLL("nvml.dll" if sys.platform == "win32" else "libnvidia-ml.so.1")
    except OSError:
        return False
    return True


def _reason(nvml: Any, error: Any) -> str:
    reasons = {
        nvml.NVML_ERROR_LIBRARY_NOT_FOUND: NO_DRIVER,
        nvml.NVML_ERROR_DRIVER_NOT_LOADED: "the NVIDIA driver is installed but not loaded",
    }
    return reasons.get(error.value, f"NVML says: {error}")


def _device(nvml: Any, index: int, driver: str, cuda: tuple[int, int]) -> Gpu:
    handle = nvml.nvmlDeviceGetHandleByIndex(index)
    memory = nvml.nvmlDeviceGetMemoryInfo(handle)
    return Gpu(
        name=nvml.nvmlDeviceGetName(handle),
        memory_bytes=int(memory.total),
        free_bytes=int(memory.free),
        driver=driver,
        cuda=f"{cuda[0]}.{cuda[1]}",
        holders=tuple(p.pid for p in nvml.nvmlDeviceGetComputeRunningProcesses(handle)),
    )
