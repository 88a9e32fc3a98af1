"""A `Comparison` -> the data of the page: an outline in JSON, columns of numbers, and texts.

The page's scripts compute with the data, and its reader can download all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC
from functools import cache
from statistics import median
from typing import Any

import numpy as np

from harness.records.limits import clients_name, limit_name
from harness.records.medians import TIE_MARGIN
from report.compare.comparison import Comparison, EstimatedCell, Task, estimates_of
from report.compare.metrics import METRICS, Metric
from report.compare.statistics import NORMAL_QUANTILE, PENALTY, Estimate
from report.compare.verdicts import MUCH_MEMORY, NOTABLE
from report.page.blocks import Numbers, numbers
from report.read.extras import EXTRAS
from report.read.frame import EngineVersion, ResultCell, Results, Setting
from report.read.sources import RunFile
from report.words import names
from report.words.change_wording import PROBE_MARGIN
from report.words.names import EngineColumn

DIGITS = 6
SINGLES: Mapping[str, Callable[[ResultCell], float | None]] = {
    "baseline_bytes": lambda cell: cell.baseline_bytes,
    "rows": lambda cell: cell.rows,
}
"""Numbers of a cell that are no metric, by name."""


class Payload:
    """The data of one page, in which cells, tasks, engines and so on are numbered."""

    def __init__(
        self,
        results: Results,
        comparison: Comparison,
        columns: Sequence[EngineColumn],
        quieter: Mapping[int, ResultCell],
    ) -> None:
        """Takes the results in view, and the engines in the order of the page (``columns``).

        ``quieter`` has, by index of a noisy cell in `Results.cells`, an earlier, less noisy one.
        """
        self._results, self._comparison, self._columns = results, comparison, columns
        self._entries: list[tuple[Task, EstimatedCell]] = [
            (task, entry) for task in comparison.tasks for entry in task.entries.values()
        ]
        self._cells = [entry.cell for _, entry in self._entries]
        queries = dict.fromkeys((task.setting.workload, task.query) for task in comparison.tasks)
        self._queries = {query: at for at, query in enumerate(queries)}
        self._older = _older(results, comparison, {column.engine for column in columns})
        self._places = {id(cell): at for at, (_, cell) in enumerate(self._older)}
        self._replaced = {id(results.cells[at]): cell for at, cell in quieter.items()}
        both = [*self._cells, *(cell for _, cell in self._older)]
        self._reasons = _places(cell.reason for cell in both)
        self._outcomes = _places(["ok", *(cell.outcome for cell in both)])
        self._programs = _places(
            cell.program_sha256 for cell in self._cells if cell.program_sha256 is not None
        )
        self._extras = [
            each for each in EXTRAS if any(each.of(cell) is not None for cell in self._cells)
        ]
        self._runs = {id(run.file): at for at, run in enumerate(results.runs)}

    def outline(self) -> dict[str, Any]:
        """Returns names, labels and constants: all that is neither a column nor a long text."""
        settings = self._comparison.settings
        machines = len({setting.machine for setting in settings})
        on_gpu = {cell.engine for cell in self._cells if cell.extras and cell.extras.gpu}
        return {
            "penalty": PENALTY,
            "normal_quantile": NORMAL_QUANTILE,
            "tie_margin": TIE_MARGIN,
            "notable": NOTABLE,
            "much_memory": MUCH_MEMORY,
            "probe_margin": PROBE_MARGIN,
            "metrics": [_metric(metric) for metric in METRICS],
            "engines": [
                {
                    **_engine(column),
                    "family": names.readable(self._results.engines[column.engine.name].label),
                    "gpu": column.engine in on_gpu,
                }
                for column in self._columns
            ],
            "settings": [self._setting(each, machines) for each in settings],
            "queries": [self._query(*query) for query in self._queries],
            "outcomes": [{"name": o, "text": names.outcome(o)} for o in self._outcomes],
            "reasons": list(self._reasons),
            "runs": _runs(self._results.runs, machines),
            "extras": [
                {"name": e.name, "label": e.label, "unit": e.unit, "words": e.words}
                for e in self._extras
            ],
        }

    def numbers(self) -> dict[str, Numbers]:
        """Returns the numbers of the page by what they are of: ``cells``, ``rounds``, ``older``.

        Of each kind they are columns by name; ``older`` are of cells that were measured anew.
        """
        blocks = {"cells": self._cell_numbers(), "rounds": self._round_numbers()}
        return {**blocks, "older": self._older_numbers()}

    def _cell_numbers(self) -> Numbers:
        """Returns columns by name, most with a value for each cell in view, task after task.

        Those of the tasks have one for each task; those of the errors of ratios, for each pair.
        """
        settings = {setting: at for at, setting in enumerate(self._comparison.settings)}
        engines = {column.engine: column.index for column in self._columns}
        tasks = self._comparison.tasks
        return {
            "task_setting": _integers(settings[task.setting] for task in tasks),
            "task_query": _integers(
                self._queries[task.setting.workload, task.query] for task in tasks
            ),
            "task": _integers(task.index for task, _ in self._entries),
            "engine": _integers(engines[cell.engine] for cell in self._cells),
            "outcome": _integers(self._outcomes[cell.outcome] for cell in self._cells),
            "reason": _integers(self._reasons[cell.reason] for cell in self._cells),
            "run": _integers(self._run_of(cell) for cell in self._cells),
            "quieter": _integers(self._quieter(entry) for _, entry in self._entries),
            "program": _integers(
                -1 if cell.program_sha256 is None else self._programs[cell.program_sha256]
                for cell in self._cells
            ),
            **_estimates([entry.estimates for _, entry in self._entries]),
            **_pairs(tasks),
            **{name: numbers([take(cell) for cell in self._cells])
               for name, take in SINGLES.items()},
            **{each.name: numbers([each.of(cell) for cell in self._cells])
               for each in self._extras},
        }  # fmt: skip

    def _older_numbers(self) -> Numbers:
        """Returns columns by name, with a value for each cell that a newer run replaced."""
        engines = {column.engine: column.index for column in self._columns}
        cells = [cell for _, cell in self._older]
        found = [estimates_of(cell) for cell in cells]
        return {
            "task": _integers(task for task, _ in self._older),
            "engine": _integers(engines[cell.engine] for cell in cells),
            "outcome": _integers(self._outcomes[cell.outcome] for cell in cells),
            "reason": _integers(self._reasons[cell.reason] for cell in cells),
            "run": _integers(self._run_of(cell) for cell in cells),
            **_estimates(found),
        }  # fmt: skip

    def _round_numbers(self) -> Numbers:
        """Returns columns by name, with the rounds of all cells in view, cell after cell.

        The columns ``rounds`` and ``turns`` have a value for each cell: how many values of the
        other columns are its own.
        """
        cells = self._cells
        return {
            "rounds": _integers(len(cell.seconds) for cell in cells),
            "turns": _integers(len(cell.turns) for cell in cells),
            "seconds": _singles(value for cell in cells for value in cell.seconds),
            "cpu_seconds": _singles(value for cell in cells for value in cell.cpu_seconds),
            "turn": _integers(value for cell in cells for value in cell.turns),
        }  # fmt: skip

    def texts(self) -> dict[str, Any]:
        """Returns the long texts: SQL and plan of each query, and programs with their SHA-256."""
        queries = [self._results.workloads[w].queries[query] for w, query in self._queries]
        return {
            "queries": [{"sql": entry.sql, "plan": entry.plan} for entry in queries],
            "programs": [
                {"sha256": sha, "text": self._results.programs[sha]} for sha in self._programs
            ],
        }  # fmt: skip

    def _quieter(self, entry: EstimatedCell) -> int:
        """Returns where an earlier run's cell with a much smaller error stands; -1 without one.

        It is the same query on the same engine; its place is an index into `_older_numbers`.
        """
        earlier = self._replaced.get(id(entry.cell))
        return -1 if earlier is None else self._places[id(earlier)]

    def _setting(self, setting: Setting, machines: int) -> dict[str, Any]:
        workload = self._results.workloads[setting.workload]
        label = names.setting(setting, machines)
        rows = workload.sizes.get(setting.size)
        return {
            **asdict(setting),
            "memory_limit": limit_name(setting.memory_limit),
            "limit_bytes": setting.memory_limit,
            "clients": clients_name(setting.clients),
            "title": names.readable(workload.title),
            "file": workload.file,
            "label": label,
            "table_rows": rows,
        }

    def _query(self, workload: str, name: str) -> dict[str, Any]:
        title = self._results.workloads[workload].queries[name].title
        return {"workload": workload, "name": name, "title": title}

    def _run_of(self, cell: ResultCell) -> int:
        return self._runs[cell.run]


def _older(
    results: Results, comparison: Comparison, engines: Collection[EngineVersion]
) -> list[tuple[int, ResultCell]]:
    """Returns the cells that a newer run replaced, each as (index of its task, cell).

    Cells of other engines than ``engines``, or of a task that is not in view, are left out.
    """
    tasks = {(task.setting, task.query): task.index for task in comparison.tasks}
    return [
        (tasks[cell.setting, cell.query], cell)
        for cell in results.superseded
        if (cell.setting, cell.query) in tasks and cell.engine in engines
    ]


def _estimates(found: Sequence[Mapping[str, Estimate]]) -> dict[str, Any]:
    """Returns columns by name, with a number for each cell in ``found``: estimates by metric.

    A metric has a column of values and, if it is measured in rounds, columns of the intervals' ends
    and of the errors.
    """
    columns: dict[str, Any] = {}
    for metric in METRICS:
        own = [estimates.get(metric.name) for estimates in found]
        columns[metric.name] = numbers([_rounded(each.value) if each else None for each in own])
        if metric.samples is not None:
            for part in ("low", "high", "log_error"):
                values = numbers([getattr(each, part) if each else None for each in own])
                columns[f"{metric.name}_{part}"] = values.astype(np.float32)
    return columns


def _pairs(tasks: Sequence[Task]) -> dict[str, Any]:
    """Returns a column for each metric with rounds: the errors of log ratios of pairs of cells.

    It has all pairs of the first task, then of the second, and so on. The pairs of a task are its
    first cell with each later cell, then its second with each later one, and so on.
    """
    columns: dict[str, list[Any]] = {}
    for task in tasks:
        above = _above_diagonal(len(task.entries))
        for name, errors in task.errors.items():
            columns.setdefault(f"{name}_pairs", []).append(errors[above])
    return {name: np.concatenate(parts).astype(np.float32) for name, parts in columns.items()}


@cache
def _above_diagonal(size: int) -> tuple[Any, Any]:
    return np.triu_indices(size, 1)


def _runs(runs: Iterable[RunFile], machines: int) -> list[dict[str, Any]]:
    """Returns the runs as JSON for the page; an ``id`` that several have gets their place, too."""
    found = [_run(run, machines) for run in runs]
    count = Counter(run["id"] for run in found)
    for place, run in enumerate(found):
        run["id"] += f" {place}" if count[run["id"]] > 1 else ""
    return found


def _run(run: RunFile, machines: int) -> dict[str, Any]:
    """Returns a run as JSON for the page; ``id`` is for the page's URL.

    ``probe`` is the median of the probe's seconds. ``machines`` is the number of machines in the
    report: if there are several, the label has the machine's name.
    """
    machine, started, noise = run.machine.name, run.file.started, run.file.noise
    label = f"{started.astimezone(UTC):%Y-%m-%d %H:%M}"
    probes = noise.probe_seconds if noise is not None else ()
    return {
        "probe": median(probes) if probes else None,
        "id": f"{started.isoformat()} {machine}",
        "started": started.isoformat(),
        "machine": machine,
        "label": names.readable(f"{label} {machine}" if machines > 1 else label),
    }


def _places(values: Iterable[str]) -> dict[str, int]:
    return {value: at for at, value in enumerate(dict.fromkeys(values))}


def _integers(values: Iterable[int]) -> Any:
    return np.fromiter(values, dtype=np.int32)


def _singles(values: Iterable[float]) -> Any:
    return np.fromiter(values, dtype=np.float32)


def _metric(metric: Metric) -> dict[str, Any]:
    fields = ("name", "label", "unit", "superlative", "more", "explanation")
    return {name: getattr(metric, name) for name in fields}


def _engine(column: EngineColumn) -> dict[str, Any]:
    return {
        "id": column.id,
        "name": column.engine.name,
        "label": column.label,
        "version": column.engine.version,
        "language": column.language,
        **asdict(column.shades),
    }


def _rounded(value: float) -> float:
    """Returns a value to six significant digits: finer than clocks, and easy to compress."""
    return float(f"{value:.{DIGITS}g}")
