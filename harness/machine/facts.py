"""The facts of this machine that matter to a reader of timings."""

from __future__ import annotations

import importlib.metadata
import math
import os
import platform
import re
from collections.abc import Iterable
from pathlib import Path

import psutil

from harness.machine.cgroups import granted_cores
from harness.machine.gpu.discovery import present
from harness.records.runs import GpuDevice, MachineEntry


def this_machine() -> MachineEntry:
    """Returns the machine as a results file describes it."""
    cpu, cores = _cpu_model(), usable_cores()
    memory = psutil.virtual_memory().total
    return MachineEntry(
        name=_slug(f"{cpu} {cores}cpu {round(memory / 2**30)}gib"),
        cpu=cpu,
        logical_cores=cores,
        physical_cores=psutil.cpu_count(logical=False),
        memory_bytes=memory,
        system=platform.system(),
        kernel=platform.release(),
        python=platform.python_version(),
        gpus=tuple(GpuDevice.model_validate(gpu, from_attributes=True) for gpu in present()),
    )


def usable_cores() -> int:
    """Returns the cores that this process may use; a quota of control groups is rounded up."""
    cores = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    quota = granted_cores()
    return cores if quota is None else min(cores, math.ceil(quota))


def versions(distributions: Iterable[str]) -> dict[str, str]:
    """Returns the versions of those distributions that are installed."""
    found = {}
    for name in sorted(set(distributions)):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _cpu_model() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _slug(text: str) -> str:
    plain = re.sub(r"\((r|tm)\)|\b(cpu|processor)\b(?=[ @])", "", text.lower())
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
