"""Restricts DuckDB connections and SQL to the tables that a workload declares.

There are two locks. Before a text runs, DuckDB's own reading of it is judged, since another parser
may read another text: to sqlglot ``{# … #}`` is a comment. And the connection can open no other
file than the tables', load no extension, and change no setting. The second lock alone would let a
statement overwrite the tables' files, so every text must pass the first.
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
"""What a SELECT may consist of beside expressions, as ``json_serialize_sql`` names it."""
TELLING = frozenset(
    {
        *("getenv", "index_key", "json_serialize_plan", "version"),
        *("pg_conf_load_time", "pg_postmaster_start_time"),
    }
)
"""Functions that reveal machine, catalog or clock, though DuckDB calls them consistent."""
HARMLESS = frozenset({"error"})
"""Functions that are harmless, though DuckDB calls them volatile."""
DEEPEST = 4000
"""The most levels of a serialized statement, three for each nested call; DuckDB allows 1,000."""


def judge(connection: duckdb.DuckDBPyConnection, sql: str, tables: Iterable[str]) -> None:
    """Raises WorkloadError unless DuckDB reads the SQL as one SELECT over these tables only.

    It may call only functions whose results depend on their arguments alone: none that reads a
    file, a setting or the clock.
    """
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
    """Parses DuckDB's JSON, however deep; raises WorkloadError if it is deeper than DEEPEST."""
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
    """Returns how deeply JSON is nested, without parsing it."""
    steps = (1 if mark in "{[" else -1 for mark in _MARKS.findall(text) if mark in "{[]}")
    return max(accumulate(steps), default=0)


_MARKS = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]')
"""Brackets, and strings, which may contain brackets."""


def _parts(read: Any) -> Iterator[dict[str, Any]]:
    """Yields every JSON object in ``read``, the JSON in which DuckDB gives a parsed statement."""
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
    if "class" in part:  # of an expression
        if "function_name" in part and not _is_harmless(folded(part["function_name"])):
            name = part["function_name"]
            raise WorkloadError(f"the function {name!r} is none that a query may call")
    elif isinstance(kind, str) and kind not in PARTS:
        what = _TABLES.get(kind, kind)
        raise WorkloadError(f"a query reads the tables that its file declares, not {what}")
    if kind == "BASE_TABLE" and (part.get("schema_name") or part.get("catalog_name")):
        raise WorkloadError(f"a table has a plain name, not one in {part['schema_name']!r}")


_TABLES = {"TABLE_FUNCTION": "a function in FROM"}
"""What DuckDB's names of parts of FROM mean."""


def _is_harmless(name: str) -> bool:
    """True if the result of DuckDB's function of this name depends on its arguments alone.

    DuckDB says so, or HARMLESS lists it. False for the functions in TELLING, whatever DuckDB says.
    Also True for a name that DuckDB does not know: a query with it fails before it runs.
    """
    if name in TELLING or name.startswith("__"):
        return False
    return name in HARMLESS or all(
        consistent if macro is None else _is_of_harmless(macro)
        for consistent, macro in _functions().get(name, ())
    )


@cache
def _is_of_harmless(macro: str) -> bool:
    """True if a macro, given as SQL, reads no table and calls only harmless functions.

    Harmless are functions whose results depend on their arguments alone.
    """
    import duckdb

    with duckdb.connect() as connection:
        try:
            judge(connection, f"SELECT {macro}", ())
        except WorkloadError:
            return False
    return True


@cache
def _functions() -> dict[str, list[tuple[bool, str | None]]]:
    """Returns DuckDB's functions: name -> its variants, one for each list of parameters.

    A variant is a pair: whether its value is consistent (see `_is_consistent`), and its definition
    if it is a macro, else None.
    """
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
    """True if a function's value depends only on its arguments, and maybe the time zone.

    ``stability`` is DuckDB's word for that, such as CONSISTENT; ``parameters`` are the names of the
    parameters' types. With the extension ICU built in, dates with a time zone give ``+``,
    ``date_trunc`` and some forty others a further variant, which is consistent within a query only;
    it is accepted.
    """
    zoned = any(re.search(ZONED, parameter or "") for parameter in parameters)
    return stability == "CONSISTENT" or (stability == "CONSISTENT_WITHIN_QUERY" and zoned)


ZONED = "WITH TIME ZONE|TIMESTAMPTZ"
"""DuckDB's types whose parts and arithmetic depend on the session's time zone."""


def _strangers(read: Any, known: frozenset[str]) -> Iterator[str]:
    """Yields the tables that a statement reads, other than the known ones and CTEs in scope.

    ``read`` is the JSON in which DuckDB gives the parsed statement.
    """
    waiting: list[tuple[Any, frozenset[str]]] = [(read, known)]
    while waiting:
        part, known = waiting.pop()
        if isinstance(part, list):
            waiting += [(item, known) for item in reversed(part)]
        elif isinstance(part, dict):
            inner: list[tuple[Any, frozenset[str]]] = []
            for entry in part.get("cte_map", {}).get("map", []):
                name = folded(entry["key"])
                if name in _own_views():  # a CTE of that name hides it in some places only
                    yield entry["key"]
                inner += _in_with(entry, name, known)
                known |= {name}  # for CTEs after it, and for the query itself
            if part.get("type") == "BASE_TABLE" and folded(part["table_name"]) not in known:
                yield part["table_name"]
            inner += [(item, known) for key, item in part.items() if key != "cte_map"]
            waiting += reversed(inner)


def _in_with(
    entry: dict[str, Any], name: str, known: frozenset[str]
) -> Iterator[tuple[Any, frozenset[str]]]:
    """Yields the parts of the CTE ``name``, each with the tables that the part may read.

    ``entry`` is the CTE in DuckDB's JSON. A recursive CTE may read itself, all others ``known``
    tables.
    """
    of_with = entry["value"]  # before DuckDB 2.0 the node stood in a "query"
    node = of_with["query_node"] if "query_node" in of_with else of_with["query"]["node"]
    if node["type"] == "RECURSIVE_CTE_NODE" and folded(node["cte_name"]) == name:
        yield node["left"], known
        yield {key: part for key, part in node.items() if key != "left"}, known | {name}
    else:
        yield entry["value"], known


@cache
def _own_views() -> frozenset[str]:
    """Returns DuckDB's internal views that need no schema name: they reveal paths and settings."""
    import duckdb

    with duckdb.connect() as connection:
        rows = connection.execute("SELECT view_name FROM duckdb_views() WHERE internal").fetchall()
    return frozenset(name for (name,) in rows if name.startswith(_OWN))


_OWN = ("duckdb_", "pg_", "pragma_", "sqlite_")
"""The prefixes of these views; others are in information_schema."""


def lock(connection: duckdb.DuckDBPyConnection, files: Iterable[object]) -> None:
    """Restricts a connection to these files, for good: no other file, extension or setting."""
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
    """Returns a text quoted as a string in DuckDB's SQL."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Returns a name quoted as an identifier in DuckDB's SQL."""
    return '"' + name.replace('"', '""') + '"'


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
