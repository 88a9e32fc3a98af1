"""The fields of a results file and its journal as a whole, and checks that they are consistent."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Literal, TypeVar

from pydantic import Field, ValidationError, model_validator
from pydantic_core import from_json

from harness.records.bounds import Entry, Later, Moment, Seconds
from harness.records.cells import BenchmarkEntry, CellEntry
from harness.records.faults import first_fault
from harness.records.runs import (
    EngineEntry,
    EnvironmentEntry,
    MachineEntry,
    NoiseEntry,
    WallClock,
    WorkloadEntry,
)

FORMAT_VERSION = 1
SUFFIX = ".journal"
"""The ending of journals' names."""


class RunFields(Entry):
    """The fields that the harness adds at the top level of pytest-benchmark's JSON file."""

    format_version: Literal[1] = Field(
        description="1. A reader refuses a version it does not know."
    )
    started: Moment = Field(description="when the run began")
    finished: Moment = Field(description="when it ended")
    interrupted: bool = Field(description="the run was stopped before every cell had ended")
    command: str = Field(
        description="the command line that repeats the run, without what `PYTEST_ADDOPTS` or "
        "`pytest.ini` adds"
    )
    machine: MachineEntry = Field(description="what it ran on: see below")
    environment: Later[EnvironmentEntry] = Field(
        default=None, description="the surroundings of the run: see below"
    )
    noise: Later[NoiseEntry] = Field(
        default=None, description="whether the machine stayed the same: see below"
    )
    versions: dict[str, str] = Field(
        description="distribution name -> version, of the harness, the engines and what they "
        "stand on"
    )
    engines: dict[str, EngineEntry] = Field(
        description="engine, by the name that the command gave it (`polars`, or "
        "`new=polars@VARIABLE=value`) -> engine: see below"
    )
    workloads: dict[str, WorkloadEntry] = Field(description="workload name -> workload: see below")
    programs: dict[str, str] = Field(
        description="SHA-256 -> the program's text, exactly as it was run"
    )
    seconds: Later[WallClock] = Field(
        default=None, description="what the run's wall clock went into: see below"
    )
    cells: tuple[CellEntry, ...] = Field(
        description="one entry for **every** cell of the run, in the order of the command; see "
        "below"
    )


class ResultsFile(RunFields):
    """A whole results file: the harness's own fields, and the entries of pytest-benchmark."""

    benchmarks: tuple[BenchmarkEntry, ...] = Field(
        description="pytest-benchmark's entries: one for each cell whose outcome is `ok`, in the "
        "same order"
    )

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> ResultsFile:
        for sha256, text in self.programs.items():
            if sha256 != hashlib.sha256(text.encode(errors="replace")).hexdigest():
                raise ValueError(f"programs: {sha256!r} is not its text's SHA-256")
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
        listed = Counter(cell.key for cell in self.cells)
        timed = Counter(entry.extra_info.key for entry in self.benchmarks)
        for key, count in (listed | timed).items():
            if count > 1:
                raise ValueError(f"cell {key} is listed {count} times")
        ok = {cell.key for cell in self.cells if cell.outcome == "ok"}
        for key in sorted(ok ^ timed.keys(), key=repr):
            where = "'benchmarks'" if key in ok else "'cells' with outcome ok"
            raise ValueError(f"cell {key} is not in {where}")


class Basis(Entry):
    """The options, limits and data on which a run's records depend.

    A run that resumes another must have the same, on the same machine with the same programs.
    """

    timeout: Seconds = Field(description="`--timeout`")
    rounds: dict[str, int | float] = Field(
        description="how many rounds a cell gets: `Rounds` in `harness/measure/rounds.py`"
    )
    memory_limit: str | None = Field(description="`--memory-limit`, as it was given")
    gpu_memory_limit: str | None = Field(description="`--gpu-memory-limit`, as it was given")
    together_limit: str | None = Field(description="`--together-limit`, as it was given")
    cold_process: bool = Field(description="`--cold-process`")
    drop_caches: bool = Field(description="`--drop-caches`")
    connect: tuple[str, ...] = Field(default=(), description="`--connect`, without passwords")
    data: dict[str, str | None] = Field(
        description="workload and size -> hash of what determines the content of its tables, or "
        "null where they cannot be had"
    )


class JournalHead(RunFields):
    """The first line of a journal: the results file as it would be before the first cell."""

    benchmarks: tuple[()] = Field(default=(), description="none yet")
    basis: Basis = Field(description="what the records rest on: see below")


class JournalLine(Entry):
    """Each line of a journal after the first: the entries of one cell that has ended."""

    cell: CellEntry = Field(description="its entry of `cells`")
    benchmark: BenchmarkEntry | None = Field(
        description="its entry of `benchmarks`, with `stats.data` and `extra_info` only; null "
        "where it has no round"
    )
    noise: NoiseEntry | None = Field(default=None, description="the noise of the run until then")


Line = TypeVar("Line", JournalHead, JournalLine)


def read_journal(journal: bytes) -> tuple[JournalHead, list[JournalLine]]:
    """Returns a journal's first line and its other lines.

    A run that was killed may leave half a line at the end, which is ignored. Raises ValueError,
    which says which line is wrong and how.
    """
    lines = journal[: journal.rfind(b"\n") + 1].splitlines()
    if not lines:
        raise ValueError("it has no line that is whole")
    head = _line(JournalHead, 1, lines[0])
    return head, [_line(JournalLine, at, text) for at, text in enumerate(lines[1:], 2)]


def _line(kind: type[Line], number: int, text: bytes) -> Line:
    try:
        return kind.model_validate(from_json(text, allow_inf_nan=False))
    except ValidationError as error:
        raise ValueError(f"line {number}: {first_fault(error)}") from None
    except ValueError as error:
        raise ValueError(f"line {number} is not JSON: {error}") from None


def file_of(head: JournalHead, lines: Sequence[JournalLine]) -> ResultsFile:
    """Returns the results file of a run that ended after these lines; raises ValidationError.

    If a cell has several lines, as after a further pass or ``--resume``, its last line counts.
    """
    ended = {line.cell.key: line for line in lines}
    names = {cell.key for cell in head.cells}
    if strange := next((line for key, line in ended.items() if key not in names), None):
        raise ValueError(f"cell {strange.cell.key} is not in the first line")
    cells = (ended[cell.key].cell if cell.key in ended else cell for cell in head.cells)
    benchmarks = (line.benchmark for line in ended.values() if line.benchmark is not None)
    noise = lines[-1].noise if lines else None
    changed = {"cells": tuple(cells), "benchmarks": tuple(benchmarks), "noise": noise}
    return ResultsFile.model_validate({**dict(head), **changed})
