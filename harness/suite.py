"""Workload files and a selection -> every cell asked, with its program or why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import harness.engines
from harness import plan
from harness.data.prepare import schemas as table_schemas
from harness.engines.base import Engine, Program
from harness.errors import DataUnavailable, Unsupported, WorkloadError
from harness.outcome import Cell, Outcome
from harness.tables import CsvFormat, Input, Table
from harness.types import Schema
from harness.workload import Query, Workload, load


@dataclass(frozen=True)
class Selection:
    """What to run of each workload. Empty ``inputs`` stands for the workload's own."""

    engines: tuple[str, ...]
    sizes: tuple[str, ...]
    threads: int
    inputs: tuple[Input, ...] = ()


@dataclass(frozen=True)
class Asked:
    """One cell: either a program to run, or the outcome that is known before, and its reason."""

    cell: Cell
    workload: Workload
    query: Query
    compiled: plan.Query | None
    program: Program | None = None
    outcome: Outcome | None = None
    reason: str = ""


def asked(file: Path, selection: Selection) -> list[Asked]:
    """All cells of one workload file, query by query, engines innermost.

    Raises WorkloadError, with file and line, where the file or a query in it is wrong.
    """
    workload = load(file)
    sizes = dict.fromkeys(workload.size(size) for size in selection.sizes)
    engines = {name: harness.engines.get(name) for name in selection.engines}
    cells = []
    for size in sizes:
        for source in selection.inputs or workload.inputs:
            cells += _of_size(workload, size, source, engines, selection.threads)
    return sorted(cells, key=lambda a: workload.queries.index(a.query))


def _of_size(
    workload: Workload, size: str, source: Input, engines: Mapping[str, Engine], threads: int
) -> list[Asked]:
    try:
        schemas = table_schemas(workload, size)
    except DataUnavailable as error:
        return [
            Asked(
                Cell(workload.name, query.name, name, size, source, threads),
                workload,
                query,
                None,
                outcome=Outcome.UNAVAILABLE,
                reason=str(error),
            )
            for query in workload.queries
            for name in engines
        ]
    tables = described(workload, schemas)
    cells = []
    for query in workload.queries:
        compiled = compiled_query(workload, query, schemas)
        for name, engine in engines.items():
            cell = Cell(workload.name, query.name, name, size, source, threads)
            cells.append(_with_program(cell, workload, query, compiled, engine, tables))
    return cells


def described(workload: Workload, schemas: Mapping[str, Schema]) -> dict[str, Table]:
    """The tables as far as a program's text depends on them: no rows are read or made for this."""
    formats = {name: table.csv_format for name, table in workload.tables.items()}
    return {
        name: Table(name, schema, rows=0, csv_format=formats.get(name, CsvFormat()))
        for name, schema in schemas.items()
    }


def compiled_query(workload: Workload, query: Query, schemas: Mapping[str, Schema]) -> plan.Query:
    """A query's plan. Raises WorkloadError, at its place in the file, where the SQL is wrong."""
    try:
        return plan.compile_query(query.sql, schemas, tolerance=query.tolerance, write=query.write)
    except WorkloadError as error:
        message = f"query {query.name!r}: {error.message}"
        raise WorkloadError(message, workload.file, query.sql_line) from None


def _with_program(
    cell: Cell,
    workload: Workload,
    query: Query,
    compiled: plan.Query,
    engine: Engine,
    tables: Mapping[str, Table],
) -> Asked:
    if reason := engine.unavailable():
        return Asked(cell, workload, query, compiled, outcome=Outcome.UNAVAILABLE, reason=reason)
    try:
        program = program_of(workload, query, compiled, engine, tables, cell.input)
    except Unsupported as error:
        return Asked(
            cell, workload, query, compiled, outcome=Outcome.UNSUPPORTED, reason=str(error)
        )
    return Asked(cell, workload, query, compiled, program)


def program_of(
    workload: Workload,
    query: Query,
    compiled: plan.Query,
    engine: Engine,
    tables: Mapping[str, Table],
    source: Input,
) -> Program:
    """The program for one engine: the hand-written one that the file names, else the compiled one.

    Raises Unsupported where the query cannot be spelt for the engine.
    """
    native = query.native.get(engine.name)
    if native is None:
        return engine.compile(compiled, tables, source)
    file, _, function = native.rpartition(":")
    text = (workload.file.parent / file).read_text(encoding="utf-8").rstrip()
    entry = "" if function == "query" else f"\n\n\nquery = {function}"
    return Program(f"{text}{entry}\n", "python")


def workload_files(paths: Sequence[Path]) -> list[Path]:
    """The workload files at these paths: files themselves, and all YAML files of folders."""
    files: list[Path] = []
    for path in paths:
        files += sorted(path.glob("*.y*ml")) if path.is_dir() else [path]
    return files
