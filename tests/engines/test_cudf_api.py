"""Every method, option and function that programs for cuDF use is one that the installed cuDF has.

Needs cuDF, which is imported without a GPU; where it is not installed, there is nothing to check.
"""

from __future__ import annotations

import ast
import inspect
import os
from collections.abc import Iterator
from typing import Any

import pytest

from harness.engines.cudf.engine import Cudf
from harness.errors import Unsupported
from harness.plan import compile_query
from harness.tables import Input, Table
from tests.engines.test_semantics import HERE, QUERIES
from tests.places import GOLDEN
from tests.support.in_process import described, read_tables

PROGRAMS = GOLDEN / "programs" / "cudf"


def programs() -> Iterator[str]:
    """Yields the texts of programs for cuDF: golden ones, and those of the battery's queries."""
    yield from (file.read_text() for file in sorted(PROGRAMS.glob("*.txt")))
    rows = read_tables(HERE / "tables.yaml")
    tables = {name: Table(name, described(t), t.num_rows) for name, t in rows.items()}
    schemas = {name: table.schema for name, table in tables.items()}
    for sql in QUERIES.values():
        try:
            yield (Cudf().compile(compile_query(sql, schemas), tables, Input.MEMORY).text)
        except Unsupported:
            continue


def calls(text: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Yields the name of each method and attribute in a program, with the options of its calls."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr, frozenset(k.arg for k in node.keywords if k.arg)
        elif isinstance(node, ast.Attribute):
            yield node.attr, frozenset()


def takes(function: Any, options: frozenset[str]) -> bool:
    if not options:
        return True
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return True
    free = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())
    return free or options <= parameters.keys()


def test_cudf_has_all_that_programs_use(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RAPIDS_NO_INITIALIZE", "CUDF_NO_INITIALIZE"):
        monkeypatch.setenv(name, os.environ.get(name, "1"))
    cudf = pytest.importorskip("cudf")
    import numpy as np
    import pandas as pd
    from cudf.core.accessors.string import StringMethods
    from cudf.core.groupby.groupby import DataFrameGroupBy, SeriesGroupBy
    from cudf.core.series import DatetimeProperties, TimedeltaProperties
    from cudf.core.window.rolling import Rolling, RollingGroupby

    owners = [
        *(cudf, cudf.DataFrame, cudf.Series, StringMethods, DatetimeProperties),
        *(TimedeltaProperties, DataFrameGroupBy, SeriesGroupBy, Rolling, RollingGroupby, np, pd),
    ]
    used = {call for text in programs() for call in calls(text)}
    used.remove(("week", frozenset()))  # a column of isocalendar()
    missing = [
        f"{name}({', '.join(sorted(options))})"
        for name, options in sorted(used, key=str)
        if not any(hasattr(o, name) and takes(getattr(o, name), options) for o in owners)
    ]
    assert missing == []
    assert len(used) > 100
    assert not hasattr(StringMethods, "no_such_method")
    assert not takes(cudf.DataFrame.merge, frozenset({"no_such_option"}))
