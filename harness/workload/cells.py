"""Makes the cells of a workload file: each with its program, or with the reason for having none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path

import harness.engines
from harness.data.cache import Cache
from harness.data.identity import Identities, of_workload
from harness.data.prepare import changes, prepare
from harness.data.prepare import schemas as table_schemas
from harness.engines import training
from harness.engines.base import Clients
from harness.engines.session import Program
from harness.errors import DataUnavailable, Unsupported, WorkerError, WorkloadError
from harness.outcome import Cell, Outcome
from harness.tables import Input
from harness.workload.advice import advised
from harness.workload.compiler import Compiler, Schemas, engines_of
from harness.workload.file import Query, Workload, load
from harness.workload.reader import Reader
from harness.workload.requests import Planned
from harness.workload.sample import sample


@dataclass(frozen=True)
class Selection:
    """What the command line selects: engines, sizes, inputs, and the values of axes.

    Without ``inputs``, they are those that the workload file names. ``memory_limits`` (bytes) are
    fields of cells if there are several, ``clients`` if there is another number than one; else
    there is only None.
    """

    engines: tuple[str, ...]
    sizes: tuple[str, ...]
    threads: tuple[int, ...]
    inputs: tuple[Input, ...] = ()
    sampled: bool = False
    """Only a sample of the queries over generated data."""
    memory_limits: tuple[int | None, ...] = (None,)
    clients: tuple[int | None, ...] = (None,)


@dataclass(frozen=True)
class CompiledCell:
    """One cell with its program; or, without one, with its outcome and the reason.

    ``files`` identify the user's files at the time of compilation, which depends on their
    contents; ``notes`` say what the tables leave out of these files, or change.
    """

    cell: Cell
    workload: Workload
    query: Query
    planned: Planned | None
    program: Program | None = None
    outcome: Outcome | None = None
    reason: str = ""
    notes: tuple[str, ...] = ()
    files: Identities = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if (self.program is None) != (self.outcome is not None and self.reason != ""):
            raise ValueError(f"{self.cell}: either a program, or an outcome and its reason")


@dataclass(frozen=True)
class Collected:
    """The cells of a workload file, and what is wrong with its invalid queries.

    ``left_out`` is the number of queries that are not in the sample.
    """

    cells: list[CompiledCell]
    wrong: dict[str, WorkloadError]
    notes: list[str]
    left_out: int = 0


def compiled_cells(file: Path, selection: Selection, reader: Reader, cache: Cache) -> Collected:
    """Returns the cells of a workload file, by query, then by engine, and what is wrong in queries.

    Raises WorkloadError, with file and line, where the file is wrong; DataError where a table
    cannot be read. An invalid query has no cells; the others have theirs. ``reader`` is the process
    that compiles; ``cache`` holds the tables.
    """
    workload = load(file)
    count = len(workload.queries)
    if selection.sampled:
        workload = sample(workload)
    cells: list[CompiledCell] = []
    wrong: dict[str, WorkloadError] = {}
    notes: list[str] = []
    compiler = Compiler(workload, reader)
    for size in dict.fromkeys(workload.size(size) for size in selection.sizes):
        cells += _of_size(compiler, size, selection, cache, wrong)
        notes = [*changes(workload, size, cache), *_by_hand(workload, selection)]
    cells.sort(key=lambda one: workload.queries.index(one.query))
    noted = [replace(cell, notes=tuple(notes)) for cell in cells]
    return Collected(noted, wrong, notes, count - len(workload.queries))


def _by_hand(workload: Workload, selection: Selection) -> Iterator[str]:
    """Yields a note for the user on each hand-written program that the selected engines run."""
    for query in workload.queries:
        for name in selection.engines:
            for function in query.native.get(harness.engines.get(name).name, {}).values():
                yield f"{query.name}: {function} is written by hand, for {name}"


def _of_size(
    compiler: Compiler,
    size: str,
    selection: Selection,
    cache: Cache,
    wrong: dict[str, WorkloadError],
) -> Iterator[CompiledCell]:
    """Yields the cells of one size; adds to ``wrong`` what is wrong with queries, by their name."""
    workload = compiler.workload
    files = of_workload(workload)  # taken before the files are read
    try:
        schemas = table_schemas(workload, size, cache)
        reason = ""
        wrong |= _advised(compiler.check(schemas), workload, size, cache)
    except DataUnavailable as error:
        schemas, reason = {}, str(error)
    judges: dict[str, tuple[str, str]] = {}
    for cell, query, own in _cells(workload, size, selection):
        if query.name in wrong:
            continue
        if reason:
            yield CompiledCell(cell, workload, query, None, None, Outcome.UNAVAILABLE, reason)
        else:
            compiled = replace(_compiled(cell, compiler, query, schemas, own), files=files)
            yield compiled if query.sql else _judged(compiled, judges)


def _judged(compiled: CompiledCell, judges: dict[str, tuple[str, str]]) -> CompiledCell:
    """Returns a cell of a query without SQL, with the query's judge in its AnswerSpec.

    The judge is the query's first program that can run; ``judges`` holds it by the query's name.
    """
    if compiled.program is None or compiled.planned is None:
        return compiled
    one = compiled.cell.engine, compiled.program.sha256
    judge = judges.setdefault(compiled.query.name, one)
    spec = replace(compiled.planned.spec, judge=judge)
    return replace(compiled, planned=replace(compiled.planned, spec=spec))


def _advised(
    wrong: Mapping[str, WorkloadError], workload: Workload, size: str, cache: Cache
) -> dict[str, WorkloadError]:
    """Returns the errors of queries, with advice from what the user's tables look like."""
    if not wrong or workload.data is not None:
        return dict(wrong)
    tables = prepare(workload, size, Input.MEMORY, cache).tables
    return {
        name: advised(error, workload.query(name).sql, tables, workload.tables)
        for name, error in wrong.items()
    }


def _cells(
    workload: Workload, size: str, selection: Selection
) -> Iterator[tuple[Cell, Query, str]]:
    """Yields each cell with its query, and the user's own program that it runs, or ""."""
    for source in selection.inputs or workload.inputs:
        for query in workload.queries:
            for swept in product(selection.threads, selection.memory_limits, selection.clients):
                for engine, own in engines_of(query, selection.engines):
                    yield Cell(workload.name, query.name, engine, size, source, *swept), query, own


def _compiled(
    cell: Cell, compiler: Compiler, query: Query, schemas: Schemas, own: str
) -> CompiledCell:
    planned = compiler.query(query, schemas)
    program = _program(cell, compiler, query, schemas, own)
    if isinstance(program, Program):
        return CompiledCell(cell, compiler.workload, query, planned, program)
    return CompiledCell(cell, compiler.workload, query, planned, None, *program)


def _not_at_once(clients: Clients, query: Query) -> str:
    """Returns why several clients cannot run a query at once; "" if they can."""
    if query.write is not None:
        return "clients that run at once would write one file"
    if query.train is not None:
        return "clients that run at once train no models"
    return "" if clients.sharing else str(clients)


def _program(
    cell: Cell, compiler: Compiler, query: Query, schemas: Schemas, own: str
) -> Program | tuple[Outcome, str]:
    """Returns the cell's program, or its outcome and reason if it has none."""
    engine = harness.engines.get(cell.engine)
    if reason := engine.unavailable():
        return Outcome.UNAVAILABLE, reason
    if query.train is not None and (reason := training.unavailable()):
        return Outcome.UNAVAILABLE, reason
    if cell.clients and (reason := _not_at_once(engine.clients, query)):
        return Outcome.UNSUPPORTED, reason
    try:
        return compiler.program(query, schemas, cell.engine, cell.input, own)
    except Unsupported as error:
        return Outcome.UNSUPPORTED, str(error)
    except Exception as error:  # an emitter's bug costs one cell, not the file
        kind = "" if isinstance(error, WorkerError) else f"{type(error).__name__}: "
        return Outcome.ERROR, f"the harness failed to compile this: {kind}{error}"
