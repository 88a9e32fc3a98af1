"""Results files -> `Results`: the cells in view, the cells they superseded, and what names mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from harness.records.cells import BenchmarkEntry, CellEntry, ExtraInfo
from harness.records.files import ResultsFile
from harness.records.runs import QueryEntry
from report.read.sources import RunFile, Sources, Unread, read_all


@dataclass(frozen=True)
class Setting:
    """What all engines that are compared on a query have in common.

    ``memory_limit`` (bytes) is None unless the run measured several limits, ``clients`` unless it
    measured several clients.
    """

    machine: str
    workload: str
    size: str
    input: str
    threads: int
    memory_limit: int | None = None
    clients: int | None = None


@dataclass(frozen=True)
class EngineVersion:
    """One engine in one version. ``version`` is None where the engine was not installed."""

    name: str
    version: str | None


@dataclass(frozen=True)
class ResultCell:
    """One query on one engine in one setting, from one run.

    ``run`` is the same number for all cells of a results file, and for no others: two runs may have
    begun in one second on machines of one name.
    ``seconds`` and ``cpu_seconds`` hold one number for each hot round, in the order run; they are
    empty unless the outcome is ok. ``turns`` holds the turn in which each round was run, if the
    engines of a query took turns. ``processes`` is the number of processes that ran the rounds, one
    after another; it is fewer if their shares were unequal. ``extras`` is what else the results
    file says of a timed cell.
    """

    setting: Setting
    query: str
    engine: EngineVersion
    started: datetime
    outcome: str
    reason: str = ""
    program_sha256: str | None = None
    seconds: tuple[float, ...] = ()
    cpu_seconds: tuple[float, ...] = ()
    cold_seconds: float | None = None
    peak_bytes: int | None = None
    baseline_bytes: int | None = None
    rows: int | None = None
    turns: tuple[int, ...] = ()
    processes: float = 1
    run: int = 0
    extras: ExtraInfo | None = None

    @property
    def key(self) -> tuple[Setting, str, EngineVersion]:
        return self.setting, self.query, self.engine


@dataclass(frozen=True)
class EngineStyle:
    """How an engine is shown: its label and colour, from its newest run.

    ``clients`` says what several clients of it are, if a run had such. ``installed_bytes`` is the
    size of its library, with what that requires, on the disk.
    """

    label: str
    colour: str
    language: str
    note: str | None = None
    clients: str | None = None
    installed_bytes: int | None = None


@dataclass(frozen=True)
class ShownWorkload:
    """A workload as its newest run has it, and with queries and sizes that only older runs have.

    ``sizes`` holds, by size, the number of rows of all tables together.
    """

    title: str
    file: str
    queries: dict[str, QueryEntry]
    sizes: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Results:
    """All that the report shows. Runs are sorted newest first.

    ``cells`` are those in view: of each query, setting and engine the newest. ``superseded`` are
    older cells for which ``cells`` has a newer one. ``outdated`` are cells whose
    query has other SQL in a newer run, so that they can be compared with nothing in view.
    ``unread`` are files that could not be used.
    """

    runs: tuple[RunFile, ...]
    cells: tuple[ResultCell, ...]
    superseded: tuple[ResultCell, ...]
    outdated: tuple[ResultCell, ...]
    engines: dict[str, EngineStyle]
    workloads: dict[str, ShownWorkload]
    programs: dict[str, str]
    unread: tuple[Unread, ...] = ()


def load(paths: Sequence[Path]) -> Results:
    """Returns the merged results of files; of cells with an equal `key`, the newest is in view.

    Files that cannot be used are left out; `read_all` says when that is an error.
    """
    return merge(read_all(paths))


def merge(sources: Sources) -> Results:
    """Returns all that the report shows, merged from runs that are given newest first."""
    runs = sources.runs
    workloads = _workloads(runs)
    current, outdated = _split_by_sql(runs, workloads)
    cells, superseded = _newest(current)
    return Results(
        runs=runs,
        cells=cells,
        superseded=superseded,
        outdated=outdated,
        engines={
            name: EngineStyle(
                engine.label,
                engine.colour,
                engine.language,
                engine.note,
                engine.clients,
                engine.installed_bytes,
            )
            for run in reversed(runs)
            for name, engine in run.file.engines.items()
        },
        workloads=workloads,
        programs={sha: text for run in runs for sha, text in run.file.programs.items()},
        unread=sources.unread,
    )


def _workloads(runs: Sequence[RunFile]) -> dict[str, ShownWorkload]:
    merged: dict[str, ShownWorkload] = {}
    for run in runs:
        for name, entry in run.file.workloads.items():
            newest = merged.setdefault(name, ShownWorkload(entry.title, entry.file, {}))
            for query, text in entry.queries.items():
                newest.queries.setdefault(query, text)
        for timed in run.file.benchmarks:
            info = timed.extra_info
            if info.table_rows is not None:
                merged[info.workload].sizes.setdefault(info.size, info.table_rows)
    return merged


def _split_by_sql(
    runs: Sequence[RunFile], workloads: dict[str, ShownWorkload]
) -> tuple[list[ResultCell], tuple[ResultCell, ...]]:
    """Returns the cells whose query has the newest run's SQL, and the cells with an older SQL."""
    current: list[ResultCell] = []
    outdated: list[ResultCell] = []
    for run in runs:
        for cell in cells_of(run.file):
            written = run.file.workloads[cell.setting.workload].queries[cell.query].sql
            newest = workloads[cell.setting.workload].queries[cell.query].sql
            (current if written == newest else outdated).append(cell)
    return current, tuple(outdated)


def _newest(cells: Iterable[ResultCell]) -> tuple[tuple[ResultCell, ...], tuple[ResultCell, ...]]:
    """Returns the newest cell of each key, and all other cells; cells are given newest first.

    A cell of an engine that was not installed has no version. It counts for any version, and is
    replaced by a cell that has one.
    """
    first: dict[tuple[Setting, str, EngineVersion], ResultCell] = {}
    rest: list[ResultCell] = []
    for cell in cells:
        if first.setdefault(cell.key, cell) is not cell:
            rest.append(cell)
    versioned = {(s, q, engine.name) for s, q, engine in first if engine.version is not None}
    view: list[ResultCell] = []
    for cell in first.values():
        yields = cell.engine.version is None
        yields = yields and (cell.setting, cell.query, cell.engine.name) in versioned
        (rest if yields else view).append(cell)
    return tuple(view), tuple(rest)


def cells_of(file: ResultsFile) -> Iterator[ResultCell]:
    """Yields the cells of one file, in its order."""
    timed = {entry.extra_info.key: entry for entry in file.benchmarks}
    for entry in file.cells:
        yield _cell(file, entry, timed.get(entry.key))


def _cell(file: ResultsFile, entry: CellEntry, timed: BenchmarkEntry | None) -> ResultCell:
    where = entry.size, entry.input, entry.threads, entry.memory_limit, entry.clients
    setting = Setting(file.machine.name, entry.workload, *where)
    version = file.engines[entry.engine].version
    if timed is None:
        engine = EngineVersion(entry.engine, version)
        return ResultCell(
            setting, entry.query, engine, file.started,
            entry.outcome, entry.reason, entry.program_sha256, run=id(file),
        )  # fmt: skip
    info = timed.extra_info
    return ResultCell(
        setting=setting,
        query=entry.query,
        engine=EngineVersion(entry.engine, info.engine_version or version),
        started=file.started,
        outcome=entry.outcome,
        program_sha256=entry.program_sha256,
        seconds=timed.stats.data,
        cpu_seconds=info.cpu_seconds,
        cold_seconds=info.cold_seconds,
        peak_bytes=info.peak_bytes,
        baseline_bytes=info.baseline_bytes,
        rows=info.rows,
        turns=info.turns or (),
        processes=info.even_processes,
        run=id(file),
        extras=info,
    )
