"""NVIDIA's management library (NVML) -> the GPUs of this machine, or what exactly is missing.

Nothing of CUDA is loaded, and no memory of a device is touched: the process that asks can go on to
start others that do.
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
"""What the driver must support: RAPIDS' packages for CUDA 12 want at least this."""
LEAST_FREE_SHARE = 0.5
"""Of a device's memory: with less of it free, a comparison would measure somebody else's work."""


NO_DRIVER = "there is no NVIDIA driver (NVML is not found)"


class NoGpu(HarnessError):
    """There is no GPU that can be used; the message says what is missing."""


@dataclass(frozen=True)
class Gpu:
    """One device. Memory in bytes; ``cuda`` is the newest version that the driver supports."""

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
    """The GPUs, the first first. Raises NoGpu where there is none."""
    with nvml_session() as nvml:
        driver, cuda = nvml.nvmlSystemGetDriverVersion(), nvml.nvmlSystemGetCudaDriverVersion_v2()
        count = nvml.nvmlDeviceGetCount()
        if count == 0:
            raise NoGpu(f"the NVIDIA driver {driver} finds no GPU")
        version = divmod(cuda // 10, 100)  # 12020 stands for 12.2
        return tuple(_device(nvml, index, driver, version) for index in range(count))


def usable_gpu() -> Gpu:
    """The first GPU. Raises NoGpu where it cannot be used now."""
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
    """Whether enough of the first GPU is free for one more engine."""
    try:
        gpu = gpus()[0]
    except NoGpu:
        return False
    return gpu.free_bytes >= LEAST_FREE_SHARE * gpu.memory_bytes


def present() -> tuple[Gpu, ...]:
    """The GPUs; none where none can be found."""
    try:
        return gpus()
    except NoGpu:
        return ()


def described() -> list[str]:
    """A line for each GPU, or the one that says why there is none."""
    try:
        return [str(gpu) for gpu in gpus()]
    except NoGpu as error:
        return [f"none: {error}"]


@contextmanager
def nvml_session() -> Iterator[Any]:
    """The library, initialised once for all. Raises NoGpu in the place of NVML's own errors."""
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
    """Opens NVML until the process ends: to open it takes some 50 ms, and each round asks it."""
    if not any(nvml is opened for opened in _OPENED):
        nvml.nvmlInit()
        atexit.register(nvml.nvmlShutdown)
        _OPENED.append(nvml)


_OPENED: list[Any] = []


def has_driver() -> bool:
    """Whether NVIDIA's driver has left its management library here."""
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
