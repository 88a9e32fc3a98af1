"""Generates the tables of results/README.md from the declared fields."""

from __future__ import annotations

import re
import types
from enum import StrEnum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AwareDatetime
from pydantic.fields import FieldInfo

from harness.records import cells, files, runs
from harness.records.bounds import ADDED_LATER, Entry

TABLES: dict[str, type[Entry]] = {
    entry.__name__: entry
    for entry in (
        files.ResultsFile,
        runs.MachineEntry,
        runs.GpuDevice,
        runs.EngineEntry,
        runs.WorkloadEntry,
        runs.QueryEntry,
        runs.WallClock,
        runs.EnvironmentEntry,
        runs.DiskEntry,
        runs.NoiseEntry,
        cells.CellEntry,
        cells.ExtraInfo,
        cells.GpuUse,
        files.JournalLine,
        files.Basis,
    )
}
"""Name in a table's comment -> the declaration that the table shows."""
PLACE = re.compile(r"(<!-- fields of (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
PLAIN = {
    **{str: "string", AwareDatetime: "string", bool: "boolean"},
    **{int: "integer", float: "number"},
}


def with_tables(text: str) -> str:
    """Returns a Markdown text with its tables of fields, each between two comments, made anew."""
    return PLACE.sub(lambda found: f"{found[1]}{_table(TABLES[found[2]])}{found[3]}", text)


def _table(entry: type[Entry]) -> str:
    rows = [
        f"| `{name}` | {_type_of(field)} | {field.description} |"
        for name, field in entry.model_fields.items()
    ]
    return "\n".join(["\n| field | type | meaning |", "|---|---|---|", *rows, "\n"])


def _type_of(field: FieldInfo) -> str:
    """Returns a field's JSON type; as ``number or null`` if files with the field may have null."""
    null_is_absence = ADDED_LATER in field.metadata
    choices = _choices(field.annotation)
    kinds = [_kind(kind) for kind in choices if kind is not types.NoneType]
    may_be_null = types.NoneType in choices and not null_is_absence
    return " or ".join([*dict.fromkeys(kinds), *(["null"] if may_be_null else [])])


def _choices(annotation: Any) -> tuple[Any, ...]:
    """Returns the members if a type is a union, else the type itself, as a tuple."""
    is_union = get_origin(annotation) in (Union, types.UnionType)
    return get_args(annotation) if is_union else (annotation,)


def _kind(kind: Any) -> str:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _kind(arguments[0])
    if origin in (tuple, list):
        return f"list of {_kind(arguments[0])}s" if arguments else "empty list"
    if origin is Literal:
        return PLAIN[type(arguments[0])]
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return "string"
    return PLAIN.get(kind, "object")
