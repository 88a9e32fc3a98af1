"""A DuckDB connection and SQL -> both held to the tables that a workload declares.

Two locks: DuckDB's own reading of the very text that runs is judged before it does (another parser
may read another text: to sqlglot ``{# … #}`` is a comment), and the connection can open no file but
those of the tables, load no extension, and have no setting changed. The second alone would let a
statement write over the tables' own files, and so no text may run that the first has not seen.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from harness.errors import WorkloadError
from harness.words import folded

if TYPE_CHECKING:
    import duckdb

PARTS = frozenset(
    {
        *("SELECT_NODE", "SET_OPERATION_NODE", "CTE_NODE", "RECURSIVE_CTE_NODE"),
        *("BASE_TABLE", "SUBQUERY", "JOIN", "EXPRESSION_LIST", "EMPTY", "PIVOT"),
        *("ORDER_MODIFIER", "LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER", "DISTINCT_MODIFIER"),
        *("ORDER_DEFAULT", "ASCENDING", "DESCENDING"),
    }
)
"""What a SELECT may be made of beside expressions, as ``json_serialize_sql`` names it."""
FUNCTIONS = frozenset({"current_setting", "getenv", "getvariable"})
"""Functions that tell of the machine and not of the tables."""


def judge(connection: duckdb.DuckDBPyConnection, sql: str, tables: Iterable[str]) -> None:
    """Raises WorkloadError where DuckDB reads anything but one SELECT over these tables."""
    import duckdb

    try:
        count = len(connection.extract_statements(sql))
        read = json.loads(_one_value(connection, "json_serialize_sql", sql))
    except duckdb.Error as error:
        raise WorkloadError(f"DuckDB cannot parse this: {_first_line(error)}") from error
    if count != 1 or read["error"]:
        raise WorkloadError("DuckDB does not read one SELECT here")
    for part in _parts(read):
        _judge_part(part)
    known = frozenset(map(folded, tables))
    if strange := next(_strangers(read, known), None):
        raise WorkloadError(f"a query reads the tables that its file declares, not {strange!r}")


def _one_value(connection: duckdb.DuckDBPyConnection, function: str, argument: str) -> Any:
    ((value,),) = connection.execute(f"SELECT {function}(?::VARCHAR)", [argument]).fetchall()
    return value


def _parts(read: Any) -> Iterator[dict[str, Any]]:
    """Every object of a serialized statement."""
    waiting = [read]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield part
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part


def _judge_part(part: dict[str, Any]) -> None:
    kind = part.get("type")
    if "class" in part:  # an expression
        if part.get("function_name") in FUNCTIONS:
            raise WorkloadError(f"the function {part['function_name']!r} is not known here")
    elif isinstance(kind, str) and kind not in PARTS:
        raise WorkloadError(f"a query reads the tables that its file declares, not a {kind}")
    if kind == "BASE_TABLE" and (part.get("schema_name") or part.get("catalog_name")):
        raise WorkloadError(f"a table has a plain name, not one in {part['schema_name']!r}")


def _strangers(read: Any, known: frozenset[str]) -> Iterator[str]:
    """The tables that are read and are none of those known, nor of the WITH around them."""
    if isinstance(read, list):
        for part in read:
            yield from _strangers(part, known)
    elif isinstance(read, dict):
        for entry in read.get("cte_map", {}).get("map", []):
            name = folded(entry["key"])
            if name in _own_views():  # which a name of WITH hides in some places only
                yield entry["key"]
            node = entry["value"]["query_node"]
            if node["type"] == "RECURSIVE_CTE_NODE" and folded(node["cte_name"]) == name:
                yield from _strangers(node["left"], known)
                rest = {key: part for key, part in node.items() if key != "left"}
                yield from _strangers(rest, known | {name})
            else:
                yield from _strangers(entry["value"], known)
            known |= {name}  # for those after it, and for what WITH stands before
        if read.get("type") == "BASE_TABLE" and folded(read["table_name"]) not in known:
            yield read["table_name"]
        for key, part in read.items():
            if key != "cte_map":
                yield from _strangers(part, known)


@cache
def _own_views() -> frozenset[str]:
    """The views of DuckDB's own that need no schema's name: they tell of paths and settings."""
    import duckdb

    with duckdb.connect() as connection:
        rows = connection.execute("SELECT view_name FROM duckdb_views() WHERE internal").fetchall()
    return frozenset(name for (name,) in rows if name.startswith(_OWN))


_OWN = ("duckdb_", "pg_", "pragma_", "sqlite_")
"""How they begin; others are in information_schema."""


def lock(connection: duckdb.DuckDBPyConnection, files: Iterable[object]) -> None:
    """Leaves a connection these files, and nothing else of the machine. It cannot be undone."""
    paths = ", ".join(literal(str(file)) for file in files)
    for setting in (
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "python_enable_replacements = false",
        f"allowed_paths = [{paths}]",
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        connection.execute(f"SET {setting}")


def literal(text: str) -> str:
    """A text as DuckDB's SQL quotes it."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name as DuckDB's SQL quotes it."""
    return '"' + name.replace('"', '""') + '"'


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
