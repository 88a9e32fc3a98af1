"""The state of the machine before a run: variables that engines read, load, clock rates, disk."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import psutil

from harness.machine.cgroups import granted_cores, memories, number
from harness.machine.variables import LIBRARIES
from harness.records.runs import DiskEntry, EnvironmentEntry
from harness.words import visible


class OfLibraries(Protocol):
    """What `surroundings` needs to know of an engine: the environment of its process."""

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of the environment variables that the engine's libraries read."""

    def environment(self, threads: int) -> dict[str, str]:
        """Returns the environment variables that the harness sets in the engine's process."""


def read_by(engine: OfLibraries, environment: Mapping[str, str]) -> dict[str, str]:
    """Returns those variables of a process' environment that the engine's libraries read."""
    names = {*LIBRARIES, *engine.variables}
    return {name: environment[name] for name in sorted(names & environment.keys())}


def surroundings(
    engines: Mapping[str, OfLibraries], data: Path, threads: Sequence[int] = ()
) -> EnvironmentEntry:
    """Returns the state of the machine before a run of these engines over data in a folder.

    ``engines`` maps names to engines; ``threads`` are the numbers of threads that they will get.
    """
    found: dict[str, str] = {}
    for engine in engines.values():
        own = engine.environment(1)  # what the harness sets, whatever the user has set
        read = read_by(engine, os.environ)
        found |= {name: visible(value) for name, value in read.items() if name not in own}
    return EnvironmentEntry(
        variables=found,
        set_by_harness={
            name: {str(count): engine.environment(count) for count in threads}
            for name, engine in engines.items()
        },
        governor=governor(),
        disk=disk_of(data),
        quota_cores=granted_cores(),
        memory_limit_bytes=min((group.limit for group in memories()), default=None),
        load_before=load(),
    )


def load() -> float:
    """Returns the system's load average of the last minute."""
    return round(os.getloadavg()[0], 2)


def governor(root: Path = Path("/")) -> str | None:
    """Returns the kernel's policy for clock rates, such as ``performance``.

    If cores have different policies, the text lists them; None if none is known.
    """
    files = root.glob("sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor")
    found = sorted({file.read_text().strip() for file in files})
    return ", ".join(found) or None


def disk_of(folder: Path, root: Path = Path("/")) -> DiskEntry | None:
    """Returns the disk of a folder, which need not exist yet; None if it is not known."""
    mount = _mount_of(folder)
    if mount is None:
        return None
    device = mount.device.removeprefix("/dev/")
    return DiskEntry(device=device, filesystem=mount.fstype, rotational=_rotational(device, root))


def _mount_of(folder: Path) -> Any:
    """Returns psutil's partition with the nearest mount point above a folder; None if unknown."""
    place = folder.absolute().resolve()
    above = [m for m in psutil.disk_partitions(all=True) if place.is_relative_to(m.mountpoint)]
    return max(above, key=lambda mount: len(Path(mount.mountpoint).parts), default=None)


def _rotational(device: str, root: Path) -> bool | None:
    """True if a disk (that of a partition such as ``sda1``) rotates; None if unknown."""
    block = (root / "sys/class/block" / device).resolve()
    for folder in (block, block.parent):
        found = number(folder / "queue/rotational")
        if found is not None:
            return bool(found)
    return None
