"""Converts records of a run to the entries of its results file and journal, and back."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

import harness.engines
from harness.engines.base import Engine
from harness.engines.installed import installed_bytes
from harness.errors import ResultsError
from harness.machine.facts import versions
from harness.outcome import Cell, Outcome, Record, Round
from harness.records.cells import BenchmarkEntry, CellEntry, CellName, ExtraInfo, Figures, Stats
from harness.records.faults import first_fault
from harness.records.files import JournalLine, RunFields
from harness.records.runs import (
    EngineEntry,
    EnvironmentEntry,
    MachineEntry,
    NoiseEntry,
    QueryEntry,
    WorkloadEntry,
)
from harness.records.whole import write_whole
from harness.tables import Input
from harness.workload.cells import CompiledCell
from harness.workload.file import Query

_FOUNDATIONS = ("enginebench", "numpy", "pytest", "pytest-benchmark", "sqlglot")


@dataclass
class Register:
    """The state of a run: its cells, and the record of each that has ended.

    ``environment`` is the state of the machine before the run, None if nothing is measured.
    """

    machine: MachineEntry
    command: str
    environment: EnvironmentEntry | None = None
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    cells: dict[Cell, CompiledCell] = field(default_factory=dict)
    records: dict[Cell, Record] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every cell has ended."""
        return len(self.records) == len(self.cells)

    def add(self, added: CompiledCell) -> None:
        """Adds a cell to the run; raises UsageError if two workload files have one name."""
        before = self.cells.setdefault(added.cell, added)
        if before.workload.file != added.workload.file:
            raise pytest.UsageError(
                f"{before.workload.file} and {added.workload.file} have one name, and so would "
                "their results; rename one"
            )

    def record_of(self, cell: Cell) -> Record:
        """Returns the cell's record, or a ``skipped`` one if the run did not reach it."""
        if cell in self.records:
            return self.records[cell]
        program, reason = self.cells[cell].program, "the run has not reached this cell"
        return Record(cell, Outcome.SKIPPED, reason, program.sha256 if program else None)


def fields(register: Register, interrupted: bool) -> RunFields:
    """Returns the harness's own top-level fields of a results file."""
    engines = {cell.engine: harness.engines.get(cell.engine) for cell in register.cells}
    distributions = [*_FOUNDATIONS, *(engine.distribution for engine in engines.values())]
    programs = [each.program for each in register.cells.values() if each.program]
    several = any(cell.clients for cell in register.cells)
    return RunFields(
        format_version=1,
        started=register.started,
        finished=datetime.now(UTC),
        interrupted=interrupted,
        command=register.command,
        machine=register.machine,
        environment=register.environment,
        versions=versions(distributions),
        engines={name: _engine(engine, several) for name, engine in engines.items()},
        workloads=_workloads(register.cells.values()),
        programs={program.sha256: program.text for program in programs},
        cells=tuple(cell_entry(register.record_of(cell)) for cell in register.cells),
    )


def as_json(fields: RunFields) -> dict[str, Any]:
    """Returns the fields as a JSON object; fields that only measuring runs have may be absent."""
    absent = {name for name in ("environment", "noise", "seconds") if getattr(fields, name) is None}
    return fields.model_dump(mode="json", exclude=absent)


def _engine(engine: Engine, several: bool) -> EngineEntry:
    """Returns an engine's entry in ``engines`` of a results file.

    ``several`` says that some cells have several clients: then it says what these are. Raises
    ResultsError if the engine's class declares invalid values.
    """
    names = ("label", "colour", "language")
    about: dict[str, Any] = {name: getattr(engine, name) for name in names}
    about["note"] = engine.note or None
    about["clients"] = str(engine.clients) if several else None
    try:
        lack = engine.unavailable()
        size = installed_bytes(engine) if lack is None else 0
        return EngineEntry(
            **about, version=engine.version(), unavailable=lack, installed_bytes=size or None
        )
    except ValidationError as error:
        raise ResultsError(f"engine {engine.name!r}: {first_fault(error)}") from error


def _workloads(cells: Iterable[CompiledCell]) -> dict[str, WorkloadEntry]:
    workloads: dict[str, WorkloadEntry] = {}
    for each in cells:
        workload, query = each.workload, each.query
        if workload.name not in workloads:
            workloads[workload.name] = WorkloadEntry(
                title=workload.title,
                file=_from_here(workload.file),
                notes=list(each.notes),
                queries={},
            )
        plan = each.planned.plan if each.planned else None
        entry = QueryEntry(title=query.title, sql=query.sql or _programs_of(query), plan=plan)
        workloads[workload.name].queries[query.name] = entry
    return workloads


def _programs_of(query: Query) -> str:
    """Returns the text that replaces the SQL of a query without SQL: a comment with programs."""
    own = (function for functions in query.native.values() for function in functions.values())
    return f"-- no SQL: programs that are checked against each other: {', '.join(own)}"


def _from_here(path: Path) -> str:
    """Returns a file's path relative to the working folder; its name alone if it is not below."""
    here, file = Path.cwd(), path.absolute()
    return (file.relative_to(here) if file.is_relative_to(here) else Path(file.name)).as_posix()


def cell_entry(record: Record) -> CellEntry:
    """Returns the entry for a cell in ``cells`` of a results file."""
    return CellEntry(
        **asdict(record.cell),
        outcome=record.outcome,
        reason=record.reason,
        program_sha256=record.program_sha256,
    )


def extra_info(record: Record, engine_version: str | None) -> ExtraInfo:
    """Returns the ``extra_info`` of a cell's entry in ``benchmarks``; the record has figures."""
    return ExtraInfo(
        **asdict(record.cell),
        **dict(record.figures or ()),
        outcome=record.outcome,
        program_sha256=record.program_sha256,
        engine_version=engine_version,
        cpu_seconds=tuple(one.cpu_seconds for one in record.rounds),
        turns=tuple(one.turn for one in record.rounds),
        processes=tuple(one.process for one in record.rounds),
    )


def journal_line(record: Record, engine_version: str | None, noise: NoiseEntry) -> JournalLine:
    """Returns the journal's line for a cell that has just ended."""
    timed = None
    if record.rounds:
        stats = Stats(data=tuple(one.seconds for one in record.rounds))
        timed = BenchmarkEntry(stats=stats, extra_info=extra_info(record, engine_version))
    return JournalLine(cell=cell_entry(record), benchmark=timed, noise=noise)


def record_of(line: JournalLine) -> Record:
    """Returns the record from which ``journal_line`` made this line."""
    entry, timed = line.cell, line.benchmark
    cell, program = cell_of(entry), entry.program_sha256
    if timed is None:
        return Record(cell, entry.outcome, entry.reason, program)
    info = timed.extra_info
    columns = (timed.stats.data, info.cpu_seconds, info.turns or (), info.processes or ())
    rounds = tuple(Round(*values) for values in zip(*columns, strict=True))
    figures = Figures.model_validate(dict(info))
    return Record(cell, entry.outcome, entry.reason, program, rounds, figures)


def cell_of(entry: CellName) -> Cell:
    """Returns the cell that an entry of a results file or journal names."""
    workload, query, engine, size, source, threads, limit, clients = entry.key
    return Cell(workload, query, engine, size, Input(source), threads, limit, clients)


def write(path: Path, content: Mapping[str, Any]) -> None:
    """Writes a results file whole or not at all; raises ResultsError if that fails."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(content, indent=1, default=str).encode(), durable=True)
    except OSError as error:
        raise ResultsError(f"the results cannot be written to {path}: {error.strerror}") from error


def check_writable(folder: Path) -> None:
    """Raises ResultsError if results cannot be written to a folder; called before anything runs."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
    except OSError as error:
        reason = error.strerror or error
        raise ResultsError(
            f"results cannot be written to {folder}: {reason}; see --results"
        ) from error
