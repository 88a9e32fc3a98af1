"""Messages between the harness and its child processes: one JSON object per line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.answer import AnswerSpec, SortKey
from harness.special import Special
from harness.tables import CsvFormat, Table
from harness.types import Column, Schema, Type

Message = dict[str, Any]


def encode(message: Mapping[str, Any]) -> bytes:
    """One line of JSON; paths become text."""
    return json.dumps(message, default=str).encode() + b"\n"


def decode(line: bytes) -> Message:
    """The message of one line. Raises ValueError where the line holds no JSON object."""
    message = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError(f"a message must be a JSON object, not {type(message).__name__}")
    return message


def table_to_message(table: Table) -> Message:
    return asdict(table)


def table_from_message(message: Mapping[str, Any]) -> Table:
    form = message["csv_format"]
    return Table(
        name=message["name"],
        schema=_schema(message["schema"]),
        rows=message["rows"],
        parquet=tuple(map(Path, message["parquet"])),
        csv=tuple(map(Path, message["csv"])),
        csv_format=CsvFormat(form["delimiter"], tuple(form["null_values"])),
    )


def spec_to_message(spec: AnswerSpec) -> Message:
    return asdict(spec)


def spec_from_message(message: Mapping[str, Any]) -> AnswerSpec:
    order = tuple(SortKey(**key) for key in message["order"])
    lists = {"schema": _schema(message["schema"]), "order": order, "names": tuple(message["names"])}
    return AnswerSpec(**{**message, **lists})


def _schema(columns: list[Message]) -> Schema:
    return tuple(map(_column, columns))


def _column(column: Message) -> Column:
    special = tuple(map(Special, column["special"]))
    return Column(**{**column, "type": Type(column["type"]), "special": special})
