"""The engine's and NVML's figures of a GPU in the runs of one cell -> one summary."""

from __future__ import annotations

from harness.machine.gpu.device import DeviceUse
from harness.machine.gpu.watch import GpuWatch
from harness.records.cells import GpuUse


class GpuUsage(GpuWatch):
    """Watches the device while a cell's programs run, and collects what the engine reports.

    The most memory is that of all runs, the cold one included; all else is of hot rounds.
    """

    def __init__(self) -> None:
        super().__init__()
        self._runs = 0
        self._uses: list[DeviceUse] = []
        self._device_bytes = 0.0

    def ran(self, loops: int, use: DeviceUse | None) -> None:
        """Adds a run: of how many loops it was, and what the engine says of its device."""
        self._runs += loops
        self._uses += [use] if use is not None else []
        self._device_bytes = max(self._device_bytes, self.most(lambda r: r.used_bytes) or 0.0)

    def forget_cold(self) -> None:
        """After the cold run: what is no sum or maximum begins anew."""
        self.forget()
        self._runs = 0

    def summary(self) -> GpuUse:
        """The cell's figures; all but the memory are of hot rounds."""
        peaks = [use.peak_bytes for use in self._uses if use.peak_bytes is not None]
        device = int(self._device_bytes) or None
        return GpuUse(
            peak_bytes=max(peaks, default=device),
            device_bytes=device,
            transfer_seconds=self._uses[-1].transfer_seconds if self._uses else None,
            utilisation=self.mean(lambda r: r.utilisation),
            temperature_c=self.most(lambda r: r.temperature_c),
            sm_clock_mhz=self.mean(lambda r: r.sm_clock_mhz),
            energy_joules=self.joules(self._runs) if self._runs else None,
        )
