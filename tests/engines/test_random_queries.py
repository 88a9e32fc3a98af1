"""Random queries over random tables: every engine that has a program for one answers it right.

``ENGINEBENCH_EXAMPLES=2000 python -m pytest tests/engines/test_random_queries.py`` looks further.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings

from harness import engines
from harness.errors import WorkloadError
from tests.support.in_process import InProcess, installed
from tests.support.random_cases import Case, cases
from tests.support.random_rows import ENDS

EXAMPLES = int(os.environ.get("ENGINEBENCH_EXAMPLES", "12"))
"""Pairs of random tables; there are up to five queries over each pair."""
WHOLE = "ENGINEBENCH_EXAMPLES" in os.environ
PLANNED = tuple(
    name for name in installed() if name != "duckdb" and (WHOLE or engines.get(name).by_default)
)
"""The engines whose programs come of a plan: by default those of a run without ``--engines``."""
EXHAUSTIVE = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=not WHOLE,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)


TALLY: Counter[tuple[str, str]] = Counter()
"""How many queries each engine answered, how many it has no program for, and DuckDB refused."""


@pytest.fixture(autouse=True)
def told(capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Prints at the end how many queries each engine answered rightly, if more were requested."""
    yield
    if "ENGINEBENCH_EXAMPLES" in os.environ:
        with capsys.disabled():
            for engine in PLANNED:
                right, unsupported = TALLY[engine, "ok"], TALLY[engine, "unsupported"]
                print(f"\n{engine}: {right} queries right, {unsupported} unsupported", end="")
            print(f"\nDuckDB: {TALLY['duckdb', 'refused']} queries refused", end="")


def accepted(case: Case, tables: InProcess) -> Iterator[tuple[str, str]]:
    """Yields pairs: each query that DuckDB accepts, with each engine; counts the refused ones."""
    for sql in case.queries:
        try:
            tables.query(sql)
        except WorkloadError:
            TALLY["duckdb", "refused"] += 1
        else:
            yield from itertools.product([sql], PLANNED)


@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value|overflow):RuntimeWarning")
@EXHAUSTIVE
@given(cases())
def test_a_random_query_is_right_or_unsupported_on_every_engine(case: Case) -> None:
    with tempfile.TemporaryDirectory() as folder, InProcess(case.tables, Path(folder)) as tables:
        for sql, engine in accepted(case, tables):
            verdict = tables.verdict(engine, sql)
            TALLY[engine, verdict.outcome] += 1
            assert verdict.outcome in ("ok", "unsupported"), f"{engine}: {sql}\n{verdict}"


@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value|overflow):RuntimeWarning")
@EXHAUSTIVE
@given(cases(ENDS))
def test_no_random_query_at_the_ends_of_numbers_is_wrong(case: Case) -> None:
    """Over the greatest and least numbers. A query for which DuckDB raises an error is left out."""
    with tempfile.TemporaryDirectory() as folder, InProcess(case.tables, Path(folder)) as tables:
        for sql, engine in accepted(case, tables):
            with contextlib.suppress(duckdb.Error):
                verdict = tables.verdict(engine, sql)
                TALLY[engine, verdict.outcome] += 1
                assert verdict.outcome != "wrong", f"{engine}: {sql}\n{verdict}"
