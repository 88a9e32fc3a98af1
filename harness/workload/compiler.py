"""Compiles a workload's queries: the description of each answer, and each engine's program.

The work is done in a process of its own (``harness/workload/compile_process.py``), since a file
may come from a stranger.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import TypeVar

import harness.engines
from harness.answer import AnswerSpec
from harness.engines.session import Program
from harness.errors import TooMuch, Unsupported, WorkerError, WorkloadError
from harness.machine.messages import Request
from harness.tables import CsvFormat, Input, Table
from harness.types import Schema
from harness.words import suggestion
from harness.workload.file import Query, Workload
from harness.workload.own_code import program_of
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
"""The time limit for one plan or one program."""
FILE_SECONDS = 300.0
"""The time limit for all compilations of a file; a standard query takes 0.03 s."""
FILE_CHARACTERS = 100_000_000
"""The limit for all plans and programs of a file; a standard query has 20,000 characters."""
MESSAGE_CHARACTERS = 1000
"""The limit for an error message, which may quote any name of the query."""

SHORTER = (
    "write it as several queries, name fewer of its parts twice, or put a long list into a table"
)
"""What makes a query quicker to compile."""
NO_SQL = "this query has no SQL: its programs are checked against each other"

Reply = TypeVar("Reply")
Schemas = Mapping[str, Schema]


def engines_of(query: Query, selected: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yields the engines that run a query, of those selected, each with a user's own program or "".

    ``pandas`` runs the compiled program, ``mine=pandas`` the one in ``mine.py``.
    """
    for engine in selected:
        if query.sql:
            yield engine, ""
        for name, function in query.native.get(harness.engines.get(engine).name, {}).items():
            yield harness.engines.renamed(engine, name), function


class Compiler:
    """Compiles the queries of a workload; each once per combination of tables, engine and input.

    A query that exceeds a limit, or crashes the compiling process, does not affect the others.
    """

    def __init__(self, workload: Workload, reader: Reader) -> None:
        self.workload, self._reader = workload, reader
        self._queries: dict[object, Planned] = {}
        self._programs: dict[object, Program] = {}
        self._seconds, self._characters = FILE_SECONDS, FILE_CHARACTERS

    def check(self, schemas: Schemas) -> dict[str, WorkloadError]:
        """Makes the plan of every query. Returns the errors of invalid queries, by query name."""
        errors = {}
        for query in self.workload.queries:
            try:
                self.query(query, schemas)
            except WorkloadError as error:
                errors[query.name] = error
        return errors

    def query(self, query: Query, schemas: Schemas) -> Planned:
        """Returns a compiled query: the description of its answer, and its plan as text.

        Raises WorkloadError, with file and line, where the query is wrong.
        """
        key = query.name, tuple(schemas.items())
        if key not in self._queries:
            self._check_native(query)
            self._queries[key] = self._planned(query, schemas)
        return self._queries[key]

    def _planned(self, query: Query, schemas: Schemas) -> Planned:
        if not query.sql:
            return Planned(AnswerSpec((), "", tolerance=query.tolerance), None, None, NO_SQL)
        try:
            reply = self._ask("to compile it", PlanQuery(_text_of(query)), schemas)
            if isinstance(reply, Planned):
                return reply
            reason = reply.reason
        except TooMuch as error:
            reason = f"{error}; {SHORTER}"
        except WorkerError as error:  # our bug or the parser's: reported at the query's line
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

    def steps(
        self, query: Query, schemas: Schemas, *, written: bool = False
    ) -> list[tuple[str, str]]:
        """Returns pairs (step, text): the query after each step of its compilation, for people.

        With ``written`` the query is compiled as written, without optimization. Raises
        WorkloadError, with file and line, where the query is wrong.
        """
        self.query(query, schemas)
        if not query.sql:
            raise Unsupported(NO_SQL)
        return self._ask("to compile it", ShowSteps(_text_of(query), written), schemas)

    def program(
        self, query: Query, schemas: Schemas, engine: str, source: Input, own: str = ""
    ) -> Program:
        """Returns an engine's program: compiled, or the user's ``own`` (``file.py:function``).

        ``source`` is the kind of input that it starts from. Raises Unsupported where the engine
        cannot do the query.
        """
        key = query.name, tuple(schemas.items()), engine, source, own
        if key not in self._programs:
            self._programs[key] = (
                program_of(self.workload.file.parent, own)
                if own
                else self._made(query, schemas, engine, source)
            )
        return self._programs[key]

    def _made(self, query: Query, schemas: Schemas, engine: str, source: Input) -> Program:
        self.query(query, schemas)
        if not query.sql:
            raise Unsupported(NO_SQL)
        try:
            reply = self._ask("its program", Compile(_text_of(query), engine, source), schemas)
        except TooMuch as error:
            label = harness.engines.get(engine).label
            raise Unsupported(f"not compiled for {label}: {error}") from error
        if isinstance(reply, NoProgram):
            raise Unsupported(reply.reason)
        return reply

    def _ask(self, what: str, request: Request[Reply], schemas: Schemas) -> Reply:
        """Returns the compiling process's reply to a request about tables with these schemas.

        Raises TooMuch, whose message begins with ``what``, if the request or all requests of the
        file so far take too long, or if all replies so far have too much text.
        """
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
    return QueryText(query.sql, query.tolerance, query.write, query.train)


def _characters(reply: object) -> int:
    """The number of characters of all texts in a reply."""
    if isinstance(reply, str):
        return len(reply)
    if is_dataclass(reply):
        return sum(_characters(getattr(reply, field.name)) for field in fields(reply))
    return sum(map(_characters, reply)) if isinstance(reply, (list, tuple)) else 0


def described(workload: Workload, schemas: Schemas) -> dict[str, Table]:
    """Returns the tables with schema and CSV format, on which programs depend, but without rows."""
    formats = {name: table.csv_format.plain for name, table in workload.tables.items()}
    return {
        name: Table(name, schema, rows=0, csv_format=formats.get(name, CsvFormat()))
        for name, schema in schemas.items()
    }
