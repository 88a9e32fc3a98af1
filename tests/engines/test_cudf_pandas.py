"""cudf.pandas' session, over a stand-in for the accelerator: where tables are, and call counts."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pandas as pd
import pytest

from harness import engines
from harness.engines.cudf.session import CudfPandasSession
from harness.errors import Unsupported
from harness.machine.closing import Closing
from harness.machine.gpu.device import memory_resource
from harness.tables import Input
from harness.verify.compare import compare
from tests.engines.test_semantics import HERE
from tests.fakes import rmm as fake_rmm
from tests.support.in_process import InProcess, read_tables


class Proxy(pd.DataFrame):
    """A stand-in for a frame that cudf.pandas' accelerator has wrapped."""

    @property
    def _constructor(self) -> Any:
        return Proxy

    def as_cpu_object(self) -> pd.DataFrame:
        return pd.DataFrame(self)


class Profiler(Closing):
    """A stand-in for cudf.pandas' profiler: ``counted`` are its counts of calls by function."""

    counted: ClassVar[dict[str, dict[str, list[float]]]] = {}

    def close(self) -> None:
        """Does nothing."""

    @property
    def per_function_stats(self) -> dict[str, dict[str, list[float]]]:
        return self.counted


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    memory_resource.cache_clear()
    made = fake_rmm.install(monkeypatch)
    accelerator = ModuleType("cudf.pandas")
    accelerator.install = lambda: made.append("install")  # type: ignore[attr-defined]
    accelerator.as_proxy_object = Proxy  # type: ignore[attr-defined]
    accelerator.is_proxy_object = lambda it: isinstance(it, Proxy)  # type: ignore[attr-defined]
    accelerator.Profiler = Profiler  # type: ignore[attr-defined]
    cudf = ModuleType("cudf")
    cudf.pandas = accelerator  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "cudf", cudf)
    monkeypatch.setitem(sys.modules, "cudf.pandas", accelerator)
    yield made
    memory_resource.cache_clear()


def test_tables_are_the_accelerators_and_answers_are_not(calls: list[str], tmp_path: Path) -> None:
    tables = InProcess(read_tables(HERE / "tables.yaml"), tmp_path)
    session = CudfPandasSession(threads=1)
    assert calls == ["set", "install"]  # the memory first: install() would take 80% of it
    for table in tables.tables.values():
        session.load(table)
    assert all(isinstance(frame, Proxy) for frame in session.tables.values())
    query = tables.query("select k, sum(n) as s from people group by k")
    program = engines.get("cudf-pandas").compile(query, tables.tables, Input.MEMORY)
    assert program == engines.get("pandas").compile(query, tables.tables, Input.MEMORY)
    session.prepare(program)
    assert (
        compare(session.to_arrow(session.run()), tables.expected(query.sql), query.spec, False)
        is None
    )


@pytest.mark.parametrize(
    ("counted", "share"),
    [
        ({"DataFrame.groupby": {"gpu": [0.1, 0.1]}, "agg": {"gpu": [0.1], "cpu": [0.5]}}, 0.25),
        ({"DataFrame.groupby": {"gpu": [0.1]}}, 0.0),
        ({}, 1.0),
    ],
)
def test_the_share_that_fell_back_is_of_the_calls(
    calls: list[str],
    monkeypatch: pytest.MonkeyPatch,
    counted: dict[str, dict[str, list[float]]],
    share: float,
) -> None:
    session = CudfPandasSession(threads=1)
    ran: list[bool] = []
    monkeypatch.setattr(session, "run", lambda: ran.append(True))
    monkeypatch.setattr(Profiler, "counted", counted)
    assert session.fallback_share() == share
    assert ran == [True]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("select id, id = k as a from people", "a comparison with what may be NULL: id = k"),
        ("select id, length(w) * 1000000000000 as a from people", "a product of lengths"),
        ("select id, d + to_days(cast(k as integer)) as a from people", "where some are NULL"),
        ("select k, string_agg(s, ',' order by id) as a from people group by k", "makes floats"),
    ],
)
def test_what_the_accelerator_makes_otherwise_is_refused(
    tmp_path: Path, sql: str, reason: str
) -> None:
    """cudf.pandas (RAPIDS 26.10, on an H200) answered these queries wrongly, and pandas rightly."""
    tables = InProcess(read_tables(HERE / "tables.yaml"), tmp_path)
    engine = engines.get("cudf-pandas")
    with pytest.raises(Unsupported, match=reason):
        engine.compile(tables.query(sql), tables.tables, Input.MEMORY)
    assert tables.verdict("pandas", sql).outcome == "ok"
    kept = tables.query("select id from people where id = k and length(w) > 1")
    assert "==" in engine.compile(kept, tables.tables, Input.MEMORY).text
    unequal = tables.query("select id from people where id <> k")  # True of a NULL that is lost
    with pytest.raises(Unsupported, match="a comparison with what may be NULL: id <> k"):
        engine.compile(unequal, tables.tables, Input.MEMORY)
