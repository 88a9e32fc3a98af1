"""A `Comparison` -> the JSON that the page's scripts compute with and its reader downloads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from report import names
from report.comparison import Comparison, Entry, Task
from report.frame import Engine, Results
from report.metrics import METRICS
from report.names import Column
from report.statistics import FEWEST_ROUNDS, PENALTY, Estimate, ranks

DIGITS = 6


def payload(results: Results, comparison: Comparison, columns: Sequence[Column]) -> dict[str, Any]:
    """Cells, tasks and engines refer to each other by their place in these lists."""
    place = {column.engine: column.index for column in columns}
    settings = {setting: at for at, setting in enumerate(comparison.settings)}
    machines = len({setting.machine for setting in settings})
    entries = [(task, entry) for task in comparison.tasks for entry in task.entries.values()]
    return {
        "penalty": PENALTY,
        "metrics": [_metric(metric) for metric in METRICS],
        "engines": [_engine(column) for column in columns],
        "settings": [
            {**asdict(s), "title": results.workloads[s.workload].title,
             "label": names.setting(s, machines)}
            for s in settings
        ],
        "tasks": [
            {"setting": settings[task.setting], "query": task.query,
             "cells": [entry.index for entry in task.entries.values()]}
            for task in comparison.tasks
        ],
        "cells": [_cell(task, entry, place) for task, entry in entries],
        "ranks": _ranks(entries),
    }  # fmt: skip


def _metric(metric: Any) -> dict[str, Any]:
    kept = ("name", "label", "unit", "shift", "superlative", "explanation")
    return {name: getattr(metric, name) for name in kept}


def _engine(column: Column) -> dict[str, Any]:
    return {
        "id": column.id,
        "name": column.engine.name,
        "label": column.label,
        "version": column.engine.version,
        **asdict(column.shades),
    }


def _cell(task: Task, entry: Entry, place: Mapping[Engine, int]) -> dict[str, Any]:
    cell = entry.cell
    numbers = {
        "rows": cell.rows,
        "seconds": [_rounded(value) for value in cell.seconds],
        "cpu_seconds": [_rounded(value) for value in cell.cpu_seconds],
        **({"turns": cell.turns} if cell.turns else {}),
        "cold_seconds": _rounded(cell.cold_seconds),
        "peak_bytes": cell.peak_bytes,
        "baseline_bytes": cell.baseline_bytes,
        "estimates": {name: _estimate(each) for name, each in entry.estimates.items()},
    }
    return {
        "task": task.index,
        "engine": place[cell.engine],
        "outcome": cell.outcome,
        **({} if cell.outcome == "ok" else {"reason": cell.reason}),
        "started": cell.started.isoformat(),
        "program_sha256": cell.program_sha256,
        **(numbers if cell.outcome == "ok" else {}),
    }


def _estimate(estimate: Estimate) -> list[float | None]:
    """Value, low, high and log error; the value alone where no spread is known."""
    numbers = [estimate.value, estimate.low, estimate.high, estimate.log_error]
    return [_rounded(number) for number in (numbers if estimate.low is not None else numbers[:1])]


def _ranks(entries: Iterable[tuple[Task, Entry]]) -> list[tuple[int, float] | None]:
    """By a number of rounds: the outer rank and the quantile that tell a median's error."""
    most = max((len(entry.cell.seconds) for _, entry in entries), default=0)
    known = [ranks(count) for count in range(FEWEST_ROUNDS, most + 1)]
    return [None] * FEWEST_ROUNDS + [(each.outer, _rounded(each.quantile) or 0.0) for each in known]


def _rounded(value: float | None) -> float | None:
    """Six significant digits: finer than any clock here, and half the page's size."""
    return None if value is None else float(f"{value:.{DIGITS}g}")
