"""Sessions of Hyper."""

from __future__ import annotations

import contextlib
import os
import weakref
from pathlib import Path
from typing import Any

from harness.engines.session import Program, memory_limit
from harness.engines.sql.sessions.base import SqlSession
from harness.engines.sql.sessions.tables import external, with_files
from harness.machine.scratch import own_folder
from harness.sandbox.guard import identifier, literal
from harness.tables import Input, Table

LONGEST_FOLDER = 80
"""The most bytes of a folder's path in which there may be a socket; the whole path may have 103."""


class HyperSession(SqlSession):
    """A session of Hyper: memory holds temporary tables; answers come as Arrow files."""

    def __init__(self, threads: int) -> None:
        import pyarrow as pa
        import tableauhyperapi as hyper

        super().__init__(threads)
        bounds = {"hard_concurrent_query_thread_limit": str(threads), "log_config": ""}
        bounds |= {"memory_limit": f"{limit * 4 // 5 >> 20}m"} if (limit := memory_limit()) else {}
        if len(os.fsencode(folder := Path.cwd())) <= LONGEST_FOLDER:  # a killed server leaves it
            bounds |= {"domain_socket_dir": str(folder)}
        quiet = hyper.Telemetry.DO_NOT_SEND_USAGE_DATA_TO_TABLEAU
        self.pa, self.hyper = pa, hyper
        self.files, self.loaded = dict[str, str](), dict[str, Table]()
        self.opened = contextlib.ExitStack()  # what is open, of all clients
        self.end = weakref.finalize(self, self.opened.close)
        self.server = self.opened.enter_context(hyper.HyperProcess(quiet, parameters=bounds))
        self.connect()

    def connect(self) -> None:
        self.answer = str(own_folder("hyper-") / "answer.arrows")
        connection = self.hyper.Connection(self.server.endpoint)
        self.connection = self.opened.enter_context(connection)
        for table in self.loaded.values():
            self.load(table)

    def disconnect(self) -> None:
        self.connection.close()  # with its copies of the tables
        Path(self.answer).unlink(missing_ok=True)

    def load(self, table: Table) -> None:
        name, rows = identifier(table.name), external(table, Input.PARQUET)
        self.connection.execute_command(f"DROP TABLE IF EXISTS {name}")
        self.connection.execute_command(f"CREATE TEMPORARY TABLE {name} AS (SELECT * FROM {rows})")
        self.loaded[table.name] = table

    def scan(self, table: Table, source: Input) -> None:
        name, rows = identifier(table.name), external(table, source)
        self.files[name] = f"{name} AS (SELECT * FROM {rows})"

    def prepare(self, program: Program) -> None:
        super().prepare(program)
        self.sql = with_files(self.sql, self.files)  # a table would remember its files' footers

    def execute(self, sql: str) -> Any:
        self._copy(sql, literal(self.answer), "arrowstream")
        return self.pa.ipc.open_stream(self.pa.OSFile(self.answer)).read_all()

    def write(self, sql: str, path: str) -> None:
        self._copy(sql, literal(str(Path(path).absolute())), "parquet")

    def _copy(self, sql: str, to: str, form: str) -> None:
        self.connection.execute_command(f"COPY ({sql}) TO {to} WITH (FORMAT => '{form}')")

    def close(self) -> None:
        self.end()
