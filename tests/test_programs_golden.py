"""The programs that engines are given, as text: one file for each engine and query.

``UPDATE_GOLDEN=1 python -m pytest tests/test_programs_golden.py`` writes them anew; read the
difference as a user of that library would.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest

from harness import engines
from harness.compiler import Compiler
from harness.data.prepare import schemas
from harness.tables import Input
from harness.workload import load
from tests.in_process import installed

HERE = Path(__file__).parent
WORKLOADS = HERE.parent / "workloads"
GOLDEN = HERE / "golden" / "programs"
CHOSEN = {
    "groupby": (Input.MEMORY, ("q1", "q3", "q6", "q8", "q9")),
    "join": (Input.MEMORY, ("q2", "q3")),
    "etl": (Input.CSV, ("deduplicated", "monthly")),
    "flights": (Input.MEMORY, ("delay_by_carrier", "worst_days", "aircraft_age")),
    "tpch": (Input.PARQUET, ("q03", "q21")),
}
PROGRAMS = [(workload, query) for workload, (_, queries) in CHOSEN.items() for query in queries]


@cache
def compiler(workload: str) -> Compiler:
    return Compiler(load(WORKLOADS / f"{workload}.yaml"))


@pytest.mark.parametrize("engine", installed())
@pytest.mark.parametrize(("workload", "query"), PROGRAMS)
def test_the_program_is_the_golden_one(workload: str, query: str, engine: str) -> None:
    made, (source, _) = compiler(workload), CHOSEN[workload]
    known = schemas(made.workload, made.workload.sizes[0])
    program = made.program(made.workload.query(query), known, engines.get(engine), source)
    file = (
        GOLDEN / engine / f"{workload}_{query}.{'txt' if program.language == 'python' else 'sql'}"
    )
    if os.environ.get("UPDATE_GOLDEN"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(program.text + "\n" * (not program.text.endswith("\n")))
    assert program.text.rstrip("\n") == file.read_text().rstrip("\n")
