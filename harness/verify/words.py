"""Formats values and rows for the message of a difference."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

import pyarrow as pa

LONGEST_VALUE = 40
ROWS_SHOWN = 3


def value(item: object) -> str:
    """A value as text, cut where it is long."""
    if item is None:
        return "NULL"
    if isinstance(item, datetime.datetime):
        text = item.isoformat(sep=" ")
    elif isinstance(item, datetime.date):
        text = item.isoformat()
    else:
        text = repr(item)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def row(table: pa.Table, place: int) -> str:
    """A row as text, with its columns' names: ``(k=7, n=2)``."""
    named = zip(table.column_names, values(table, place), strict=True)
    return f"({', '.join(f'{name}={value(item)}' for name, item in named)})"


def rows(table: pa.Table, places: Iterable[int]) -> str:
    """The first few of the rows at these places, as text."""
    listed = list(places)
    more = len(listed) - ROWS_SHOWN
    shown = ", ".join(row(table, place) for place in listed[:ROWS_SHOWN])
    return f"{shown} and {more} more" if more > 0 else shown


def count(number: int) -> str:
    return "1 row" if number == 1 else f"{number} rows"


def values(table: pa.Table, place: int) -> list[Any]:
    return [column[place].as_py() for column in table.columns]
