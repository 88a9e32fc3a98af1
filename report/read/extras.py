"""What only some runs record of a cell: its name, how it is called, and how it is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.records.cells import ExtraInfo, GpuUse, Stopped
from report.read.frame import ResultCell

STOPPED = {
    Stopped.SURE: "the median was known well enough",
    Stopped.BUDGET: "the time was used up",
    Stopped.ROUNDS: "there were enough rounds",
}


@dataclass(frozen=True)
class Extra:
    """A number that only some runs record of a cell, such as GPU memory, and how it is shown.

    ``unit`` is a unit, "%" for a share, or "yes" for a truth value. If ``words`` are given, the
    number is a position in them, and the word there is shown. ``take`` finds the number.
    """

    name: str
    label: str
    unit: str
    take: Callable[[ExtraInfo], float | None]
    words: tuple[str, ...] = ()

    def of(self, cell: ResultCell) -> float | None:
        return None if cell.extras is None else self.take(cell.extras)


def _gpu(name: str) -> Callable[[ExtraInfo], float | None]:
    return lambda info: getattr(info.gpu or GpuUse(), name)


def _stopped(info: ExtraInfo) -> float | None:
    return None if info.stopped is None else list(STOPPED).index(info.stopped)


def _processes(info: ExtraInfo) -> float | None:
    return info.process_count if info.process_count > 1 else None


EXTRAS = (
    Extra("interleaved", "Engines took turns", "yes", lambda info: info.interleaved),
    Extra("stopped", "Rounds ended as", "", _stopped, tuple(STOPPED.values())),
    Extra("processes", "Processes, one after another", "", _processes),
    Extra("uncounted_rounds", "Rounds not counted", "", lambda info: info.uncounted_rounds),
    Extra("loops", "Runs in each round", "", lambda info: info.loops),
    Extra("cold_process", "Cold run in a fresh process", "yes", lambda info: info.cold_process),
    Extra("caches_dropped", "File caches dropped", "yes", lambda info: info.caches_dropped),
    Extra("start_seconds", "Starting the engine", "s", lambda info: info.start_seconds),
    Extra("load_seconds", "Loading the tables", "s", lambda info: info.load_seconds),
    Extra("gpu_peak_bytes", "Peak GPU memory", "MiB", _gpu("peak_bytes")),
    Extra("gpu_device_bytes", "In use on the whole GPU", "MiB", _gpu("device_bytes")),
    Extra("gpu_transfer_seconds", "Moving the tables to the GPU", "s", _gpu("transfer_seconds")),
    Extra("gpu_utilisation", "GPU busy", "%", _gpu("utilisation")),
    Extra("gpu_temperature_c", "GPU temperature", "°C", _gpu("temperature_c")),
    Extra("gpu_sm_clock_mhz", "GPU clock", "MHz", _gpu("sm_clock_mhz")),
    Extra("gpu_energy_joules", "GPU energy", "J", _gpu("energy_joules")),
    Extra("fallback_share", "Fell back to the CPU", "%", lambda info: info.fallback_share),
)
