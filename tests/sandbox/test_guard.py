"""SQL is refused if DuckDB would read more than the tables, however deep that is nested."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator

import duckdb
import pytest

from harness.errors import WorkloadError
from harness.sandbox.guard import _is_consistent, judge


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("create table t (k bigint)")
        yield connection


@pytest.mark.parametrize(
    "call",
    [
        "pg_get_viewdef(1)",
        "PG_GET_VIEWDEF(1)",
        "pg_catalog.pg_get_viewdef(1)",
        "get_block_size('memory')",
        "format_type(23, null)",
        "pg_get_constraintdef(1, true)",
        "write_log('x')",
        "current_setting('threads')",
        "getvariable('x')",
        "getenv('HOME')",
        "current_schemas(true)",
        "current_database()",
        "json_serialize_plan('select 1')",
        "nextval('s')",
        "version()",
        "random()",
        "now()",
        "sleep_ms(1)",
        "abs(sum(length(write_log('x'))))",
        "first_value(pg_get_viewdef(1)) over ()",
    ],
)
def test_what_tells_of_more_than_the_tables_is_refused(
    connection: duckdb.DuckDBPyConnection, call: str
) -> None:
    with pytest.raises(
        WorkloadError, match=r"the function '[A-Za-z_]+' is none that a query may call"
    ):
        judge(connection, f"select {call} as v from t", ["t"])


@pytest.mark.parametrize(
    "call",
    [
        *("nullif(k, 1)", "if(k > 1, k, 2)", "date_add(date '2020-01-01', interval 1 day)"),
        *("split_part('a,b', ',', 1)", "sum(k) over ()", "row_number() over ()", "k || 'a'"),
        *("quantile_cont(k, 0.5)", "[k][1]", "list_sum([k])", "regexp_matches('a', 'a')"),
        *("no_such_function(k)", "strftime(date '2020-01-01', '%Y')", "error('x')", "unnest([k])"),
        *(
            '"sum"(k)',
            "SUM(k)",
            "k::varchar collate nocase",
            "extract(year from date '2020-01-01')",
        ),
    ],
)
def test_what_computes_of_its_arguments_is_not(
    connection: duckdb.DuckDBPyConnection, call: str
) -> None:
    judge(connection, f"select {call} as v from t", ["t"])


def test_no_macro_over_a_catalog_is_harmless(connection: duckdb.DuckDBPyConnection) -> None:
    """Each macro whose definition reads a catalog is refused: DuckDB lists them, also new ones."""
    reading = connection.sql(
        "select function_name, len(parameters) from duckdb_functions() "
        "where function_type = 'macro' and macro_definition ilike '%from%'"
        "and macro_definition ilike '%select%'"
    ).fetchall()
    assert len(reading) > 3
    catalogs = ("duckdb_", "pg_", "pragma_", "sqlite_", "information_schema")
    for name, count in reading:
        (macro,) = connection.execute(
            "select macro_definition from duckdb_functions() where function_name = ?", [name]
        ).fetchone() or ("",)
        if any(catalog in macro for catalog in catalogs):
            with pytest.raises(WorkloadError):
                judge(connection, f"select {name}({', '.join(['1'] * count)}) from t", ["t"])


NESTED: dict[str, Callable[[int], str]] = {
    "calls": lambda n: f"select {'abs(' * n}k{')' * n} as v from t",
    "sums": lambda n: f"select {'k + (' * (n // 2)}1{')' * (n // 2)} as v from t",
    "cases": lambda n: f"select {'case when k > 1 then ' * n}1{' end' * n} as v from t",
    "subqueries": lambda n: f"select k from {'(select k from ' * n}t{') q' * n}",
}


@pytest.mark.parametrize("kind", NESTED)
@pytest.mark.parametrize("room", [0, 512 * 2**20])
def test_each_process_takes_the_same_depth(kind: str, room: int) -> None:
    """SQL of depth 900 is read in threads with small and large stacks, by Python's usual limit."""
    raised: list[BaseException] = []

    def judged() -> None:
        try:
            with duckdb.connect() as connection:
                connection.execute("create table t (k bigint)")
                judge(connection, NESTED[kind](900), ["t"])
        except BaseException as error:
            raised.append(error)

    limit = sys.getrecursionlimit()
    threading.stack_size(room)
    thread = threading.Thread(target=judged)
    thread.start()
    threading.stack_size(0)
    thread.join()
    assert raised == [] and sys.getrecursionlimit() == limit


def test_what_is_nested_deeper_is_refused(connection: duckdb.DuckDBPyConnection) -> None:
    ours, duckdbs = "nested too deeply; write it in steps, by WITH", "Max expression depth limit"
    with pytest.raises(WorkloadError, match=f"{ours}|{duckdbs}"):  # DuckDB's, from 2.0.1
        judge(connection, NESTED["subqueries"](4000), ["t"])
    with pytest.raises(WorkloadError, match=duckdbs):
        judge(connection, NESTED["calls"](4000), ["t"])


def test_a_bracket_in_a_text_is_no_depth(connection: duckdb.DuckDBPyConnection) -> None:
    for text in ("[" * 10_000, '\\"[{' * 10_000):
        judge(connection, f"select '{text}' as v from t", ["t"])


@pytest.mark.parametrize(
    ("stability", "parameters", "consistent"),
    [
        ("CONSISTENT", ["INTEGER", "INTEGER"], True),
        ("CONSISTENT_WITHIN_QUERY", ["VARCHAR", "TIMESTAMP WITH TIME ZONE"], True),
        ("CONSISTENT_WITHIN_QUERY", ["TIMESTAMPTZ_NS", "INTERVAL"], True),
        ("CONSISTENT_WITHIN_QUERY", [], False),  # now(), current_setting('…')
        ("CONSISTENT_WITHIN_QUERY", ["VARCHAR"], False),
        ("VOLATILE", ["TIMESTAMP WITH TIME ZONE"], False),
    ],
)
def test_a_form_for_time_zones_makes_no_stranger_of_a_function(
    stability: str, parameters: list[str], consistent: bool
) -> None:
    assert _is_consistent(stability, parameters) is consistent
