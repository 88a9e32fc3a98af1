"""A DuckDB connection and SQL -> both held to the tables that a workload declares.

Two locks: DuckDB's own reading of the very text that runs is judged before it does (another parser
may read another text: to sqlglot ``{# … #}`` is a comment), and the connection can open no file but
those of the tables, load no extension, and have no setting changed. The second alone would let a
statement write over the tables' own files, and so no text may run that the first has not seen.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import accumulate
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
        "DECIMAL_TYPE_INFO",  # of a literal, in DuckDB before 2.0
    }
)
"""What a SELECT may be made of beside expressions, as ``json_serialize_sql`` names it."""
TELLING = frozenset({"getenv", "index_key", "json_serialize_plan", "version"})
"""Functions that tell of the machine or the catalog, though DuckDB has them as consistent."""
HARMLESS = frozenset({"error"})
"""Functions that are harmless, though DuckDB has them as volatile."""
DEEPEST = 4000
"""Levels of a serialized statement, three for each call in a call, of which DuckDB takes 1,000."""


def judge(connection: duckdb.DuckDBPyConnection, sql: str, tables: Iterable[str]) -> None:
    """Raises WorkloadError where DuckDB reads anything but one SELECT over these tables."""
    import duckdb

    try:
        count = len(connection.extract_statements(sql))
        text = _one_value(connection, "json_serialize_sql", sql)
    except duckdb.Error as error:
        raise WorkloadError(f"DuckDB cannot parse this: {_first_line(error)}") from error
    read = _read(text)
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


def _read(text: str) -> Any:
    """JSON as deep as DuckDB writes it, in each process alike: Python's limit holds for calls."""
    depth = _depth(text)
    if depth > DEEPEST:
        raise WorkloadError("the SQL is nested too deeply; write it in steps, by WITH")
    limit = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(limit + depth)
        return json.loads(text)
    finally:
        sys.setrecursionlimit(limit)


def _depth(text: str) -> int:
    """How deep JSON is nested, told before it is read."""
    steps = (1 if mark in "{[" else -1 for mark in _MARKS.findall(text) if mark in "{[]}")
    return max(accumulate(steps), default=0)


_MARKS = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]')
"""Brackets, and strings, in which there may be others."""


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
        if "function_name" in part and not _is_harmless(folded(part["function_name"])):
            raise WorkloadError(f"the function {part['function_name']!r} is not known here")
    elif isinstance(kind, str) and kind not in PARTS:
        raise WorkloadError(f"a query reads the tables that its file declares, not a {kind}")
    if kind == "BASE_TABLE" and (part.get("schema_name") or part.get("catalog_name")):
        raise WorkloadError(f"a table has a plain name, not one in {part['schema_name']!r}")


def _is_harmless(name: str) -> bool:
    """Whether a function computes of its arguments alone. One that DuckDB lacks runs nowhere."""
    if name in TELLING or name.startswith("__"):
        return False
    return name in HARMLESS or all(
        consistent if macro is None else _is_of_harmless(macro)
        for consistent, macro in _functions().get(name, ())
    )


@cache
def _is_of_harmless(macro: str) -> bool:
    """Whether a macro reads no table, and calls nothing but harmless functions."""
    import duckdb

    with duckdb.connect() as connection:
        try:
            judge(connection, f"SELECT {macro}", ())
        except WorkloadError:
            return False
    return True


@cache
def _functions() -> dict[str, list[tuple[bool, str | None]]]:
    """DuckDB's functions in expressions: whether each is consistent, or what the macro says."""
    import duckdb

    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT function_name, stability, has_side_effects, parameter_types, macro_definition "
            "FROM duckdb_functions() "
            "WHERE function_type IN ('scalar', 'aggregate', 'window', 'macro')"
        ).fetchall()
    found: dict[str, list[tuple[bool, str | None]]] = {}
    for name, stability, side_effects, parameters, macro in rows:
        consistent = not side_effects and _is_consistent(stability, parameters)
        found.setdefault(folded(name), []).append((consistent, macro))
    return found


def _is_consistent(stability: str | None, parameters: Sequence[str | None]) -> bool:
    """Whether a function's value depends on its arguments alone, or on the time zone besides.

    Where DuckDB has the extension ICU built in, dates with a time zone give ``+``, ``date_trunc``
    and some forty others a further form, which is consistent within a query only.
    """
    zoned = any(re.search(ZONED, parameter or "") for parameter in parameters)
    return stability == "CONSISTENT" or (stability == "CONSISTENT_WITHIN_QUERY" and zoned)


ZONED = "WITH TIME ZONE|TIMESTAMPTZ"
"""Types of DuckDB's whose parts and arithmetic hang on the session's time zone."""


def _strangers(read: Any, known: frozenset[str]) -> Iterator[str]:
    """The tables that are read and are none of those known, nor of the WITH around them."""
    waiting: list[tuple[Any, frozenset[str]]] = [(read, known)]
    while waiting:
        part, known = waiting.pop()
        if isinstance(part, list):
            waiting += [(item, known) for item in reversed(part)]
        elif isinstance(part, dict):
            inner: list[tuple[Any, frozenset[str]]] = []
            for entry in part.get("cte_map", {}).get("map", []):
                name = folded(entry["key"])
                if name in _own_views():  # which a name of WITH hides in some places only
                    yield entry["key"]
                inner += _in_with(entry, name, known)
                known |= {name}  # for those after it, and for what WITH stands before
            if part.get("type") == "BASE_TABLE" and folded(part["table_name"]) not in known:
                yield part["table_name"]
            inner += [(item, known) for key, item in part.items() if key != "cte_map"]
            waiting += reversed(inner)


def _in_with(
    entry: dict[str, Any], name: str, known: frozenset[str]
) -> Iterator[tuple[Any, frozenset[str]]]:
    """The parts of a table of WITH, each with the tables that it may read: itself, recursively."""
    of_with = entry["value"]  # before DuckDB 2.0 the node stood in a "query"
    node = of_with["query_node"] if "query_node" in of_with else of_with["query"]["node"]
    if node["type"] == "RECURSIVE_CTE_NODE" and folded(node["cte_name"]) == name:
        yield node["left"], known
        yield {key: part for key, part in node.items() if key != "left"}, known | {name}
    else:
        yield entry["value"], known


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
