"""The types on a SQL tree, by which rules for dialects decide, are those that DuckDB gives."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlglot import exp

from harness.engines.sql.base import typed
from harness.errors import HarnessError
from harness.plan.sql import bound
from tests.engines.test_semantics import HERE, QUERIES
from tests.support.in_process import InProcess, read_tables
from tests.support.shares import share

KINDS = {
    "whole number": exp.DataType.INTEGER_TYPES,
    "float": exp.DataType.FLOAT_TYPES,
    "decimal": {exp.DType.DECIMAL},
    "text": exp.DataType.TEXT_TYPES,
    "boolean": {exp.DType.BOOLEAN},
    "day": {exp.DType.DATE},
    "time": {exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ, exp.DType.DATETIME},
}
"""Kinds of types between which a rule may distinguish."""


@pytest.fixture(scope="module")
def battery() -> Iterator[InProcess]:
    with (
        tempfile.TemporaryDirectory() as folder,
        InProcess(read_tables(HERE / "tables.yaml"), Path(folder)) as tables,
    ):
        yield tables


def kind(type_: exp.DataType | None) -> str:
    return next((name for name, kinds in KINDS.items() if type_ and type_.this in kinds), "unknown")


def unlike(battery: InProcess, sql: str) -> Iterator[str]:
    """Yields the items of a SELECT list, with both kinds, of which DuckDB's is another.

    Decimals, which plans compute as floats or whole numbers, and NULLs are left out.
    """
    schemas = {name: table.schema for name, table in battery.tables.items()}
    tree = battery.query(sql).tree
    if not isinstance(tree, exp.Select):
        return
    _, kinds = bound.answer_columns(sql, schemas)
    for item, duckdb in zip(typed(tree, battery.tables).selects, kinds, strict=False):
        if str(duckdb) == '"NULL"' or item.find(exp.Null) or isinstance(item.unalias(), _OF_OTHERS):
            continue
        ours, theirs = kind(item.type), kind(exp.DataType.build(str(duckdb), dialect="duckdb"))
        if ours != theirs and "decimal" not in (ours, theirs):
            yield f"{item.sql('duckdb')}: {ours}, not {theirs}"


_OF_OTHERS = (exp.Bracket, exp.Column)
"""What has the type of another expression: a list's element, a subquery's column."""


def test_an_item_of_a_select_list_has_the_type_that_duckdb_gives_it(battery: InProcess) -> None:
    found = []
    for title, sql in QUERIES.items():
        if not share(title, 4):
            continue
        try:
            found += [f"{title}: {text}" for text in unlike(battery, sql)]
        except HarnessError:
            continue  # a query without a plan
    assert found == []
