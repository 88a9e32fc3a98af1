"""One results file's JSON -> a validated, frozen `ResultsFile` (fields as in results/README.md).

Every number has bounds, so that whatever is computed from it stays finite, and fits into the arrays
that the page is sent: what passes here can be drawn.
"""

from __future__ import annotations

import reprlib
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import from_json

from report.errors import MalformedResults, MissingResults, ReportError, UnknownVersion
from report.read import journal

FORMAT_VERSION = 1

Outcome = Literal["ok", "wrong", "unsupported", "unavailable", "error", "timeout", "oom", "skipped"]
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
SHORTEST_SECONDS = 1e-12
"""Less is what is left of a difference of equal times; and a ratio must not be too large."""
MESSAGE_LENGTH = 300
MOST_BYTES = 1 << 30
"""Of a file: one of 100,000 cells with ten rounds each has an eighth of it."""
MOST_PARTS, MOST_COMMAS = 5_000_000, 50_000_000
"""Its objects and lists, and what else it has: they take a hundred bytes of memory, and thirty."""


def _told_by_a_clock(seconds: float) -> float:
    return seconds if seconds >= SHORTEST_SECONDS else 0.0


Moment = Annotated[AwareDatetime, Field(ge=EARLIEST, lt=LATEST)]
Seconds = Annotated[
    float, Field(ge=0, le=1e9, allow_inf_nan=False), AfterValidator(_told_by_a_clock)
]
Real = Annotated[float, Field(ge=-1e15, le=1e15, allow_inf_nan=False)]
Small = Annotated[int, Field(ge=0, lt=2**31)]
"""A number that fits into 32 bits: cores, threads, turns."""
Count = Annotated[int, Field(ge=0, le=2**53)]
"""A number that a float holds exactly, as all numbers in a browser are floats: rows, bytes."""
Bytes = Count
PeakBytes = Annotated[int, Field(gt=0, le=2**53)]
Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
CellKey = tuple[str, str, str, str, str, int]


class _Entry(BaseModel):
    """Fields that are not named are pytest-benchmark's own and are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class GpuDevice(_Entry):
    name: str
    memory_bytes: Bytes | None = None
    driver: str | None = None
    cuda: str | None = None


class MachineEntry(_Entry):
    name: str
    cpu: str
    logical_cores: Small
    physical_cores: Small | None
    memory_bytes: Bytes
    system: str
    kernel: str
    python: str
    gpus: tuple[GpuDevice, ...] = ()


class EngineEntry(_Entry):
    label: str
    colour: Colour
    language: Literal["python", "sql"]
    version: str | None
    unavailable: str | None


class QueryEntry(_Entry):
    title: str
    sql: str
    plan: str | None


class WorkloadEntry(_Entry):
    title: str
    file: str
    notes: list[str] = []
    queries: dict[str, QueryEntry]


class _Asked(_Entry):
    workload: str
    query: str
    engine: str
    size: str
    input: str
    threads: Small

    @property
    def key(self) -> CellKey:
        return self.workload, self.query, self.engine, self.size, self.input, self.threads


class CellEntry(_Asked):
    outcome: Outcome
    reason: str
    program_sha256: str | None

    @model_validator(mode="after")
    def _has_a_reason_unless_ok(self) -> CellEntry:
        if self.outcome != "ok" and not self.reason.strip():
            raise ValueError(f"outcome {self.outcome!r} needs a reason")
        return self


class GpuEntry(_Entry):
    """What the GPU did during a cell's runs; each figure is absent where it was not measured."""

    peak_bytes: Bytes | None = None
    device_bytes: Bytes | None = None
    transfer_seconds: Seconds | None = None
    utilisation: Real | None = None
    temperature_c: Real | None = None
    sm_clock_mhz: Real | None = None
    energy_joules: Real | None = None


class ExtraInfo(_Asked):
    engine_version: str | None
    rows: Count | None
    table_rows: Count | None = None
    cold_seconds: Seconds | None
    cpu_seconds: tuple[Seconds, ...]
    peak_bytes: PeakBytes | None
    baseline_bytes: Bytes | None
    turns: tuple[Small, ...] | None = None
    processes: tuple[Small, ...] | None = None
    interleaved: bool | None = None
    stopped: Literal["sure", "budget", "rounds"] | None = None
    loops: Small | None = None
    cold_process: bool | None = None
    caches_dropped: bool | None = None
    load_seconds: Seconds | None = None
    gpu: GpuEntry | None = None
    fallback_share: Real | None = None

    @property
    def process_count(self) -> int:
        """How many processes ran the rounds, one after another."""
        return len(set(self.processes or (0,)))


class Stats(_Entry):
    data: tuple[Seconds, ...] = Field(min_length=1)


class BenchmarkEntry(_Entry):
    stats: Stats
    extra_info: ExtraInfo

    @model_validator(mode="after")
    def _has_one_of_each_for_each_round(self) -> BenchmarkEntry:
        info = self.extra_info
        told = {"cpu_seconds": info.cpu_seconds, "turns": info.turns, "processes": info.processes}
        for name, values in told.items():
            if (values or name == "cpu_seconds") and len(values or ()) != len(self.stats.data):
                raise ValueError(f"{name} and stats.data differ in length")
        return self


class DiskEntry(_Entry):
    """The disk below the data."""

    device: str
    filesystem: str
    rotational: bool | None = None


class EnvironmentEntry(_Entry):
    """What the machine was like during the run; a field is absent where it was not known."""

    variables: dict[str, str] = Field(default_factory=dict)
    governor: str | None = None
    disk: DiskEntry | None = None
    quota_cores: Real | None = None
    memory_limit_bytes: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    load_before: Real | None = None
    load_during: Real | None = None


class NoiseEntry(_Entry):
    """How a fixed piece of work fared in the course of the run."""

    probe_seconds: tuple[Seconds, ...] = ()
    moved: Real | None = None
    scattered: Real | None = None
    noisy: bool | None = None


class ResultsFile(_Entry):
    """A results file, in the shape in which it was written."""

    format_version: Literal[1]
    started: Moment
    finished: Moment
    interrupted: bool
    command: str
    machine: MachineEntry
    environment: EnvironmentEntry | None = None
    noise: NoiseEntry | None = None
    versions: dict[str, str]
    engines: dict[str, EngineEntry]
    workloads: dict[str, WorkloadEntry]
    programs: dict[str, str]
    cells: tuple[CellEntry, ...]
    benchmarks: tuple[BenchmarkEntry, ...]

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> ResultsFile:
        for cell in self.cells:
            self._check_names(cell)
        self._check_benchmarks()
        return self

    def _check_names(self, cell: CellEntry) -> None:
        workload = self.workloads.get(cell.workload)
        if workload is None or cell.query not in workload.queries:
            raise ValueError(f"cell {cell.key}: its query is not under 'workloads'")
        if cell.engine not in self.engines:
            raise ValueError(f"cell {cell.key}: its engine is not under 'engines'")
        if cell.program_sha256 is not None and cell.program_sha256 not in self.programs:
            raise ValueError(f"cell {cell.key}: its program is not under 'programs'")

    def _check_benchmarks(self) -> None:
        asked = Counter(cell.key for cell in self.cells)
        timed = Counter(entry.extra_info.key for entry in self.benchmarks)
        for key, count in (asked | timed).items():
            if count > 1:
                raise ValueError(f"cell {key} is listed {count} times")
        ok = {cell.key for cell in self.cells if cell.outcome == "ok"}
        for key in sorted(ok ^ timed.keys()):
            where = "'benchmarks'" if key in ok else "'cells' with outcome ok"
            raise ValueError(f"cell {key} is not in {where}")


def read(path: Path) -> ResultsFile:
    """Reads one results file.

    Raises MissingResults, UnknownVersion or MalformedResults, each with a message of one line.
    """
    try:
        return _checked(path)
    except ReportError:
        raise
    except Exception as error:  # whatever a file does to its reader costs that file only
        raise MalformedResults(f"{path}: cannot be read ({told(error)})") from error


def _checked(path: Path) -> ResultsFile:
    document = _document(path)
    version = document.get("format_version")
    if version != FORMAT_VERSION:
        raise UnknownVersion(
            f"{path}: format_version is {reprlib.repr(version)}, and this report reads "
            f"{FORMAT_VERSION}; build the report with the release that wrote the file, or run "
            "the benchmark again"
        )
    try:
        return ResultsFile.model_validate(document)
    except ValidationError as error:
        raise MalformedResults(f"{path}: {_first(error)}") from None


def _document(path: Path) -> dict[str, Any]:
    text = _bytes(path)
    if text.count(b"[") + text.count(b"{") > MOST_PARTS or text.count(b",") > MOST_COMMAS:
        raise MalformedResults(f"{path}: has more than {MOST_PARTS:,} objects and lists, or values")
    try:
        if path.suffix == journal.SUFFIX:
            return journal.document(text)
        document = from_json(text, allow_inf_nan=False)
    except ValueError as error:
        raise MalformedResults(f"{path}: not JSON: {error}") from None
    except Exception as error:
        raise MalformedResults(f"{path}: not the journal of a run ({told(error)})") from None
    if not isinstance(document, dict):
        raise MalformedResults(f"{path}: not a results file: its top level is not an object")
    return document


def _bytes(path: Path) -> bytes:
    """The file's content. Raises MissingResults where there is nothing of that name."""
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for
            raise MalformedResults(f"{path}: not a file")
        with path.open("rb") as file:
            if len(text := file.read(MOST_BYTES + 1)) > MOST_BYTES:
                raise MalformedResults(f"{path}: has more than {MOST_BYTES >> 20} MiB")
        return text
    except FileNotFoundError as error:
        raise MissingResults(f"{path}: cannot be read: {error.strerror}") from None
    except OSError as error:
        raise MalformedResults(f"{path}: cannot be read: {error.strerror}") from None


def told(error: Exception) -> str:
    """An error in one line that is not too long for a note."""
    return _short(f"{type(error).__name__}: {error}").removesuffix(":")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MESSAGE_LENGTH else f"{line[:MESSAGE_LENGTH]}…"


def _first(error: ValidationError) -> str:
    """The first of the faults, as ``cells[3].outcome: what is wrong``."""
    fault, *others = error.errors(include_url=False, include_input=False)
    place = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in fault["loc"]).lstrip(".")
    more = f" (and {len(others)} more faults)" if others else ""
    message = fault["msg"].removeprefix("Value error, ")
    return f"{_short(place) or 'file'}: {_short(message)}{more}"
