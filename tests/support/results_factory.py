"""Numbers and names -> results files as the harness writes them, for tests of the report."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Document = dict[str, Any]

ENGINES: dict[str, dict[str, Any]] = {
    "pandas": {"label": "pandas", "colour": "#150458", "language": "python", "version": "3.1.1"},
    "polars": {"label": "Polars", "colour": "#0075ff", "language": "python", "version": "2.1.0"},
    "duckdb": {"label": "DuckDB", "colour": "#fff100", "language": "sql", "version": "2.0.0"},
    "pyarrow": {"label": "PyArrow", "colour": "#d1603d", "language": "python", "version": "26.0.1"},
}
MACHINE = {
    "name": "laptop",
    "cpu": "AMD Ryzen 7 7840U",
    "logical_cores": 16,
    "physical_cores": 8,
    "memory_bytes": 32 * 2**30,
    "system": "Debian GNU/Linux 12",
    "kernel": "6.1.0",
    "python": "3.11.7",
}
TABLE_ROWS = {"small": 10**6, "medium": 10**7, "large": 10**8}
STARTED = "2026-11-20T09:30:00+00:00"


@dataclass(frozen=True)
class Asked:
    """A cell to be written to a results file: its hot rounds' seconds, or outcome and reason.

    ``window`` has the seconds of its windows and the runs in them, of a cell of several clients.
    """

    query: str
    engine: str
    seconds: Sequence[float] = ()
    outcome: str = "ok"
    reason: str = ""
    workload: str = "groupby"
    size: str = "small"
    input: str = "memory"
    threads: int = 2
    memory_limit: int | None = None
    clients: int | None = None
    window: tuple[float, int] | None = None
    cold_seconds: float | None = None
    cores: float = 1.0
    peak_bytes: int = 300 * 2**20
    program: str | None = None

    @property
    def where(self) -> dict[str, Any]:
        names = ("workload", "query", "engine", "size", "input", "threads", "memory_limit")
        return {name: getattr(self, name) for name in (*names, "clients")}

    @property
    def text(self) -> str:
        return self.program or f"def query(t):\n    return t('{self.query}')  # {self.engine}\n"

    @property
    def sha256(self) -> str | None:
        has_none = self.outcome in ("unsupported", "unavailable")
        return None if has_none else hashlib.sha256(self.text.encode()).hexdigest()


def document(
    cells: Sequence[Asked],
    engines: Mapping[str, Mapping[str, Any]] = ENGINES,
    titles: Mapping[str, str] | None = None,
    sql: Mapping[str, str] | None = None,
    started: str = STARTED,
    **fields: Any,
) -> Document:
    """Returns a results file with these cells, as a JSON object.

    ``engines`` are the entries of engines by name. ``titles`` are by a workload's or query's name,
    ``sql`` is by a query's; what is missing there is made up. ``fields`` replace top-level fields.
    """
    used = {cell.engine for cell in cells}
    return {
        "format_version": 1,
        "started": started,
        "finished": started.replace(":30:", ":42:"),
        "interrupted": False,
        "command": "pytest workloads --benchmark",
        "machine": MACHINE,
        "versions": {"enginebench": "0.1", "numpy": "2.4.6"},
        "engines": {
            name: {"unavailable": None, **engine}
            for name, engine in engines.items()
            if name in used
        },
        "workloads": _workloads(cells, titles or {}, sql or {}),
        "programs": {c.sha256: c.text for c in cells if c.sha256 is not None},
        "cells": [
            {**c.where, "outcome": c.outcome, "reason": c.reason, "program_sha256": c.sha256}
            for c in cells
        ],
        "benchmarks": [_benchmark(c, engines) for c in cells if c.outcome == "ok"],
        **fields,
    }


def _workloads(
    cells: Sequence[Asked], titles: Mapping[str, str], sql: Mapping[str, str]
) -> dict[str, Any]:
    workloads: dict[str, Any] = {}
    for cell in cells:
        empty = {"title": titles.get(cell.workload, cell.workload), "queries": {}}
        workload = workloads.setdefault(cell.workload, {**empty, "file": f"{cell.workload}.yaml"})
        workload["queries"][cell.query] = {
            "title": titles.get(cell.query, cell.query),
            "sql": sql.get(cell.query, f"select count(*) as n from {cell.query}"),
            "plan": f"Aggregate n\n└── Scan {cell.query}",
        }
    return workloads


def _benchmark(cell: Asked, engines: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    name = f"{cell.query}[{cell.engine}-{cell.input}-{cell.size}]"
    first = cell.cold_seconds if cell.cold_seconds is not None else cell.seconds[0] * 1.5
    return {
        "name": name,
        "fullname": f"{cell.workload}.yaml::{name}",
        "group": cell.query,
        "stats": {"data": list(cell.seconds), "rounds": len(cell.seconds)},
        "extra_info": {
            **cell.where,
            "outcome": "ok",
            "program_sha256": cell.sha256,
            "engine_version": engines[cell.engine]["version"],
            "rows": 100,
            "table_rows": TABLE_ROWS.get(cell.size),
            "cold_seconds": first,
            "cpu_seconds": [seconds * cell.cores for seconds in cell.seconds],
            "peak_bytes": cell.peak_bytes,
            "baseline_bytes": cell.peak_bytes // 2,
            **dict(zip(("window_seconds", "window_runs"), cell.window or (), strict=False)),
        },
    }


def write(path: Path, content: Document) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


# A whole run with plausible figures, for looking at the page and for measuring its size.

QUERIES: dict[str, list[tuple[str, str, float]]] = {
    "groupby": [
        ("q1", "sum by a string of 100 groups", 0.045),
        ("q2", "sum by two strings", 0.14),
        ("q3", "sum and mean by a string of 100,000 groups", 0.33),
        ("q4", "mean of three columns by an integer", 0.041),
        ("q5", "sum of three columns by an integer", 0.21),
        ("q6", "median and standard deviation", 0.48),
        ("q7", "range of two columns", 0.29),
        ("q8", "largest two by group", 0.81),
        ("q9", "squared correlation by two keys", 0.38),
        ("q10", "sum and count by six keys", 1.15),
    ],
    "join": [
        ("small_inner", "inner join with a small table on an integer", 0.06),
        ("medium_inner", "inner join with a medium table", 0.13),
        ("medium_left", "left join with a medium table", 0.14),
        ("medium_factor", "inner join on a string", 0.19),
        ("big_inner", "inner join of two big tables", 0.92),
    ],
    "etl": [
        ("clean", "parse, filter and write", 0.35),
        ("deduplicate", "keep the last of each key", 0.52),
        ("pivot", "a row for each day, a column for each kind", 0.24),
        ("sessions", "sessions from clicks, by a gap of 30 minutes", 0.77),
        ("enrich", "join two dimensions and derive columns", 0.44),
        ("rollup", "totals by day, week and month", 0.3),
    ],
    "flights": [
        ("delay_by_carrier", "mean delay by airline", 0.012),
        ("worst_days", "days with most cancellations", 0.009),
        ("busiest_routes", "routes by flights", 0.016),
        ("delay_and_weather", "delay by hour and visibility", 0.031),
        ("late_planes", "planes late three times in a row", 0.054),
        ("rank_by_month", "airlines ranked by month", 0.02),
    ],
}
TITLES = {
    "groupby": "Group-by, 10 million rows",
    "join": "Join, 10 million rows",
    "etl": "Extract, transform, load",
    "flights": "New York flights, 2013",
} | {name: title for queries in QUERIES.values() for name, title, _ in queries}
FACTORS = {"pandas": 6.0, "polars": 1.0, "duckdb": 1.25, "pyarrow": 1.9}
CORES = {"pandas": 1.0, "polars": 13.2, "duckdb": 14.5, "pyarrow": 6.1}
MEMORY = {"pandas": 5200, "polars": 1900, "duckdb": 1400, "pyarrow": 2300}
GAPS = {
    ("groupby", "q6", "pyarrow"): ("unsupported", "Acero has no exact median by group"),
    ("groupby", "q8", "pyarrow"): ("unsupported", "not yet: window function row_number"),
    ("groupby", "q10", "pandas"): ("oom", "grew to 25.1 GiB, over the limit of 24 GiB"),
    ("join", "big_inner", "pandas"): ("timeout", "no answer within 60 s; the process was killed"),
    ("etl", "sessions", "pyarrow"): (
        "wrong",
        "session_seconds, row 17: 1800.0, the reference has 1799.0 (3 of 51,200 rows differ)",
    ),
    ("etl", "pivot", "duckdb"): ("error", "BinderException: PIVOT needs a literal list of values"),
    ("flights", "late_planes", "pyarrow"): ("unsupported", "not yet: window function lag"),
    ("flights", "rank_by_month", "pyarrow"): ("skipped", "the run was interrupted first"),
}
SQL = """select id3, sum(v1) as v1, avg(v3) as v3
from t
where v1 > 2 and id1 <> 'id007' -- {name}
group by id3
order by id3"""
PYTHON = """import polars as pl


def query(t):
    return (
        t("t")
        .filter((pl.col("v1") > 2) & (pl.col("id1") != "id007"))  # {name}
        .group_by("id3")
        .agg(v1=pl.col("v1").sum(), v3=pl.col("v3").mean())
        .sort("id3", nulls_last=True)
    )
"""


def realistic(
    sizes: Sequence[str] = ("medium",), inputs: Sequence[str] = ("memory",), rounds: int = 9
) -> Document:
    """Returns a results file of four engines on four workloads, with plausible figures.

    Some cells are wrong, unsupported, skipped, or failed in other ways; the others have so many
    ``rounds``. The run was interrupted.
    """
    cells = list(_realistic_cells(sizes, inputs, rounds))
    sql = {cell.query: SQL.format(name=cell.query) for cell in cells}
    return document(cells, titles=TITLES, sql=sql, interrupted=True)


def _realistic_cells(sizes: Sequence[str], inputs: Sequence[str], rounds: int) -> Iterator[Asked]:
    generator = np.random.default_rng(7)
    for workload, queries in QUERIES.items():
        for at, size in enumerate(sizes):
            for source in inputs:
                for query, _, seconds in queries:
                    for engine in ENGINES:
                        scale = seconds * 8.0**at * (1.0 if source == "memory" else 1.6)
                        yield _realistic_cell(
                            Asked(query, engine, workload=workload, size=size, input=source,
                                  threads=16),
                            scale, generator, rounds,
                        )  # fmt: skip


def _realistic_cell(
    asked: Asked, scale: float, generator: np.random.Generator, rounds: int
) -> Asked:
    template = SQL if ENGINES[asked.engine]["language"] == "sql" else PYTHON
    outcome, reason = GAPS.get((asked.workload, asked.query, asked.engine), ("ok", ""))
    typical = scale * FACTORS[asked.engine] * generator.lognormal(0, 0.35)
    noise = generator.lognormal(0, 0.05, rounds) + generator.exponential(0.02, rounds)
    values = {
        "seconds": [float(f"{typical * each:.6f}") for each in noise] if outcome == "ok" else (),
        "outcome": outcome,
        "reason": reason,
        "cold_seconds": round(float(typical * generator.uniform(1.1, 2.5)), 6),
        "cores": CORES[asked.engine] * float(generator.uniform(0.7, 1.0)),
        "peak_bytes": int(MEMORY[asked.engine] * generator.uniform(0.7, 1.2) * 2**20),
        "program": template.format(name=f"{asked.query}, {asked.engine}, {asked.input}"),
    }
    return Asked(**{**asked.__dict__, **values})
