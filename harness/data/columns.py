"""Checks a file's column names, and stores a table's columns in the cache's facts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.data.cache import Facts
from harness.data.looks import stored
from harness.data.table_source import TableSource
from harness.data.write import WrittenFile
from harness.errors import DataError, WorkloadError
from harness.special import Special
from harness.tables import Look
from harness.types import Column, Schema, Type
from harness.words import folded, suggestion

MOST_COLUMNS, MOST_CHARACTERS = 10_000, 1_000
"""The most columns of a table, and the most characters of a column's name."""


def check_names(path: Path, names: Sequence[str]) -> None:
    """Raises DataError for a column without a name, or two that SQL cannot distinguish.

    It is raised, too, if there are more columns, or longer names, than a query could have.
    """
    if len(names) > MOST_COLUMNS:
        raise DataError(f"{path} has {len(names):,} columns; a table has {MOST_COLUMNS:,} at most")
    seen: dict[str, str] = {}
    for number, name in enumerate(names, start=1):
        if not name.strip():
            raise DataError(
                f"{path}: column {number} has no name; give it one in the header "
                "(pandas leaves one out unless told: to_csv(index=False))"
            )
        if len(name) > MOST_CHARACTERS:
            raise DataError(
                f"{path}: the name of column {number} has {len(name):,} characters; a name has "
                f"{MOST_CHARACTERS:,} at most"
            )
        if folded(name) in seen:
            raise DataError(
                f"{path}: two columns are called {seen[folded(name)]!r} and {name!r}, which SQL "
                "cannot tell apart; rename one"
            )
        seen[folded(name)] = name


def check_same(first: Path, names: Sequence[str], path: Path, others: Sequence[str]) -> None:
    """Raises DataError unless two files of one table have the same columns in the same order."""
    for name, other in zip(names, others, strict=False):
        if name != other:
            hint = f"column {other!r} stands where {first.name} has {name!r}"
            raise DataError(f"{path}: {hint}; the files of one table need the same columns")
    if len(names) != len(others):
        raise DataError(f"{path} has {len(others)} columns, but {first.name} has {len(names)}")


def check_declared(source: TableSource, path: Path, names: Sequence[str]) -> None:
    """Raises WorkloadError for a declared column that the file does not have."""
    for name in source.declared:
        if name not in names:
            raise WorkloadError(
                f"table {source.name!r}: {path.name} has no column {name!r}; "
                f"{suggestion(name, names, 'columns')}",
                source.file,
                source.line,
            )


def facts(
    columns: Schema,
    written: WrittenFile,
    *,
    plain: bool,
    in_place: bool,
    changes: Sequence[str] = (),
    looks: Sequence[Look] = (),
) -> Facts:
    """Returns what the cache stores of a table; a column is nullable if and only if it has a NULL.

    - ``plain``: every engine's CSV reader would read the text alike.
    - ``in_place``: the user's own Parquet files are used; the entry has no copy.
    - ``changes``: how the data differs from the files, in words.
    - ``looks``: what may be a mistake in the files.
    """
    schema = [
        [c.name, c.type.value, written.nulls[c.name] > 0, written.special[c.name]] for c in columns
    ]
    return {
        "schema": schema,
        "rows": written.rows,
        "plain": plain,
        "in_place": in_place,
        "changes": [*changes],
        "looks": stored(looks),
    }


def schema_of(facts: Facts) -> Schema:
    """Returns a table's columns from the cache's facts."""
    return tuple(
        Column(name, Type(kind), nullable, special=tuple(map(Special, special)))
        for name, kind, nullable, special in facts["schema"]
    )
