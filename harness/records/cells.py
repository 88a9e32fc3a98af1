"""The recorded fields of a cell: its name, how it ended, and its figures if it has a time."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

from pydantic import Field, model_validator

from harness.records.bounds import (
    Bytes,
    Clients,
    Count,
    Entry,
    Later,
    LimitBytes,
    PeakBytes,
    Real,
    Seconds,
    Small,
)

CellKey = tuple[str, str, str, str, str, int, int | None, int | None]


class Outcome(StrEnum):
    """How a cell ended. Only ``ok`` has a time that counts."""

    OK = "ok"
    WRONG = "wrong"  # the answer differs from the reference
    UNSUPPORTED = "unsupported"  # the query cannot be written for this engine
    UNAVAILABLE = "unavailable"  # the engine or the data is not on this machine
    ERROR = "error"  # the engine raised an error or died
    TIMEOUT = "timeout"
    OOM = "oom"  # out of memory
    SKIPPED = "skipped"  # not reached: the run was interrupted

    @property
    def fails_the_run(self) -> bool:
        return self in (Outcome.WRONG, Outcome.ERROR, Outcome.TIMEOUT, Outcome.OOM)


class Stopped(StrEnum):
    """Why a cell got no further hot rounds."""

    SURE = "sure"  # its median is known well enough
    BUDGET = "budget"  # its time was used up
    ROUNDS = "rounds"  # it had as many as a cell may have


class CellName(Entry):
    """The fields that identify a cell."""

    workload: str = Field(description="the workload's name")
    query: str = Field(description="the query's name in the workload")
    engine: str = Field(description="the engine, by its name under `engines`")
    size: str = Field(description="the size of the data, by its name in the workload")
    input: str = Field(description="where the timed work starts: `memory`, `parquet` or `csv`")
    threads: Small = Field(description="the threads that the engine may use")
    memory_limit: LimitBytes | None = Field(
        default=None,
        description="the bytes that the engine's processes may hold; null unless `--memory-limit` "
        "gave several, which are measured one by one",
    )
    clients: Clients | None = Field(
        default=None,
        description="how many clients run the query at once; null unless `--clients` asked for "
        "another number than one",
    )

    @property
    def key(self) -> CellKey:
        where = self.size, self.input, self.threads, self.memory_limit, self.clients
        return self.workload, self.query, self.engine, *where


class CellEntry(CellName):
    """An entry of ``cells`` in a results file: how one cell ended."""

    outcome: Outcome = Field(
        description="`ok`, `wrong`, `unsupported`, `unavailable`, `error`, `timeout`, `oom`, or "
        "`skipped` (the run was interrupted first)"
    )
    reason: str = Field(description="why there is no time; empty where the outcome is `ok`")
    program_sha256: str | None = Field(
        description="key into `programs`; null where there is no program"
    )

    @model_validator(mode="after")
    def _has_a_reason_unless_ok(self) -> CellEntry:
        if self.outcome != "ok" and not self.reason.strip():
            raise ValueError(f"outcome {str(self.outcome)!r} needs a reason")
        return self


class GpuUse(Entry):
    """How a cell's runs used the GPU; a field is None where engine or card do not report it."""

    peak_bytes: Bytes | None = Field(
        default=None,
        description="the most that the engine had allocated on the device in one run, loaded "
        "tables included, by RMM's statistics; `device_bytes` for dask-cuDF, whose workers RMM "
        "does not count together",
    )
    device_bytes: Bytes | None = Field(
        default=None,
        description="the most that NVML saw in use on the whole device during the runs: CUDA's "
        "own needs, what pools keep, and other engines' tables are in it, so that it is at least "
        "`peak_bytes` unless a peak came and went between two readings, 50 ms apart",
    )
    transfer_seconds: Seconds | None = Field(
        default=None,
        description="moving all tables in memory from the host to the device (part of "
        "`load_seconds`, not of any run). Null where a transfer is in the runs themselves: "
        "programs that read files, and Polars, whose tables in memory are the host's; cudf.pandas "
        "moves a table when it is first used, in a cold run",
    )
    utilisation: Real | None = Field(
        default=None,
        description="the share of time in which the device worked, by NVML; the mean over the hot "
        "rounds",
    )
    temperature_c: Real | None = Field(default=None, description="the highest in the hot rounds")
    sm_clock_mhz: Real | None = Field(
        default=None, description="clock of the multiprocessors; the mean over the hot rounds"
    )
    energy_joules: Real | None = Field(
        default=None,
        description="of the whole device, in one hot run; null where the rounds took less than a "
        "second together",
    )


class Figures(Entry):
    """What is recorded of a cell that has a time, apart from its rounds."""

    rows: Count | None = Field(description="rows of the answer")
    table_rows: Later[Count] = Field(
        default=None, description="rows of all the workload's tables of this size together"
    )
    input_rows: Later[Count | None] = Field(
        default=None,
        description="rows of the tables that the query reads; null where it has no plan",
    )
    input_bytes: Later[Bytes | None] = Field(
        default=None,
        description="bytes of these tables' files, which each run reads; null where tables are in "
        "memory, and where the query has no plan",
    )
    output_bytes: Later[Bytes | None] = Field(
        default=None,
        description="bytes of the file that each run writes; null where it writes none",
    )
    hand_over_seconds: Later[Seconds | None] = Field(
        default=None,
        description="of a query whose rows train a model: the part of a run in which the training "
        "waits for batches of NumPy arrays, as the engine computes its answer and hands it over; "
        "the median over the rounds of the first pass. Null for other queries",
    )
    training_seconds: Later[Seconds | None] = Field(
        default=None, description="the other part, in which the model is trained, likewise"
    )
    training_score: Later[Real | None] = Field(
        default=None,
        description="of the trained model on the last batch: the share of classes that are right, "
        "or R² of a regressor; null where that batch has one row",
    )
    cold_seconds: Seconds | None = Field(
        description="the first run of this program in this engine's process"
    )
    cold_process: Later[bool] = Field(
        default=None, description="that run was the process' first of any program"
    )
    caches_dropped: Later[bool | None] = Field(
        default=None,
        description="its files had been evicted from the page cache; false where the system kept "
        "them, null where `--drop-caches` was not given",
    )
    start_seconds: Later[Seconds | None] = Field(
        default=None,
        description="importing the engine's library and starting its session, with the server that "
        "it may need, in the engine's first process of the run, which started alone; null where "
        "a cell's rounds may take less than a second",
    )
    load_seconds: Seconds | None = Field(
        default=None,
        description="reading all tables into the engine's memory; null where it reads files",
    )
    interleaved: Later[bool] = Field(
        default=None,
        description="the engines took turns; false where one ran after another, for want of "
        "memory or because there was one only",
    )
    stopped: Later[Stopped] = Field(
        default=None,
        description="why there was no further round: `sure` (the median is known), `budget` (the "
        "time was used up) or `rounds` (the most there may be)",
    )
    loops: Later[Small] = Field(
        default=None,
        description="runs in each round, of which seconds are the mean: above 1 for programs of "
        "less than a millisecond",
    )
    uncounted_rounds: Later[Small] = Field(
        default=None,
        description="hot rounds that were run and not counted: those that chose `loops`, those at "
        "the start of each block, and the first of each further process; with `clients` all runs "
        "that ended outside of the windows",
    )
    window_seconds: Later[Seconds | None] = Field(
        default=None,
        description="with `clients`: the length of all windows of time in which runs of all "
        "clients were counted; null without",
    )
    window_runs: Later[Count | None] = Field(
        default=None,
        description="with `clients`: the runs that ended within these windows, so that "
        "`window_runs` / `window_seconds` are the queries per second; null without",
    )
    peak_bytes: PeakBytes | None = Field(
        description="the most resident memory of the engine's process tree seen during the cell's "
        "runs"
    )
    baseline_bytes: Bytes | None = Field(
        description="the same, just before the cell's first run (loaded tables are in it)"
    )
    spilled_bytes: Later[Bytes | None] = Field(
        default=None,
        description="the most that lay in the engine's folder for what memory is too small for, "
        "during the cell's runs (DuckDB's, Polars' out of core; Dask's, which also holds what it "
        "shuffles), sampled as memory is; null for engines without such a folder",
    )
    cold_read_bytes: Later[Bytes | None] = Field(
        default=None,
        description="bytes that the engine's process tree read from the disk in the first run, as "
        "the kernel counts them; what the page cache holds is not among them, so that it is 0 for "
        "files that were read shortly before (see `--drop-caches`). Null where the system does "
        "not count them (macOS)",
    )
    disk_read_bytes: Later[Bytes | None] = Field(
        default=None,
        description="the same in a hot run: the mean over the rounds of the first pass",
    )
    disk_written_bytes: Later[Bytes | None] = Field(
        default=None,
        description="bytes that it wrote to the disk in a hot run, likewise: counted when they "
        "enter the page cache, also if the file is deleted before they leave it",
    )
    gpu: GpuUse | None = Field(
        default=None, description="what the GPU did; null where the engine uses none: see below"
    )
    fallback_share: Real | None = Field(
        default=None,
        description="of cudf.pandas: of the calls that its profiler counts in one further, "
        "untimed run, the share that ran on the CPU; of gpudb: 1 where DuckDB answered, else 0",
    )


class ExtraInfo(Figures, CellName):
    """The ``extra_info`` of an entry of ``benchmarks`` in a results file: all of a timed cell."""

    outcome: Later[Outcome] = Field(default=None, description="as in `cells`: `ok`")
    program_sha256: Later[str | None] = Field(default=None, description="as in `cells`")
    engine_version: str | None = Field(description="the version of the engine's library")
    cpu_seconds: tuple[Seconds, ...] = Field(
        description="user + system seconds of the engine's process tree, per hot round"
    )
    turns: Later[tuple[Small, ...]] = Field(
        default=None,
        description="per hot round, the turn of the query's engines in which it was run, from 0. "
        "An engine's rounds of one turn came one after the other, after some that are not "
        "counted; those of two engines with one number came close to each other. (Before 2026-12 "
        "a turn had one round of each engine.)",
    )
    processes: Later[tuple[Small, ...]] = Field(
        default=None,
        description="per hot round, which of the cell's processes ran it, from 0: they came one "
        "after another, one in each pass",
    )

    @property
    def process_count(self) -> int:
        """Returns the number of processes that ran the rounds, one after another."""
        return len(set(self.processes or (0,)))

    @property
    def even_processes(self) -> float:
        """Returns the effective number of processes: fewer if some ran more rounds than others.

        This many processes with equal numbers of rounds average out as much chance as these do
        (Kish's effective sample size: Survey Sampling, 1965, section 11.7).
        """
        counts = Counter(self.processes or (0,)).values()
        return sum(counts) ** 2 / sum(count**2 for count in counts)


class Stats(Entry):
    """The ``stats`` of an entry of ``benchmarks``; pytest-benchmark writes further fields there."""

    data: tuple[Seconds, ...] = Field(
        min_length=1,
        description="the seconds of every hot round, in the order run; with `clients` the latency "
        "of each run that ended within a window: of a window with more than 50 of those 50, which "
        "are evenly spaced by their rank",
    )


class BenchmarkEntry(Entry):
    """An entry of ``benchmarks``: one for each cell whose outcome is ok and that has hot rounds."""

    stats: Stats
    extra_info: ExtraInfo

    @model_validator(mode="after")
    def _has_one_of_each_for_each_round(self) -> BenchmarkEntry:
        info = self.extra_info
        lists = {"cpu_seconds": info.cpu_seconds, "turns": info.turns, "processes": info.processes}
        for name, values in lists.items():
            if (values or name == "cpu_seconds") and len(values or ()) != len(self.stats.data):
                raise ValueError(f"{name} and stats.data differ in length")
        return self
