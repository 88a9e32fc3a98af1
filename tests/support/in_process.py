"""Tiny tables and SQL -> each engine's verdict, all inside the process of the test."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from harness import engines
from harness.data.special import specials_in
from harness.engines.base import Engine
from harness.engines.gaps import Gap, Refused, told
from harness.engines.own_environment import InOwnEnvironment
from harness.engines.session import Program, Session
from harness.errors import Unsupported
from harness.plan import FAILED, CompiledQuery, compile_query
from harness.tables import Input, Table
from harness.types import Column, Schema, Type
from harness.verify.compare import compare
from harness.verify.explained import data_of_its_own
from tests.support.other_ways import another

ARROW_TYPES = {
    Type.BOOLEAN: pa.bool_(),
    Type.INT64: pa.int64(),
    Type.FLOAT64: pa.float64(),
    Type.DECIMAL: pa.decimal128(15, 2),
    Type.STRING: pa.string(),
    Type.DATE: pa.date32(),
    Type.TIMESTAMP: pa.timestamp("us"),
}
Value = int | float | str | bool | datetime.date | None


@dataclass(frozen=True)
class Verdict:
    """The outcome of one query on one engine, with the reason and the program.

    ``outcome`` is ok, unsupported (nothing was run, or the data is what only DuckDB can answer),
    failed (it raised while it ran) or wrong.
    """

    outcome: str
    reason: str = ""
    program: str = ""
    gap: Gap | None = field(default=None, compare=False)
    """The gap of the engine that the query runs into."""

    def __str__(self) -> str:
        return f"{self.outcome}: {self.reason}\n{self.program}".strip()


def refused(error: Unsupported, program: str = "") -> Verdict:
    gap = error.gap if isinstance(error, Refused) else None
    return Verdict("unsupported", str(error), program, gap)


def said_while_it_ran(error: Unsupported, program: str, engine: Engine) -> Verdict:
    """Returns the verdict by a session, which knows its engine's gaps by their words only."""
    known = (gap for gap in engine.gaps if str(error).startswith(told(engine.label, gap)))
    return Verdict("unsupported", str(error), program, next(known, None))


def arrow_table(types: Mapping[str, str], rows: Sequence[Sequence[Value]]) -> pa.Table:
    """Returns rows of plain values as an Arrow table.

    ``types`` maps each column's name to a type of the harness, such as ``int64``.
    """
    columns = list(zip(*rows, strict=True)) or [()] * len(types)
    kinds = [ARROW_TYPES[Type(kind)] for kind in types.values()]
    arrays = [pa.array(values, kind) for values, kind in zip(columns, kinds, strict=True)]
    return pa.table(arrays, names=list(types))


def read_tables(file: Path) -> dict[str, pa.Table]:
    """The tables of a YAML file: ``{name: {columns: {name: type}, rows: [[...]]}}``."""
    tables = yaml.safe_load(file.read_text())
    return {name: arrow_table(t["columns"], t["rows"]) for name, t in tables.items()}


class InProcess:
    """Runs queries on engines in this process, and compares their answers with DuckDB's.

    All have the same ``tables``, in memory and as Parquet files in ``folder``. The reference is
    DuckDB's answer to the SQL as written. DuckDB's optimizer is off, unless ``optimized``: without
    it, joins by commas (``from a, b where …``) take too long, except over tiny tables.
    """

    def __init__(
        self, tables: Mapping[str, pa.Table], folder: Path, optimized: bool = False
    ) -> None:
        self.tables = {name: _written(name, t, folder) for name, t in tables.items()}
        self.sessions: dict[tuple[str, Input], Session] = {}
        self.reference = duckdb.connect()
        if not optimized:
            self.reference.execute("pragma disable_optimizer")  # it drops filters (DuckDB 2.0)
        for name, table in self.tables.items():
            file = table.parquet[0]
            self.reference.execute(f"create table {name} as from read_parquet('{file}')")
        self.query = functools.cache(self._query)
        self.expected = functools.cache(self._expected)

    def __enter__(self) -> InProcess:
        return self

    def __exit__(self, *_: object) -> None:
        """Closes all sessions; servers that they have started end with them."""
        for session in self.sessions.values():
            session.close()

    def verdict(self, engine: str, sql: str, source: Input | None = None) -> Verdict:
        """Compiles and runs a query on an engine, and checks its answer.

        Without a ``source`` that is the engine's usual one. Raises AssertionError if the plan layer
        has failed by a fault of its own, and any error of the engine's ``compile`` but Unsupported.
        Errors of the run become part of the verdict.
        """
        source = source or engines.get(engine).usual_input
        query = self.query(sql)
        assert not str(query.unsupported).startswith(FAILED), query.unsupported
        try:
            program = engines.get(engine).compile(query, self.tables, source)
        except Unsupported as error:
            return refused(error)
        try:
            answer = self._answer(engine, source, program)
        except Unsupported as error:
            return said_while_it_ran(error, program.text, engines.get(engine))
        except Exception as error:  # an engine may raise anything
            own = data_of_its_own(self.reference, sql, self.tables, raised=True)
            told = f"{type(error).__name__}: {error}"
            return Verdict("failed" if own is None else "unsupported", own or told, program.text)
        reason = compare(answer, self.expected(sql), query.spec, query.spec.limit is not None)
        if reason is None:
            return Verdict("ok", "", program.text)
        own = data_of_its_own(self.reference, sql, self.tables)
        ties = query.spec.limit is not None
        own = own or another(self.reference, query.spec, self.expected(sql), ties, self.tables)
        if own is not None:
            return Verdict("unsupported", own, program.text)
        return Verdict("wrong", reason, program.text)

    def answer(self, engine: str, sql: str, source: Input = Input.MEMORY) -> pa.Table:
        """Returns an engine's answer to a query, unchecked; raises what the engine raises."""
        program = engines.get(engine).compile(self.query(sql), self.tables, source)
        return self._answer(engine, source, program)

    def _query(self, sql: str) -> CompiledQuery:
        return compile_query(sql, {name: t.schema for name, t in self.tables.items()})

    def _expected(self, sql: str) -> pa.Table:
        spec = self.query(sql).spec
        right = self.reference.sql(spec.widened_sql or spec.reference_sql).to_arrow_table()
        return right.rename_columns(spec.named(right.column_names))

    def _answer(self, engine: str, source: Input, program: Program) -> pa.Table:
        session = self._session(engine, source)
        session.prepare(program)
        return session.to_arrow(session.run())

    def _session(self, engine: str, source: Input) -> Session:
        key = engine, source
        if key not in self.sessions:
            self.sessions[key] = _started(engines.get(engine), self.tables.values(), source)
        return self.sessions[key]


def _started(engine: Engine, tables: Any, source: Input) -> Session:
    session = engine.start(threads=2)
    for table in tables:
        if source is Input.MEMORY:
            session.load(table)
        else:
            session.scan(table, source)
    return session


def _written(name: str, table: pa.Table, folder: Path) -> Table:
    file = folder / f"{name}.parquet"
    pq.write_table(table, file)
    return Table(name, described(table), table.num_rows, (file,))


def described(table: pa.Table) -> Schema:
    """The schema of an Arrow table; a column is nullable exactly where a NULL is in it."""
    kinds = {arrow: kind for kind, arrow in ARROW_TYPES.items()}
    return tuple(
        Column(
            field.name,
            kinds[field.type],
            bool(table[field.name].null_count),
            special=specials_in(table[field.name]),
        )
        for field in table.schema
    )


def installed(serving: bool = False, reads: Input | None = None) -> tuple[str, ...]:
    """Returns the names of the engines that this process can use.

    Engines that start a server are left out unless ``serving``. If ``reads`` is given, so are those
    that do not start from that kind of input.
    """
    able = [engines.get(name) for name in engines.names()]
    able = [e for e in able if not isinstance(e, InOwnEnvironment) and e.unavailable() is None]
    able = [e for e in able if serving or not e.serves]
    return tuple(e.name for e in able if reads is None or reads in e.reads)


def apart() -> tuple[str, ...]:
    """Returns the names of the engines that have an environment of their own, made before."""
    able = [engines.get(name) for name in engines.names()]
    return tuple(e.name for e in able if isinstance(e, InOwnEnvironment) and not e.unavailable())
