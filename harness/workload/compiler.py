"""A workload's queries -> what is known of each, and one engine's program for each.

The SQL is a stranger's: a process of its own reads it (``harness/workload/compile_process.py``).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TypeVar

import harness.engines
from harness.engines.base import Program
from harness.errors import TooMuch, Unsupported, WorkerError, WorkloadError
from harness.machine.messages import Request
from harness.tables import CsvFormat, Input, Table
from harness.types import Schema
from harness.words import suggestion
from harness.workload.file import Query, Workload
from harness.workload.reader import Reader
from harness.workload.requests import (
    Compile,
    NoProgram,
    Planned,
    PlanQuery,
    QueryText,
    ShowSteps,
)

SECONDS = 10.0
"""What one query's plan, or one program, may take."""
FILE_SECONDS = 300.0
"""What all that is compiled of a file may take: a query of the standard workloads takes 0.03 s."""
FILE_CHARACTERS = 100_000_000
"""Of all plans and programs of a file: a query of the standard workloads has 20,000."""
MESSAGE_CHARACTERS = 1000
"""Of what is wrong with a query, which may quote any name in it."""

Reply = TypeVar("Reply")
Schemas = Mapping[str, Schema]


class Compiler:
    """Compiles the queries of a workload, each one once for the same tables, engine and input.

    A query that takes too long or too much, or ends the process that reads it, costs no other one.
    """

    def __init__(self, workload: Workload, reader: Reader) -> None:
        self.workload, self._reader = workload, reader
        self._queries: dict[object, Planned] = {}
        self._programs: dict[object, Program] = {}
        self._seconds, self._characters = FILE_SECONDS, FILE_CHARACTERS

    def check(self, schemas: Schemas) -> dict[str, WorkloadError]:
        """Makes all plans. Gives the names of the bad queries, and what is wrong with each."""
        errors = {}
        for query in self.workload.queries:
            try:
                self.query(query, schemas)
            except WorkloadError as error:
                errors[query.name] = error
        return errors

    def query(self, query: Query, schemas: Schemas) -> Planned:
        """What is known of a query. Raises WorkloadError, with file and line, where it is wrong."""
        key = query.name, tuple(schemas.items())
        if key not in self._queries:
            self._check_native(query)
            self._queries[key] = self._planned(query, schemas)
        return self._queries[key]

    def _planned(self, query: Query, schemas: Schemas) -> Planned:
        try:
            reply = self._ask("to compile it", PlanQuery(_text_of(query)), schemas)
            if isinstance(reply, Planned):
                return reply
            reason = reply.reason
        except TooMuch as error:
            reason = f"{error}; write it as several queries, or name fewer of its parts twice"
        except WorkerError as error:  # a fault of ours or of the parser's, told at its place
            reason = f"the harness failed; please report this: {error}"
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
        words = reason if len(reason) <= MESSAGE_CHARACTERS else f"{reason[:MESSAGE_CHARACTERS]} …"
        return WorkloadError(f"query {query.name!r}: {words}", self.workload.file, line)

    def steps(self, query: Query, schemas: Schemas) -> list[tuple[str, str]]:
        """(step, text) of a query after each step of its compilation, for people to read.

        Raises WorkloadError, with file and line, where the query is wrong.
        """
        self.query(query, schemas)
        return self._ask("to compile it", ShowSteps(_text_of(query)), schemas)

    def program(self, query: Query, schemas: Schemas, engine: str, source: Input) -> Program:
        """The program for an engine: the hand-written one that the file names, or the compiled one.

        Raises Unsupported where the query cannot be spelt for the engine.
        """
        key = query.name, tuple(schemas.items()), engine, source
        if key not in self._programs:
            native = query.native.get(harness.engines.get(engine).name)
            self._programs[key] = (
                self._made(query, schemas, engine, source)
                if native is None
                else native_program(self.workload.file.parent, native)
            )
        return self._programs[key]

    def _made(self, query: Query, schemas: Schemas, engine: str, source: Input) -> Program:
        self.query(query, schemas)
        try:
            reply = self._ask("its program", Compile(_text_of(query), engine, source), schemas)
        except TooMuch as error:
            label = harness.engines.get(engine).label
            raise Unsupported(f"not compiled for {label}: {error}") from error
        if isinstance(reply, NoProgram):
            raise Unsupported(reply.reason)
        return reply

    def _ask(self, what: str, request: Request[Reply], schemas: Schemas) -> Reply:
        """What the reader replies, within what is left of the time that a file has."""
        if self._seconds <= 0:
            raise TooMuch(f"{what} came after {FILE_SECONDS:g} s spent on the file's other queries")
        tables, seconds = described(self.workload, schemas), min(SECONDS, self._seconds)
        began = time.monotonic()
        try:
            reply = self._reader.ask(what, tables, request, seconds)
        finally:
            self._seconds += began - time.monotonic()
        self._characters -= _characters(reply)
        if self._characters < 0:
            raise TooMuch(f"{what} comes after {FILE_CHARACTERS:,} characters of the file's others")
        return reply


def _text_of(query: Query) -> QueryText:
    return QueryText(query.sql, query.tolerance, query.write)


def _characters(reply: object) -> int:
    """The characters of all texts in a reply."""
    if isinstance(reply, str):
        return len(reply)
    if is_dataclass(reply):
        return sum(_characters(getattr(reply, field.name)) for field in fields(reply))
    return sum(map(_characters, reply)) if isinstance(reply, (list, tuple)) else 0


def native_program(folder: Path, native: str) -> Program:
    """``file.py:function`` of this folder as a program: the file's text, ``query`` its function."""
    file, _, function = native.rpartition(":")
    text = (folder / file).read_text(encoding="utf-8").rstrip()
    entry = "" if function == "query" else f"\n\n\nquery = {function}"
    return Program(f"{text}{entry}\n", "python")


def described(workload: Workload, schemas: Schemas) -> dict[str, Table]:
    """The tables as far as a program's text depends on them: no rows are read or made for this."""
    formats = {name: table.csv_format.plain for name, table in workload.tables.items()}
    return {
        name: Table(name, schema, rows=0, csv_format=formats.get(name, CsvFormat()))
        for name, schema in schemas.items()
    }
