"""Every small query on every engine: the right answer, or a gap that the engine declares.

The queries are in ``semantics/*.yaml`` (what they are about -> SQL), over the tables in
``semantics/tables.yaml``. ``golden/unsupported/`` lists which queries run into which gaps, a file
for each engine; ``UPDATE_GOLDEN=1`` writes them. A gap that has closed fails here, too.
"""

from __future__ import annotations

import functools
import os
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from typing import NoReturn

import pytest
import yaml

from harness.engines import get, names
from harness.errors import Unsupported
from harness.tables import Input
from tests.places import GOLDEN, SEMANTICS
from tests.support.in_process import InProcess, Verdict, installed, read_tables
from tests.support.shares import runs

HERE = SEMANTICS
NOT_QUERIES = ("tables.yaml", "gpu.yaml")
FILES = {
    file.stem: yaml.safe_load(file.read_text())
    for file in sorted(HERE.glob("*.yaml"))
    if file.name not in NOT_QUERIES
}
QUERIES: dict[str, str] = {
    title: sql for queries in FILES.values() for title, sql in queries.items()
}
ON_GPU = yaml.safe_load((HERE / "gpu.yaml").read_text())
FAMILY: dict[str, str] = ON_GPU.pop("family")
KNOWN = {
    (engine, title): (outcome, reason)
    for outcome, engines in ON_GPU.items()
    for engine, reasons in engines.items()
    for reason, titles in reasons.items()
    for title in titles
}
PLAN = "plan"
"""The file of queries that the plan layer refuses: DuckDB alone answers them."""


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    folder = tmp_path_factory.mktemp("semantics")
    with InProcess(read_tables(HERE / "tables.yaml"), folder) as started:
        yield started


@functools.cache
def unsupported(name: str) -> dict[str, str]:
    """Returns the golden file of unsupported queries: the query's title -> the reason."""
    file = GOLDEN / "unsupported" / f"{name}.txt"
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return dict(line.split(" | ", 1) for line in lines)


def expected(engine: str, title: str) -> tuple[str, str]:
    """Returns the outcome that a query must have on an engine, and a part of its reason."""
    if (engine, title) in KNOWN:
        return KNOWN[engine, title]
    if engine == "duckdb":
        return "ok", ""
    reason = unsupported(PLAN).get(title) or unsupported(engine).get(title)
    if reason is not None:
        return "unsupported", reason
    family = FAMILY.get(engine, re.split("[=~<>!]", engine)[0])
    if family == engine:
        return "ok", ""
    return expected(family, title)[0], ""


def told(verdict: Verdict) -> str:
    """Returns a verdict's reason in one line; of a declared gap without the query's SQL."""
    if verdict.gap is not None:
        return f"{verdict.gap.lack}: {verdict.gap.words}"
    return verdict.reason.split("\n")[0][:120]


def write_unsupported(name: str, reasons: dict[str, str]) -> None:
    text = "".join(f"{title} | {reason}\n" for title, reason in sorted(reasons.items()))
    (GOLDEN / "unsupported" / f"{name}.txt").write_text(text, encoding="utf-8")


writes_golden = pytest.mark.skipif("UPDATE_GOLDEN" not in os.environ, reason="writes golden files")


@writes_golden
def test_write_what_has_no_plan(engines: InProcess) -> None:
    found = {}
    for title, sql in QUERIES.items():
        try:
            engines.query(sql).lowered()
        except Unsupported as error:
            found[title] = str(error).split("\n")[0][:120]
    write_unsupported(PLAN, found)


@writes_golden
@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value):RuntimeWarning")
@pytest.mark.parametrize("engine", sorted(set(installed(serving=True)) - {"duckdb"}))
def test_write_what_an_engine_does_not_do(engines: InProcess, engine: str) -> None:
    titles = QUERIES.keys() - unsupported(PLAN).keys()
    verdicts = {title: engines.verdict(engine, QUERIES[title]) for title in titles}
    write_unsupported(
        engine, {t: told(v) for t, v in verdicts.items() if v.outcome == "unsupported"}
    )


def sources(engine: str, title: str) -> tuple[Input, ...]:
    """Returns the engine's usual input; for every third query also Parquet, if it reads that."""
    usual, third = get(engine).usual_input, zlib.crc32(title.encode()) % 3 == 0
    files = third and Input.PARQUET in get(engine).reads - {usual}
    return (usual, Input.PARQUET) if files else (usual,)


@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value):RuntimeWarning")
@pytest.mark.parametrize(
    ("engine", "title"),
    [
        (name, title)
        for name in installed(serving=True)
        for title in QUERIES
        if runs(get(name), title)
    ],
)
def test_the_answer_is_right_or_the_gap_is_declared(
    engines: InProcess, engine: str, title: str
) -> None:
    for source in sources(engine, title):
        verdict = engines.verdict(engine, QUERIES[title], source)
        outcome, reason = expected(engine, title)
        assert verdict.outcome == outcome, f"{QUERIES[title]}\n{verdict}"
        assert reason in told(verdict)
        assert verdict.gap is None or verdict.gap in get(engine).gaps


def test_each_query_has_a_title_of_its_own() -> None:
    """YAML keeps the last of several values of a key, without a word."""
    for stem, queries in FILES.items():
        lines = (HERE / f"{stem}.yaml").read_text(encoding="utf-8").splitlines()
        assert len(queries) == sum(line[:1] not in ("", "#", " ") for line in lines), stem
    assert len(QUERIES) == sum(map(len, FILES.values()))


def test_a_query_without_a_plan_says_so_before_any_engine_is_asked(engines: InProcess) -> None:
    for title, reason in unsupported(PLAN).items():
        with pytest.raises(Unsupported, match=r".") as raised:
            engines.query(QUERIES[title]).lowered()
        assert reason in str(raised.value)


def test_every_query_has_a_title_of_its_own() -> None:
    titles = Counter(title for queries in FILES.values() for title in queries)
    assert [title for title, count in titles.items() if count > 1] == []


def test_every_gap_is_of_a_query_and_an_engine_that_exist() -> None:
    files = {file.stem for file in (GOLDEN / "unsupported").glob("*.txt")}
    assert files | {engine for engine, _ in KNOWN} <= {*names(), PLAN}
    titles = {title for name in files for title in unsupported(name)}
    assert titles | {title for _, title in KNOWN} <= QUERIES.keys()


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
