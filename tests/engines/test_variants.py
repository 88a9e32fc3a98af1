"""Variants: engines that run another engine's library in another way."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from harness import engines
from harness.engines.session import MEMORY_VARIABLE
from harness.errors import UnknownEngine


def test_variants_run_only_where_they_are_named() -> None:
    names = [name for name in engines.names() if name.startswith(("pandas-", "polars-"))]
    ours = {"pandas-as-written", "pandas-chunked", "pandas-pyarrow"}
    ours |= {"polars-as-written", "polars-in-memory", "polars-ooc"}
    assert ours <= set(names)
    assert not ours & set(engines.by_default())
    assert all(engines.get(name).note for name in ours)


@pytest.fixture
def with_a_lost_one(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Adds an announced engine whose module does not exist."""
    found = dict(engines.announced(engines.GROUP))
    found["lost"] = EntryPoint("lost", "no_such_module:Engine", engines.GROUP)
    monkeypatch.setattr(engines, "announced", lambda group: found)
    engines.names.cache_clear()
    engines.broken.cache_clear()
    yield
    engines.names.cache_clear()
    engines.broken.cache_clear()


@pytest.mark.usefixtures("with_a_lost_one")
def test_an_engine_that_cannot_be_imported_costs_no_other() -> None:
    assert "lost" not in engines.names() and "polars" in engines.names()
    assert "polars" in engines.by_default()
    reason = "the engine 'lost' cannot be loaded: No module named 'no_such_module'"
    assert engines.broken() == {"lost": reason}
    with pytest.raises(UnknownEngine, match=reason):
        engines.get("lost")


def test_polars_in_memory_differs_from_polars_by_one_variable() -> None:
    own, its = (engines.get(n).environment(2) for n in ("polars-in-memory", "polars"))
    assert own == {**its, "POLARS_ENGINE_AFFINITY": "in-memory"}


def test_polars_out_of_core_has_half_of_the_memory_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("POLARS_OOC_MEMORY_BUDGET_MB", "POLARS_OOC_SPILL_DIR"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv(MEMORY_VARIABLE, "8000000000")
    engines.get("polars-ooc").start(2)
    assert os.environ["POLARS_OOC_MEMORY_BUDGET_MB"] == "4000"
    assert os.environ["POLARS_OOC_SPILL_DIR"].endswith("/spilt")


def test_duckdb_has_four_fifths_of_the_memory_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MEMORY_VARIABLE, str(10 * 2**30))
    session: Any = engines.get("duckdb").start(2)
    sql = "select current_setting('memory_limit'), current_setting('temp_directory')"
    assert session.connection.sql(sql).fetchall() == [("8.0 GiB", str(session.spills_to))]
