"""What came of a run -> its results file: pytest-benchmark's JSON with our fields."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import harness
import harness.engines
from harness.errors import ResultsError
from harness.machine.facts import Machine, versions
from harness.outcome import Cell, GpuUse, Outcome, Record, Round, Stopped
from harness.tables import Input
from harness.workload.cells import Asked

FORMAT_VERSION = 1
_FOUNDATIONS = ("enginebench", "numpy", "pytest", "pytest-benchmark", "sqlglot")


@dataclass
class Journal:
    """What is known of a run while it goes on: the cells asked, and a record for each one ended.

    ``environment`` is what surrounded it as it began, empty where that was not looked for.
    """

    machine: Machine
    command: str
    environment: dict[str, Any] = field(default_factory=dict)
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    asked: dict[Cell, Asked] = field(default_factory=dict)
    records: dict[Cell, Record] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every cell asked has come to its end."""
        return len(self.records) == len(self.asked)

    def record_of(self, cell: Cell) -> Record:
        """The cell's record; one that says so where the run did not reach it."""
        reason = "the run was interrupted before this cell"
        return self.records.get(cell) or Record(cell, Outcome.SKIPPED, reason)


def fields(journal: Journal, interrupted: bool) -> dict[str, Any]:
    """Our top-level fields of a results file; see results/README.md."""
    engines = {cell.engine: harness.engines.get(cell.engine) for cell in journal.asked}
    distributions = [*_FOUNDATIONS, *(engine.distribution for engine in engines.values())]
    return {
        "format_version": FORMAT_VERSION,
        "started": _utc(journal.started),
        "finished": _utc(datetime.now(UTC)),
        "interrupted": interrupted,
        "command": journal.command,
        "machine": journal.machine.as_dict(),
        **({"environment": {**journal.environment}} if journal.environment else {}),
        "versions": versions(distributions),
        "engines": {
            name: {
                "label": engine.label,
                "colour": engine.colour,
                "language": engine.language,
                "version": engine.version(),
                "unavailable": engine.unavailable(),
            }
            for name, engine in engines.items()
        },
        "workloads": _workloads(journal.asked.values()),
        "programs": {a.program.sha256: a.program.text for a in journal.asked.values() if a.program},
        "cells": [_cell(asked, journal.record_of(cell)) for cell, asked in journal.asked.items()],
    }


def entry_of(asked: Asked, record: Record, engine_version: str | None) -> dict[str, Any]:
    """A cell as a journal keeps it: what the results file will say of it, in its two places."""
    timed = {"stats": {"data": [r.seconds for r in record.rounds]}}
    return {
        "cell": _cell(asked, record),
        "benchmark": {**timed, "extra_info": extra_info(record, engine_version)}
        if record.rounds
        else None,
    }


def record_of(entry: Mapping[str, Any]) -> Record:
    """The record of which ``entry_of`` made this entry."""
    told = entry["cell"]
    cell = cell_of(told)
    program, outcome = told["program_sha256"], Outcome(told["outcome"])
    if entry["benchmark"] is None:
        return Record(cell, outcome, told["reason"], program)
    info, data = entry["benchmark"]["extra_info"], entry["benchmark"]["stats"]["data"]
    rounds = zip(data, info["cpu_seconds"], info["turns"], info["processes"], strict=True)
    return Record(
        cell=cell,
        outcome=outcome,
        program_sha256=program,
        rows=info["rows"],
        table_rows=info["table_rows"],
        cold_seconds=info["cold_seconds"],
        cold_process=info["cold_process"],
        caches_dropped=info["caches_dropped"],
        rounds=tuple(Round(float(s), float(c), int(t), int(p)) for s, c, t, p in rounds),
        stopped=Stopped(info["stopped"]),
        loops=info["loops"],
        interleaved=info["interleaved"],
        load_seconds=info["load_seconds"],
        peak_bytes=info["peak_bytes"],
        baseline_bytes=info["baseline_bytes"],
        gpu=None if info["gpu"] is None else GpuUse(**info["gpu"]),
        fallback_share=info["fallback_share"],
    )


def extra_info(record: Record, engine_version: str | None) -> dict[str, Any]:
    """What a benchmark's ``extra_info`` holds."""
    return {
        **_asked_for(record.cell),
        "engine_version": engine_version,
        "outcome": str(record.outcome),
        "rows": record.rows,
        "table_rows": record.table_rows,
        "cold_seconds": record.cold_seconds,
        "cold_process": record.cold_process,
        "caches_dropped": record.caches_dropped,
        "load_seconds": record.load_seconds,
        "cpu_seconds": [r.cpu_seconds for r in record.rounds],
        "turns": [r.turn for r in record.rounds],
        "processes": [r.process for r in record.rounds],
        "interleaved": record.interleaved,
        "stopped": record.stopped and str(record.stopped),
        "loops": record.loops,
        "peak_bytes": record.peak_bytes,
        "baseline_bytes": record.baseline_bytes,
        "program_sha256": record.program_sha256,
        "gpu": None if record.gpu is None else asdict(record.gpu),
        "fallback_share": record.fallback_share,
    }


def _asked_for(cell: Cell) -> dict[str, Any]:
    return {
        "workload": cell.workload,
        "query": cell.query,
        "engine": cell.engine,
        "size": cell.size,
        "input": str(cell.input),
        "threads": cell.threads,
    }


def cell_of(told: Mapping[str, Any]) -> Cell:
    """The cell of an entry of ``cells``."""
    source = Input(told["input"])
    return Cell(
        told["workload"], told["query"], told["engine"], told["size"], source, told["threads"]
    )


def _cell(asked: Asked, record: Record) -> dict[str, Any]:
    return {
        **_asked_for(record.cell),
        "outcome": str(record.outcome),
        "reason": record.reason,
        "program_sha256": asked.program.sha256 if asked.program else None,
    }


def _workloads(cells: Any) -> dict[str, Any]:
    workloads: dict[str, Any] = {}
    for asked in cells:
        workload, query = asked.workload, asked.query
        entry = workloads.setdefault(
            workload.name,
            {
                "title": workload.title,
                "file": workload.file.name,
                "notes": list(asked.notes),
                "queries": {},
            },
        )
        entry["queries"][query.name] = {
            "title": query.title,
            "sql": query.sql,
            "plan": asked.planned and asked.planned.plan,
        }
    return workloads


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def write(path: Path, content: Mapping[str, Any]) -> None:
    """Writes a results file whole or not at all. Raises ResultsError where it cannot."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", dir=path.parent, suffix=".part", delete=False, encoding="utf-8"
        ) as file:
            temporary = Path(file.name)
            try:
                json.dump(content, file, indent=1, default=str)
                file.flush()
                os.fsync(file.fileno())
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        raise ResultsError(f"the results cannot be written to {path}: {error.strerror}") from error


def check_writable(folder: Path) -> None:
    """Raises ResultsError, before anything runs, where results could not be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
    except OSError as error:
        reason = error.strerror or error
        raise ResultsError(
            f"results cannot be written to {folder}: {reason}; see --results"
        ) from error
