"""Every field is declared with its meaning, and the tables of results/README.md are current."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import get_args

import pytest

from harness.records.bounds import Entry
from harness.records.files import JournalHead, JournalLine, ResultsFile
from harness.records.tables import PLACE, TABLES, with_tables
from tests.places import ROOT

README = ROOT / "results" / "README.md"


def test_the_tables_of_the_readme_are_current() -> None:
    text = README.read_text(encoding="utf-8")
    if os.environ.get("UPDATE_GOLDEN"):
        README.write_text(with_tables(text), encoding="utf-8")
    assert README.read_text(encoding="utf-8") == with_tables(text)


def test_the_readme_has_every_table_once() -> None:
    found = [name for _, name, _ in PLACE.findall(README.read_text(encoding="utf-8"))]
    assert sorted(found) == sorted(TABLES)


def test_a_table_that_is_not_current_is_seen() -> None:
    text = README.read_text(encoding="utf-8").replace("rows of the answer", "something else")
    assert with_tables(text) != text


def below(entry: type[Entry]) -> Iterator[type[Entry]]:
    """Yields a class of entries, and the classes of all entries in its fields, at any depth."""
    yield entry
    for field in entry.model_fields.values():
        for kind in _kinds(field.annotation):
            yield from below(kind)


def _kinds(annotation: object) -> Iterator[type[Entry]]:
    if isinstance(annotation, type) and issubclass(annotation, Entry):
        yield annotation
    for argument in get_args(annotation):
        yield from _kinds(argument)


@pytest.mark.parametrize("entry", [ResultsFile, JournalHead, JournalLine])
def test_every_field_is_described_in_a_table(entry: type[Entry]) -> None:
    containers = {"BenchmarkEntry", "Stats", "JournalHead"}  # described in a sentence
    for each in below(entry):
        if each.__name__ not in containers:
            assert each in TABLES.values()
            assert [n for n, field in each.model_fields.items() if not field.description] == []
