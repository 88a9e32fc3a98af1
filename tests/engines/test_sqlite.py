"""SQLite's own: a table that it cannot hold is a gap; each run prepares its statement."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest

from harness import engines
from harness.engines.sql.gaps import FRACTIONS, RESERVED
from harness.errors import Unsupported
from harness.plan import compile_query
from harness.tables import Input
from tests.support.in_process import InProcess


def test_times_with_fractions_of_a_second_are_a_gap(tmp_path: Path) -> None:
    times = pa.table({"t": pa.array([datetime(2020, 1, 2, 3, 4, 5, 6)], pa.timestamp("us"))})
    tables = InProcess({"plain": pa.table({"n": [7]}), "exact": times}, tmp_path).tables
    session = engines.get("sqlite").start(threads=1)
    with pytest.raises(Unsupported, match=FRACTIONS):
        session.load(tables["exact"])
    session.load(tables["plain"])
    session.close()


def test_each_run_prepares_its_statement(tmp_path: Path) -> None:
    """SQLite asks its authorizer while it prepares a statement, and not when it runs one again."""
    tables = InProcess({"t": pa.table({"n": [7]})}, tmp_path).tables
    engine, asked = engines.get("sqlite"), list[object]()
    query = compile_query("select n from t", {"t": tables["t"].schema})
    session = engine.start(threads=1)
    session.load(tables["t"])
    session.prepare(engine.compile(query, tables, Input.MEMORY))

    def allow(*action: object) -> int:
        asked.append(action)
        return sqlite3.SQLITE_OK

    session.connection.set_authorizer(allow)  # type: ignore[attr-defined]
    session.run()
    once = len(asked)
    session.run()
    session.close()
    assert len(asked) == 2 * once > 0


def test_a_name_that_is_of_its_own_tables_is_a_gap(tmp_path: Path) -> None:
    n = pa.table({"n": [7]})
    with InProcess({"SQLite_schema": n, "sqlite": n}, tmp_path) as engines_at_work:
        assert engines_at_work.verdict("duckdb", "select n from sqlite_schema").outcome == "ok"
        verdict = engines_at_work.verdict("sqlite", "select n from sqlite_schema")
    assert verdict.outcome == "unsupported" and RESERVED in verdict.reason
