"""The error of a query -> the same, with what to write instead, if its tables show that."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping

from harness.data.looks import advice
from harness.data.table_source import TableSource
from harness.errors import WorkloadError
from harness.sandbox.names import needs_quotes, quoted
from harness.tables import Look, Table

OF_TEXT = re.compile(r"varchar|string|text|conver|cast", re.IGNORECASE)
"""Words of errors about the type of a text column."""
OF_SYNTAX = re.compile(r"pars|syntax", re.IGNORECASE)


def advised(
    error: WorkloadError, sql: str, tables: Mapping[str, Table], sources: Mapping[str, TableSource]
) -> WorkloadError:
    """Returns a query's error, its message followed by what to write instead, if that is known.

    What to write is known from the columns of the query's ``tables``, and from what their text
    columns look like. ``sources`` are the declarations of the user's tables in the workload file.
    An error without advice is returned unchanged.
    """
    found = dict.fromkeys(_all_advice(error.message, sql, tables, sources))
    if not found:
        return error
    return WorkloadError("; ".join([error.message.rstrip("."), *found]), error.file, error.line)


def _all_advice(
    message: str, sql: str, tables: Mapping[str, Table], sources: Mapping[str, TableSource]
) -> Iterator[str]:
    for name, table in tables.items():
        columns = [column.name for column in table.schema]
        yield from _about_names(message, sql, columns)
        looks = [look for look in table.looks if _explains(look, message, sql, columns)]
        yield from map(advice, looks)
        if looks:
            file = shlex.quote(sources[name].paths[0])
            yield f"harness new {file} drafts a workload that has this"


def _about_names(message: str, sql: str, columns: Iterable[str]) -> Iterator[str]:
    """Yields advice, such as ``quote the name: "a b"``, for names of columns that need quotes.

    They are those that the SQL has without quotes, or that the error's ``message`` suggests.
    """
    bare = re.sub(r"'(?:[^']|'')*'|\"[^\"]*\"", " ", sql)  # without texts and quoted names
    for name in columns:
        if not needs_quotes(name):
            continue
        written = OF_SYNTAX.search(message) and _names(bare, name)
        if written or f"did you mean {name!r}" in message:
            yield f"quote the name: {quoted(name)}"


def _explains(look: Look, message: str, sql: str, columns: Iterable[str]) -> bool:
    """True if what a column looks like may be the cause of a query's error.

    ``message`` is the error's, ``columns`` are those of the look's table.
    """
    if not look.column:
        return "column" in message
    if look.column not in columns:
        return _names(message, look.column) or _names(sql, look.column)
    return bool(OF_TEXT.search(message)) and _names(sql, look.column)


def _names(text: str, name: str) -> bool:
    """True if a text has a name as a word."""
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE) is not None
