"""Watches a GPU by NVML while an engine runs on it."""

from __future__ import annotations

import contextlib
import statistics
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from harness.machine.gpu.discovery import NoGpu, nvml_session

LEAST_SECONDS = 1.0
"""The shortest time with a figure of energy: NVML's counter advances ten times a second."""
SAMPLE_SECONDS = 0.05
"""The time between two readings; NVML renews most of them some ten times a second."""


@dataclass(frozen=True)
class Reading:
    """One reading of the device; None for what the card does not report.

    ``used_bytes`` is of the whole device, ``utilisation`` the share of time in which it worked.
    """

    used_bytes: float | None
    utilisation: float | None
    temperature_c: float | None
    sm_clock_mhz: float | None


class GpuWatch:
    """Watches the first GPU: ``with watch:`` around each run.

    Readings add up until ``forget``. A device that cannot be read gives no readings.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Drops the readings and the energy so far."""
        self.readings: list[Reading] = []
        self._millijoules: list[float | None] = []
        self._seconds = 0.0

    def __enter__(self) -> GpuWatch:
        self._stack = contextlib.ExitStack()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        try:
            nvml = self._stack.enter_context(nvml_session())
            self._device = _Readable(nvml, nvml.nvmlDeviceGetHandleByIndex(0))
        except NoGpu:
            return self
        self._began = self._device.millijoules()
        self._start = time.monotonic()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            self.readings.append(self._device.reading())
            now = self._device.millijoules()
            self._seconds += time.monotonic() - self._start
            known = now is not None and self._began is not None
            self._millijoules.append((now or 0.0) - (self._began or 0.0) if known else None)
        self._stack.close()

    def _read(self) -> None:
        while not self._ended.wait(SAMPLE_SECONDS):
            self.readings.append(self._device.reading())

    def joules(self, runs: int) -> float | None:
        """Returns the energy (J) of one of ``runs`` watched runs, on average.

        None if the runs took less than LEAST_SECONDS together, or if a reading is missing.
        """
        known = [m for m in self._millijoules if m is not None]
        if not known or len(known) < len(self._millijoules) or self._seconds < LEAST_SECONDS:
            return None
        return sum(known) / 1000 / runs

    def most(self, take: Callable[[Reading], float | None]) -> float | None:
        return max(self._reported(take), default=None)

    def mean(self, take: Callable[[Reading], float | None]) -> float | None:
        values = list(self._reported(take))
        return statistics.fmean(values) if values else None

    def _reported(self, take: Callable[[Reading], float | None]) -> Iterable[float]:
        return (value for value in map(take, self.readings) if value is not None)


class _Readable:
    """A GPU whose state is read from NVML."""

    def __init__(self, nvml: Any, handle: Any) -> None:
        self._nvml, self._handle = nvml, handle

    def reading(self) -> Reading:
        nvml, handle = self._nvml, self._handle
        busy = self._or_none(lambda: nvml.nvmlDeviceGetUtilizationRates(handle).gpu)
        return Reading(
            used_bytes=self._or_none(lambda: nvml.nvmlDeviceGetMemoryInfo(handle).used),
            utilisation=None if busy is None else busy / 100,
            temperature_c=self._or_none(
                lambda: nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU)
            ),
            sm_clock_mhz=self._or_none(
                lambda: nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_SM)
            ),
        )

    def millijoules(self) -> float | None:
        """The energy (mJ) that the GPU used since its driver was loaded; None if unknown."""
        return self._or_none(lambda: self._nvml.nvmlDeviceGetTotalEnergyConsumption(self._handle))

    def _or_none(self, ask: Callable[[], float]) -> float | None:
        try:
            return float(ask())
        except self._nvml.NVMLError:  # older cards and virtual ones do not report everything
            return None
