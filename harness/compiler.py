"""A workload's queries -> their plans, and one engine's program for each."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import harness.engines
from harness import plan
from harness.engines.base import Engine, Program
from harness.errors import TooMuch, Unsupported, WorkloadError
from harness.limited import SECONDS, limited
from harness.spelling import suggestion
from harness.tables import CsvFormat, Input, Table
from harness.types import Schema
from harness.workload import Query, Workload

T = TypeVar("T")
FILE_SECONDS = 300.0
"""What all that is compiled of a file may take: a query of the standard workloads takes 0.03 s."""

Schemas = Mapping[str, Schema]


class Compiler:
    """Compiles the queries of a workload, each one once for the same tables, engine and input."""

    def __init__(self, workload: Workload) -> None:
        self.workload = workload
        self._queries: dict[object, plan.Query] = {}
        self._programs: dict[object, Program] = {}
        self._seconds = FILE_SECONDS

    def check(self, schemas: Schemas) -> None:
        """Makes all plans. Raises an ExceptionGroup of WorkloadErrors, one for each bad query."""
        errors = []
        for query in self.workload.queries:
            try:
                self.query(query, schemas)
            except WorkloadError as error:
                errors.append(error)
        if errors:
            raise ExceptionGroup(f"{self.workload.file} has bad queries", errors)

    def query(self, query: Query, schemas: Schemas) -> plan.Query:
        """A query's plan. Raises WorkloadError, at its place in the file, where it is wrong."""
        key = query.name, tuple(schemas.items())
        if key not in self._queries:
            self._check_native(query)
            self._queries[key] = self._compiled(query, schemas)
        return self._queries[key]

    def _compiled(self, query: Query, schemas: Schemas) -> plan.Query:
        def compute() -> plan.Query:
            return plan.compile_query(
                query.sql, schemas, tolerance=query.tolerance, write=query.write
            )

        try:
            return self._in_time("to compile it", compute)
        except WorkloadError as error:
            reason = error.message
        except TooMuch as error:
            reason = f"{error}; write it as several queries, or name fewer of its parts twice"
        except RecursionError:
            reason = "the SQL is nested too deeply"
        except Exception as error:  # a fault of ours or of the parser's, told at its place
            reason = f"the harness failed: {type(error).__name__}: {error}; please report this"
        raise self._error(query, reason, query.sql_line)

    def _check_native(self, query: Query) -> None:
        known = harness.engines.names()
        for name in query.native:
            if name not in known:
                hint = suggestion(name, known, "engines")
                raise self._error(query, f"native: there is no engine {name!r}; {hint}", query.line)
            if harness.engines.get(name).language != "python":
                reason = f"native: a native program is Python, and {name} runs SQL"
                raise self._error(query, reason, query.line)

    def _error(self, query: Query, reason: str, line: int) -> WorkloadError:
        return WorkloadError(f"query {query.name!r}: {reason}", self.workload.file, line)

    def program(self, query: Query, schemas: Schemas, engine: Engine, source: Input) -> Program:
        """The program for an engine: the hand-written one that the file names, or the compiled one.

        Raises Unsupported where the query cannot be spelt for the engine.
        """
        key = query.name, tuple(schemas.items()), type(engine), source
        if key not in self._programs:
            native = query.native.get(engine.name)
            self._programs[key] = (
                self._made(query, schemas, engine, source)
                if native is None
                else native_program(self.workload.file.parent, native)
            )
        return self._programs[key]

    def _made(self, query: Query, schemas: Schemas, engine: Engine, source: Input) -> Program:
        compiled, tables = self.query(query, schemas), described(self.workload, schemas)
        try:
            return self._in_time("its program", lambda: engine.compile(compiled, tables, source))
        except (TooMuch, RecursionError) as error:
            reason = str(error) if isinstance(error, TooMuch) else "it is nested too deeply"
            raise Unsupported(f"not compiled for {engine.label}: {reason}") from error

    def _in_time(self, what: str, compute: Callable[[], T]) -> T:
        """The result of what compiles, within what is left of the time that a file has."""
        if self._seconds <= 0:
            raise TooMuch(f"{what} came after {FILE_SECONDS:g} s spent on the file's other queries")
        began = time.monotonic()
        try:
            return limited(what, compute, min(SECONDS, self._seconds))
        finally:
            self._seconds += began - time.monotonic()


def native_program(folder: Path, native: str) -> Program:
    """``file.py:function`` of this folder as a program: the file's text, ``query`` its function."""
    file, _, function = native.rpartition(":")
    text = (folder / file).read_text(encoding="utf-8").rstrip()
    entry = "" if function == "query" else f"\n\n\nquery = {function}"
    return Program(f"{text}{entry}\n", "python")


def described(workload: Workload, schemas: Schemas) -> dict[str, Table]:
    """The tables as far as a program's text depends on them: no rows are read or made for this."""
    formats = {name: table.csv_format for name, table in workload.tables.items()}
    return {
        name: Table(name, schema, rows=0, csv_format=formats.get(name, CsvFormat()))
        for name, schema in schemas.items()
    }
