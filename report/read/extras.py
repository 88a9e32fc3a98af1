"""What only some runs record of a cell: its name, how it is called, and how it is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

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
    number is a position in them, and the word there is shown. ``take`` finds the number; if it is
    ``per_second``, it is divided by the median of the hot rounds.
    """

    name: str
    label: str
    unit: str
    take: Callable[[ExtraInfo], float | None]
    words: tuple[str, ...] = ()
    per_second: bool = False

    def of(self, cell: ResultCell) -> float | None:
        number = None if cell.extras is None else self.take(cell.extras)
        if number is None or not self.per_second:
            return number
        seconds = median(cell.seconds)
        return number / seconds if seconds > 0 else None


def _gpu(name: str) -> Callable[[ExtraInfo], float | None]:
    return lambda info: getattr(info.gpu or GpuUse(), name)


def _stopped(info: ExtraInfo) -> float | None:
    return None if info.stopped is None else list(STOPPED).index(info.stopped)


def _processes(info: ExtraInfo) -> float | None:
    return info.process_count if info.process_count > 1 else None


def _of_files(name: str) -> Callable[[ExtraInfo], float | None]:
    """Returns a function: a cell's ``extra_info`` -> its field ``name``, or None.

    It is None for a cell that reads and writes no files, if the field is 0 there.
    """

    def take(info: ExtraInfo) -> float | None:
        number: float | None = getattr(info, name)
        files = info.input_bytes is not None or info.output_bytes is not None
        return number if number or files else None

    return take


def _rate(name: str, label: str, unit: str, number: str, of: str) -> Extra:
    """Returns an Extra: a cell's field ``number``, in millions for each second of the hot median.

    Only cells that have the field ``of`` have it.
    """

    def take(info: ExtraInfo) -> float | None:
        found: float | None = getattr(info, number)
        return None if found is None or getattr(info, of) is None else found / 1e6

    return Extra(name, label, unit, take, per_second=True)


def _share_of_input(info: ExtraInfo) -> float | None:
    return info.peak_bytes / info.input_bytes if info.peak_bytes and info.input_bytes else None


def _hand_over_rate(info: ExtraInfo) -> float | None:
    return (
        info.rows / info.hand_over_seconds / 1e6 if info.rows and info.hand_over_seconds else None
    )


def _served(info: ExtraInfo) -> float | None:
    """Returns the queries per second that several clients were served."""
    return (info.window_runs or 0) / info.window_seconds if info.window_seconds else None


EXTRAS = (
    Extra("queries_per_second", "Queries per second", "", _served),
    Extra("interleaved", "Engines took turns", "yes", lambda info: info.interleaved),
    Extra("stopped", "Rounds ended as", "", _stopped, tuple(STOPPED.values())),
    Extra("processes", "Processes, one after another", "", _processes),
    Extra("uncounted_rounds", "Rounds not counted", "", lambda info: info.uncounted_rounds),
    Extra("loops", "Runs in each round", "", lambda info: info.loops),
    Extra("cold_process", "Cold run in a fresh process", "yes", lambda info: info.cold_process),
    Extra("caches_dropped", "File caches dropped", "yes", lambda info: info.caches_dropped),
    Extra("start_seconds", "Starting the engine", "s", lambda info: info.start_seconds),
    Extra("load_seconds", "Loading the tables", "s", lambda info: info.load_seconds),
    Extra("input_bytes", "Files that it reads", "MiB", lambda info: info.input_bytes),
    _rate("input_rate", "Read from files", "MB/s", "input_bytes", "input_bytes"),
    _rate("input_rows_rate", "Rows read", "million/s", "input_rows", "input_bytes"),
    Extra("output_bytes", "File that it writes", "MiB", lambda info: info.output_bytes),
    _rate("output_rate", "Written to its file", "MB/s", "output_bytes", "output_bytes"),
    _rate("output_rows_rate", "Rows written", "million/s", "rows", "output_bytes"),
    Extra("hand_over_seconds", "Handing batches over", "s", lambda info: info.hand_over_seconds),
    Extra("hand_over_rate", "Rows handed over", "million/s", _hand_over_rate),
    Extra("training_seconds", "Training the model", "s", lambda info: info.training_seconds),
    Extra("training_score", "Score on the last batch", "", lambda info: info.training_score),
    Extra("peak_share", "Peak memory, of its files’ size", "%", _share_of_input),
    Extra("spilled_bytes", "Spilled to its folder", "MiB", _of_files("spilled_bytes")),
    Extra("cold_read_bytes", "From the disk, first run", "MiB", _of_files("cold_read_bytes")),
    Extra("disk_read_bytes", "From the disk, hot run", "MiB", _of_files("disk_read_bytes")),
    Extra("disk_written_bytes", "To the disk, hot run", "MiB", _of_files("disk_written_bytes")),
    Extra("gpu_peak_bytes", "Peak GPU memory", "MiB", _gpu("peak_bytes")),
    Extra("gpu_device_bytes", "In use on the whole GPU", "MiB", _gpu("device_bytes")),
    Extra("gpu_transfer_seconds", "Moving the tables to the GPU", "s", _gpu("transfer_seconds")),
    Extra("gpu_utilisation", "GPU busy", "%", _gpu("utilisation")),
    Extra("gpu_temperature_c", "GPU temperature", "°C", _gpu("temperature_c")),
    Extra("gpu_sm_clock_mhz", "GPU clock", "MHz", _gpu("sm_clock_mhz")),
    Extra("gpu_energy_joules", "GPU energy", "J", _gpu("energy_joules")),
    Extra("fallback_share", "Fell back to the CPU", "%", lambda info: info.fallback_share),
)
