"""Tables in a PostgreSQL database: in a schema of their own, loaded by COPY, join keys indexed.

The schema is dropped at the end. If its process is killed before, it stays, on a server that the
harness did not start, until the next session drops it: its name contains its session's id.
"""

from __future__ import annotations

import atexit
import contextlib
import gzip
import os
import secrets
import weakref
from collections.abc import Iterator
from copy import copy
from functools import cache
from typing import Any
from urllib.parse import unquote

import sqlglot
from sqlglot import exp
from sqlglot.dialects.postgres import Postgres

from harness.engines.session import CONNECT_VARIABLE, memory_limit
from harness.engines.sql.sessions.join_keys import join_keys
from harness.engines.sql.sessions.tables import STANDARD, declared
from harness.errors import Unsupported
from harness.machine.postgres_server import PostgresServer
from harness.sandbox.guard import identifier, literal
from harness.tables import Table
from harness.words import password_in, without_secrets

PREFIX = "enginebench_"
DEFAULT_MEMORY = 4 * 2**30
CHUNK_BYTES = 2**20
"""The bytes of a CSV file that are sent at a time."""
PATIENCE_SECONDS = 10
"""The time limit for locks that others hold, when the schema is dropped."""
MISREAD = (
    "it does not read the address as it is written: in a password, % is %25, @ is %40, / is %2F, "
    "and a space is %20"
)
ORDERED = ("C", "POSIX", "C.UTF-8", "C.utf8")
"""Collations that sort texts by code points, as all engines are compared in."""


def memory_settings() -> dict[str, object]:
    """Returns PostgreSQL's settings of memory, by name.

    A quarter of the memory limit is for shared buffers, an eighth for a sort.
    """
    megabytes = (memory_limit() or DEFAULT_MEMORY) >> 20
    return {
        "shared_buffers": f"{max(megabytes // 4, 16)}MB",
        "work_mem": f"{max(megabytes // 8, 4)}MB",
        "maintenance_work_mem": f"{min(max(megabytes // 16, 16), 2048)}MB",
        "effective_cache_size": f"{max(megabytes * 3 // 4, 16)}MB",
    }


def session_settings(threads: int) -> dict[str, object]:
    """Returns PostgreSQL's settings by name for a session, on any server."""
    return {
        "max_parallel_workers_per_gather": threads - 1,
        "max_parallel_maintenance_workers": threads - 1,
        "jit": "off",
        "random_page_cost": 1.1,
        "timezone": "UTC",
        "datestyle": "ISO",
        "client_min_messages": "error",
        "client_encoding": "UTF8",
        "standard_conforming_strings": "on",  # else a backslash in a text would end it elsewhere
        "transform_null_equals": "off",
        "extra_float_digits": 1,
    }


@cache
def own_server(threads: int) -> PostgresServer:
    """Returns this process' server, which ends with it."""
    workers = {"max_parallel_workers": threads - 1, "max_worker_processes": threads + 8}
    server = PostgresServer({**memory_settings(), **workers})
    atexit.register(server.close)
    return server


class Connected:
    """A connection with a schema of its own, to the server of ``--connect`` or the run's own."""

    def __init__(self, threads: int) -> None:
        import psycopg

        self.psycopg = psycopg
        address = os.environ.get(CONNECT_VARIABLE)
        self.server = None if address else own_server(threads)
        self.address = address or own_server(threads).address
        self.schema = f"{PREFIX}{secrets.token_hex(8)}"
        values = {**session_settings(threads), **memory_settings()}
        del values["shared_buffers"]  # the server's
        values |= {"application_name": self.schema}
        self.settings = [f"SET {name} = {literal(str(value))}" for name, value in values.items()]
        # else the server's own tables come first: a workload's may be called pg_shadow
        self.settings.append(f"SET search_path = {self.schema}, pg_catalog, pg_temp")
        self.tables: dict[str, Table] = {}
        self.indexed: set[tuple[str, str]] = set()
        self.copies = False
        self.copying = self.connected()
        weakref.finalize(self, _closed, self.copying)
        _refuse_other_texts(self.copying)
        _drop_left_behind(self.copying)
        self.copying.execute(f"CREATE SCHEMA {self.schema}")
        self._connect()

    def _connect(self) -> None:
        """Opens the connection of ADBC, for queries."""
        import adbc_driver_postgresql.dbapi as adbc

        with _without_secrets_in_errors(self.address):
            self.connection = adbc.connect(self.address, autocommit=True)
        self.queries = self.connection.cursor()
        weakref.finalize(self, _closed, self.queries, self.connection)
        for setting in self.settings:
            self.queries.execute(setting)

    def for_client(self) -> Connected:
        """Returns a copy with a connection of its own to the same tables.

        Raises Unsupported if each run copies files into these tables.
        """
        if self.copies:
            raise Unsupported("clients that run at once would copy the files into one table")
        own = copy(self)
        own._connect()
        return own

    def connected(self) -> Any:
        """A psycopg connection, for statements and COPY."""
        with _without_secrets_in_errors(self.address):
            connection = self.psycopg.connect(self.address, autocommit=True)
        for setting in self.settings:
            connection.execute(setting)
        return connection

    def load(self, table: Table) -> None:
        """Loads a table from its Parquet files, by the binary COPY of ADBC."""
        import pyarrow.parquet as pq

        own = self._own(table.name)
        self.queries.execute(f"DROP TABLE IF EXISTS {own}")
        self.tables[table.name] = table
        self.indexed = {(name, column) for name, column in self.indexed if name != table.name}
        rows = pq.read_table(list(map(str, table.parquet))).replace_schema_metadata()
        self.queries.adbc_ingest(table.name, rows, mode="create")
        self.queries.execute(f"VACUUM ANALYZE {own}")

    def scan(self, table: Table) -> None:
        """Takes a table of which each query copies the CSV files first."""
        self.tables[table.name], self.copies = table, True

    def prepare(self, sql: str) -> None:
        """Indexes the join keys of a query over loaded tables."""
        if not self.copies:
            self.index(sql)

    def _own(self, table: str) -> str:
        """Returns a table's name with the schema's: other schemas may have a table of this name."""
        return f"{self.schema}.{identifier(table)}"

    def copy(self, sql: str) -> None:
        """Loads the CSV files of the tables that a query reads into new tables of the server."""
        names = sorted(_tables_of(sql) & self.tables.keys())
        with self.copying.cursor() as own:
            for name in names:
                table, target = self.tables[name], self._own(name)
                own.execute(f"DROP TABLE IF EXISTS {target}")
                own.execute(f"CREATE UNLOGGED TABLE {target} ({declared(table, STANDARD)})")
                for file in table.csv:
                    with _opened(file) as read, own.copy(_copy(target, table)) as copy:
                        while chunk := read.read(CHUNK_BYTES):
                            copy.write(chunk)
            self.indexed.clear()
            self.index(sql)
            for name in names:
                own.execute(f"ANALYZE {self._own(name)}")

    def index(self, sql: str) -> None:
        """Makes an index on each column that a query compares with another table's."""
        for name, column in sorted(join_keys(sql, Postgres, self.tables) - self.indexed):
            self.indexed.add((name, column))
            self.queries.execute(f"CREATE INDEX ON {self._own(name)} ({identifier(column)})")

    def answer(self, sql: str) -> Any:
        """Returns the answer of a query as an Arrow table."""
        if self.copies:
            self.copy(sql)
        self.queries.execute(sql)
        return self.queries.fetch_arrow_table()

    def close(self) -> None:
        """Ends a server of the run's own; on another, cancels its work and drops its schema."""
        if self.server is not None:
            own_server.cache_clear()
            self.server.close()
            return
        with self.connected() as own:
            own.execute(f"SET lock_timeout = '{PATIENCE_SECONDS}s'")
            own.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                f"WHERE application_name = '{self.schema}' AND pid <> pg_backend_pid()"
            )
            own.execute(f"DROP SCHEMA IF EXISTS {self.schema} CASCADE")


@contextlib.contextmanager
def _without_secrets_in_errors(address: str) -> Iterator[None]:
    """Replaces errors raised within by ConnectionErrors without password and token."""
    try:
        yield
    except Exception as error:
        told = MISREAD if _misreads_password(address) else without_secrets(str(error))
        message = told.strip().splitlines() or ["no message"]
        raise ConnectionError(f"no connection to PostgreSQL: {' '.join(message)}") from None


def _misreads_password(address: str) -> bool:
    """True if libpq cannot read an address, or reads another password than stands in it.

    Its errors may then quote parts of the password as a host, a port or a wrong token.
    """
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    password = password_in(address)
    try:
        read = conninfo_to_dict(address).get("password")
    except psycopg.Error:
        return True
    return password is not None and unquote(password) != read


def _closed(*connections: Any) -> None:
    """Closes cursors and connections, even if the server has already ended them."""
    for connection in connections:
        with contextlib.suppress(Exception):
            connection.close()


def _refuse_other_texts(own: Any) -> None:
    """Raises RuntimeError if the database orders texts or changes their case unlike DuckDB.

    ``own`` is a psycopg connection to it.
    """
    ((collation, has_letters),) = own.execute(
        "SELECT COALESCE(to_jsonb(d) ->> 'daticulocale', to_jsonb(d) ->> 'datlocale', datcollate), "
        "getdatabaseencoding() = 'UTF8' AND upper('ä') = 'Ä' "
        "FROM pg_database AS d WHERE datname = current_database()"
    ).fetchall()
    fault = "" if has_letters else "knows no letters beyond ASCII's, such as ä"
    if collation not in ORDERED:
        fault = f"orders texts by the rules of {collation}, not by code points"
    if fault:
        raise RuntimeError(
            f"this database {fault}; make one by CREATE DATABASE bench TEMPLATE template0 "
            "ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'"
        )


def _drop_left_behind(own: Any) -> None:
    """Drops the schemas of sessions that ended without dropping theirs.

    ``own`` is the psycopg connection of this session.
    """
    names = own.execute(
        "SELECT nspname FROM pg_namespace WHERE nspowner = current_user::regrole AND "
        f"nspname ~ '^{PREFIX}[0-9a-f]{{16}}$' AND "
        "NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = nspname)"
    ).fetchall()
    for (name,) in names:
        own.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")


def _copy(target: str, table: Table) -> str:
    """Returns the statement that fills ``target`` from CSV; NULL may be in quotation marks, too."""
    form, names = table.csv_format, ", ".join(identifier(c.name) for c in table.schema)
    null, delimiter = literal(form.null_values[0]), literal(form.delimiter)
    return (
        f"COPY {target} ({names}) FROM STDIN (FORMAT csv, HEADER true, "
        f"DELIMITER {delimiter}, NULL {null}, FORCE_NULL ({names}))"
    )


def _opened(file: Any) -> Any:
    return gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb")


def _tables_of(sql: str) -> set[str]:
    return {table.name for table in sqlglot.parse_one(sql, read="postgres").find_all(exp.Table)}
