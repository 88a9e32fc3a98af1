"""The recorded fields of a run: machine, surroundings, noise, engines, workloads, time spent."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from harness.records.bounds import (
    Bytes,
    Colour,
    Entry,
    Later,
    LimitBytes,
    Real,
    Seconds,
    Small,
)


class GpuDevice(Entry):
    """A GPU of the machine: an entry of ``machine.gpus`` in a results file."""

    name: str = Field(description="the card's name")
    memory_bytes: Bytes | None = Field(default=None, description="its memory")
    driver: str | None = Field(default=None, description="the version of NVIDIA's driver")
    cuda: str | None = Field(
        default=None, description="the newest version of CUDA that the driver supports"
    )


class MachineEntry(Entry):
    """The machine that a run was measured on: the ``machine`` of a results file."""

    name: str = Field(
        description="the folder's name: made of processor, cores and memory, not of the host's name"
    )
    cpu: str = Field(description="the processor's model")
    logical_cores: Small = Field(description="the cores that the run might use")
    physical_cores: Small | None = Field(description="the machine's cores")
    memory_bytes: Bytes = Field(description="the machine's memory")
    system: str = Field(description="the operating system")
    kernel: str = Field(description="the version of its kernel")
    python: str = Field(description="the version of Python")
    gpus: tuple[GpuDevice, ...] = Field(default=(), description="see below")


class DiskEntry(Entry):
    """The disk that the data is on: the ``disk`` of ``environment`` in a results file."""

    device: str = Field(description="the system's name for it")
    filesystem: str = Field(description="the kind of its file system")
    rotational: bool | None = Field(default=None, description="whether it turns")

    def __str__(self) -> str:
        kind = {True: "rotational", False: "not rotational", None: "of unknown kind"}
        return f"{self.device}, {self.filesystem}, {kind[self.rotational]}"


class EnvironmentEntry(Entry):
    """The state of the machine: the ``environment`` of a results file; None for what is unknown."""

    variables: dict[str, str] = Field(
        default_factory=dict,
        description="name -> value of the environment variables that the engines' libraries read "
        "and that were set: `ARROW_*`, `OMP_*`, `MALLOC_*` and the like for all (`LIBRARIES` in "
        "`harness/machine/variables.py`), and what an engine names in its `variables` "
        "(`POLARS_*`). They are handed on to the engine's process, which sees few others. Those "
        "that the harness sets itself, to hold an engine to its `threads` "
        "(`POLARS_MAX_THREADS`), are not here.",
    )
    set_by_harness: dict[str, dict[str, dict[str, str]]] = Field(
        default_factory=dict,
        description="engine -> number of threads -> name -> value of the variables that the "
        "engine's processes are given besides, before its library is imported",
    )
    governor: str | None = Field(default=None, description="how the kernel chooses clock rates")
    disk: DiskEntry | None = Field(
        default=None, description="the disk with the data cache: see below"
    )
    quota_cores: Real | None = Field(
        default=None, description="the cores' time that the control groups grant"
    )
    memory_limit_bytes: LimitBytes | None = Field(
        default=None, description="the memory that the control groups grant"
    )
    load_before: Real | None = Field(
        default=None, description="load average of the last minute before the run"
    )
    load_during: Real | None = Field(
        default=None,
        description="mean of the load averages at the probes during the run, which the run itself "
        "raises",
    )


class NoiseEntry(Entry):
    """How much the time of the probe changed: the ``noise`` of a results file."""

    probe_seconds: tuple[Seconds, ...] = Field(
        default=(), description="in time order; the first five were taken before the run"
    )
    moved: Later[Real] = Field(
        default=None,
        description="0.1 where the probe came to take 10% longer than before the run. The probes "
        "during the run, in time order, are cut into at most ten even groups of at least five; of "
        "the groups' medians the one that is furthest from the median of the first five counts.",
    )
    scattered: Later[Real] = Field(
        default=None,
        description="the interquartile range of all probes, as a share of their median",
    )
    noisy: Later[bool] = Field(
        default=None,
        description="`moved` is more than 0.05 either way, or `scattered` more than 0.1",
    )
    loads: tuple[Real, ...] = Field(
        default=(), description="the load average at each of the probes during the run"
    )


class EngineEntry(Entry):
    """How an engine is shown, and its version: an entry of ``engines`` in a results file."""

    label: str = Field(description="the name that people read")
    colour: Colour = Field(description="its colour in charts: `#` and six hexadecimal digits")
    language: Literal["python", "sql"] = Field(description="of its programs: `python` or `sql`")
    version: str | None = Field(description="the version of its library, where that is installed")
    unavailable: str | None = Field(description="why it cannot run here, or null")
    note: Later[str | None] = Field(
        default=None, description="what it is, in a sentence, where its label does not say it"
    )
    clients: Later[str | None] = Field(
        default=None,
        description="what several clients of it are and share, and why; null unless the run has "
        "cells with `clients`",
    )
    installed_bytes: Later[Bytes | None] = Field(
        default=None, description="of its library and all packages that this requires, on the disk"
    )


class QueryEntry(Entry):
    """A query's title, SQL and plan: an entry of a workload's ``queries`` in a results file."""

    title: str = Field(description="the title that people read")
    sql: str = Field(description="as written")
    plan: str | None = Field(description="the plan as a text tree, or null where there is none")


class WorkloadEntry(Entry):
    """A workload and its queries: an entry of ``workloads`` in a results file."""

    title: str = Field(description="the title that people read")
    file: str = Field(description="its file, from the folder of the run if below it, else its name")
    notes: list[str] = Field(
        default=[], description="what of its tables is not as in the user's files, in words"
    )
    queries: dict[str, QueryEntry] = Field(description="query name -> query: see below")


class WallClock(Entry):
    """What a run spent its time on: the ``seconds`` of a results file."""

    total: Seconds = Field(description="all of the run")
    engines: Seconds = Field(
        description="cold and hot runs, those that are not counted among them, and loading tables"
    )
    starting: Seconds = Field(description="waiting for engines' processes")
    checking: Seconds = Field(
        description="handing answers over, reference answers, comparing the two"
    )
    data: Seconds = Field(description="making and looking up tables")
