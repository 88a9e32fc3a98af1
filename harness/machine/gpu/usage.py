"""Sums up a cell's use of the GPU, from the engine's own figures and NVML's."""

from __future__ import annotations

from harness.machine.gpu.device import DeviceUse
from harness.machine.gpu.watch import GpuWatch
from harness.records.cells import GpuUse


class GpuUsage(GpuWatch):
    """Watches the device while a cell's programs run, and collects the engine's reports.

    The peak of memory is that of all runs, also the cold one; all else is of hot rounds.
    """

    def __init__(self) -> None:
        super().__init__()
        self._runs = 0
        self._uses: list[DeviceUse] = []
        self._device_bytes = 0.0

    def ran(self, loops: int, use: DeviceUse | None) -> None:
        """Adds a run in which the program ran ``loops`` times; ``use`` is the engine's report."""
        self._runs += loops
        self._uses += [use] if use is not None else []
        self._device_bytes = max(self._device_bytes, self.most(lambda r: r.used_bytes) or 0.0)

    def forget_cold(self) -> None:
        """Drops the figures of the cold run, all but its peak of memory."""
        self.forget()
        self._runs = 0

    def summary(self) -> GpuUse:
        """Returns the cell's figures; all but the memory are of hot rounds."""
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

    def after(self, before: GpuUse | None) -> GpuUse:
        """Returns the cell's figures after a later pass, given those of the passes before.

        The memory is the most of all passes; the other figures are those of this pass.
        """
        use = self.summary()
        known = (use, before or use)
        peaks = [each.peak_bytes for each in known if each.peak_bytes is not None]
        device = [each.device_bytes for each in known if each.device_bytes is not None]
        most = {"peak_bytes": max(peaks, default=None), "device_bytes": max(device, default=None)}
        return use.model_copy(update=most)
