"""The programs that engines are given, as text: one file for each query and engine.

``UPDATE_GOLDEN=1 python -m pytest tests/test_programs_golden.py`` writes them anew; read the
difference as a user of that library would.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness import engines
from harness.compiler import Compiler
from harness.data.prepare import schemas
from harness.errors import Unsupported
from harness.plan import Query
from harness.plan.nodes import walk
from harness.plan.typing import known_kinds
from harness.tables import Input, Table
from harness.types import Schema
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
    "tpch": (Input.PARQUET, ("q3", "q21")),
}
PROGRAMS = [(workload, query) for workload, (_, queries) in CHOSEN.items() for query in queries]


def described(schemas: dict[str, Schema]) -> dict[str, Table]:
    """Tables with a schema only: a program names its tables, and no file."""
    return {
        name: Table(name, schema, 1000, (Path(f"{name}.parquet"),), (Path(f"{name}.csv"),))
        for name, schema in schemas.items()
    }


@pytest.mark.parametrize("engine", installed())
@pytest.mark.parametrize(("workload", "query"), PROGRAMS, ids="_".join)
def test_the_program_is_the_golden_one(workload: str, query: str, engine: str) -> None:
    loaded = load(WORKLOADS / f"{workload}.yaml")
    tables = described(dict(schemas(loaded, "small")))
    plan = Compiler(loaded).query(
        loaded.query(query), {name: table.schema for name, table in tables.items()}
    )
    source, _ = CHOSEN[workload]
    text = engines.get(engine).compile(plan, tables, source).text
    suffix = "sql" if engines.get(engine).language == "sql" else "txt"
    file = GOLDEN / engine / f"{workload}_{query}.{suffix}"
    if os.environ.get("UPDATE_GOLDEN"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    assert text == file.read_text()
