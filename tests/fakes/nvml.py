"""A stand-in for NVIDIA's management library (NVML), for machines without a GPU."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace


class NVMLError(Exception):
    """An error as nvidia-ml-py raises it; ``value`` is NVML's number of the error."""

    def __init__(self, value: int) -> None:
        super().__init__(f"error {value}")
        self.value = value


@dataclass
class FakeNvml:
    """A stand-in for the module ``pynvml``; its fields are what it reports, memory in bytes.

    ``broken`` is the number of the error that ``nvmlInit`` raises; ``pids`` are the processes that
    compute on a GPU; ``started`` and ``ended`` count calls of ``nvmlInit`` and ``nvmlShutdown``.
    """

    devices: int = 1
    total: int = 80_000_000_000
    free: int = 79_000_000_000
    cuda: int = 12_080
    pids: tuple[int, ...] = ()
    broken: int | None = None
    silent: bool = False
    """Whether the card tells nothing of its work, as older and virtual ones do."""
    millijoules: int = 1_000_000
    started: int = 0
    ended: int = 0
    calls: list[str] = field(default_factory=list)

    NVMLError = NVMLError
    NVML_ERROR_NOT_SUPPORTED = 3
    NVML_ERROR_NO_PERMISSION = 4
    NVML_ERROR_DRIVER_NOT_LOADED = 9
    NVML_ERROR_LIBRARY_NOT_FOUND = 12
    NVML_TEMPERATURE_GPU = 0
    NVML_CLOCK_SM = 1

    def nvmlInit(self) -> None:
        if self.broken is not None:
            raise NVMLError(self.broken)
        self.started += 1

    def nvmlShutdown(self) -> None:
        self.ended += 1

    def nvmlSystemGetDriverVersion(self) -> str:
        return "580.65.06"

    def nvmlSystemGetCudaDriverVersion_v2(self) -> int:
        return self.cuda

    def nvmlDeviceGetCount(self) -> int:
        return self.devices

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        if not 0 <= index < self.devices:
            raise NVMLError(2)
        return index

    def nvmlDeviceGetName(self, handle: int) -> str:
        return "NVIDIA H200"

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> SimpleNamespace:
        return SimpleNamespace(total=self.total, free=self.free, used=self.total - self.free)

    def nvmlDeviceGetComputeRunningProcesses(self, handle: int) -> list[SimpleNamespace]:
        return [SimpleNamespace(pid=pid, usedGpuMemory=None) for pid in self.pids]

    def nvmlDeviceGetUtilizationRates(self, handle: int) -> SimpleNamespace:
        self._tell()
        return SimpleNamespace(gpu=50, memory=20)

    def nvmlDeviceGetTemperature(self, handle: int, sensor: int) -> int:
        self._tell()
        assert sensor == self.NVML_TEMPERATURE_GPU
        return 61

    def nvmlDeviceGetClockInfo(self, handle: int, clock: int) -> int:
        self._tell()
        assert clock == self.NVML_CLOCK_SM
        return 1980

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: int) -> int:
        """Millijoules since the driver was loaded: 3 joules more at each call."""
        self._tell()
        self.millijoules += 3000
        return self.millijoules

    def _tell(self) -> None:
        if self.silent:
            raise NVMLError(self.NVML_ERROR_NOT_SUPPORTED)
