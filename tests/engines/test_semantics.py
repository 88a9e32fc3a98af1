"""Every small query on every engine: the right answer, or a gap that is declared with its reason.

The queries are in ``semantics/*.yaml`` (what they are about -> SQL), over the tables in
``semantics/tables.yaml``. ``semantics/gaps.yaml`` lists what is expected to be missing; it must be
true in both directions: a gap that has closed fails here too.
"""

from __future__ import annotations

import functools
import os
import zlib
from collections import Counter
from typing import NoReturn

import pytest
import yaml

from harness.engines import get, names
from harness.engines.sql.base import SqlEngine
from harness.errors import Unsupported
from harness.tables import Input
from tests.places import GOLDEN, SEMANTICS
from tests.support.in_process import InProcess, Verdict, installed, read_tables

HERE = SEMANTICS
NOT_QUERIES = ("tables.yaml", "gaps.yaml")
FILES = {
    file.stem: yaml.safe_load(file.read_text())
    for file in sorted(HERE.glob("*.yaml"))
    if file.name not in NOT_QUERIES
}
QUERIES: dict[str, str] = {
    title: sql for queries in FILES.values() for title, sql in queries.items()
}
DECLARED = yaml.safe_load((HERE / "gaps.yaml").read_text())
FAMILY: dict[str, str] = DECLARED.pop("family")
GAPS = {
    (engine, title): (outcome, reason)
    for outcome, engines in DECLARED.items()
    for engine, reasons in engines.items()
    for reason, titles in reasons.items()
    for title in titles
}
SQL_FAMILY = tuple(
    name for name in names() if isinstance(get(name), SqlEngine) and not get(name).on_gpu
)
"""Engines whose gaps are many, and stand in a file each, ``golden/unsupported/NAME.txt``."""
NO_PLAN = {title: reason for (_, title), (outcome, reason) in GAPS.items() if outcome == "no plan"}


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> InProcess:
    return InProcess(read_tables(HERE / "tables.yaml"), tmp_path_factory.mktemp("semantics"))


def expected(engine: str, title: str) -> tuple[str, str]:
    """The declared outcome of a query on an engine, and part of the reason that it must give."""
    if title in NO_PLAN and engine != "duckdb":
        return "unsupported", NO_PLAN[title]
    if engine in SQL_FAMILY:
        return ("unsupported", "") if title in unsupported(engine) else ("ok", "")
    found = GAPS.get((engine, title))
    if found is None and engine in FAMILY:
        return expected(FAMILY[engine], title)
    return found or ("ok", "")


@functools.cache
def unsupported(engine: str) -> frozenset[str]:
    """The titles of what an engine of SQL does not have."""
    file = GOLDEN / "unsupported" / f"{engine}.txt"
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return frozenset(line.partition(" | ")[0] for line in lines)


@pytest.mark.skipif("UPDATE_GOLDEN" not in os.environ, reason="writes the golden files anew")
@pytest.mark.parametrize("engine", SQL_FAMILY)
def test_write_what_an_engine_of_sql_does_not_have(engines: InProcess, engine: str) -> None:
    found = {title: engines.verdict(engine, sql) for title, sql in QUERIES.items()}
    gaps = {t: v.reason.splitlines()[0] for t, v in found.items() if v.outcome == "unsupported"}
    text = "".join(f"{title} | {reason[:120]}\n" for title, reason in sorted(gaps.items()))
    (GOLDEN / "unsupported" / f"{engine}.txt").write_text(text, encoding="utf-8")


def sources(title: str) -> tuple[Input, ...]:
    """From memory, and for every third query from files too, which engines read as other types."""
    third = zlib.crc32(title.encode()) % 3 == 0
    return (Input.MEMORY, Input.PARQUET) if third else (Input.MEMORY,)


@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value):RuntimeWarning")
@pytest.mark.parametrize("title", QUERIES)
@pytest.mark.parametrize("engine", installed())
def test_the_answer_is_right_or_the_gap_is_declared(
    engines: InProcess, engine: str, title: str
) -> None:
    for source in sources(title):
        verdict = engines.verdict(engine, QUERIES[title], source)
        outcome, reason = expected(engine, title)
        assert verdict.outcome == outcome, f"{QUERIES[title]}\n{verdict}"
        assert reason in verdict.reason


def test_a_query_without_a_plan_says_so_before_any_engine_is_asked(engines: InProcess) -> None:
    for title, reason in NO_PLAN.items():
        with pytest.raises(Unsupported, match=r".") as raised:
            engines.query(QUERIES[title]).lowered()
        assert reason in str(raised.value)


def test_every_query_has_a_title_of_its_own() -> None:
    titles = Counter(title for queries in FILES.values() for title in queries)
    assert [title for title, count in titles.items() if count > 1] == []


def test_every_gap_is_of_a_query_that_exists() -> None:
    assert {title for _, title in GAPS} - set(QUERIES) == set()
    assert {engine for engine, _ in GAPS} <= {*names(), "every engine"}


def test_a_wrong_answer_is_noticed(engines: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    sql = "select count(distinct k) as n from people"
    monkeypatch.setattr(
        "harness.engines.polars.engine.PolarsExpressions.nullable", lambda self, e: False
    )
    assert engines.verdict("polars", sql).outcome == "wrong"  # NULL was counted


def test_a_query_that_fails_while_it_runs_is_told_apart(
    engines: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raises(*_: object) -> NoReturn:
        raise MemoryError("no more")

    monkeypatch.setattr(engines, "_answer", raises)
    verdict = engines.verdict("polars", "select num from texts")
    assert verdict == Verdict("failed", "MemoryError: no more", verdict.program)
    told = engines.verdict("polars", "select cast(bad as bigint) as n from texts where id = 2")
    assert told.outcome == "unsupported" and "a text that DuckDB casts" in told.reason
