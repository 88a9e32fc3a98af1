"""A table's files -> its rows, as an engine's program reads them, in the process of the test."""

from __future__ import annotations

import pyarrow as pa
import pytest

from harness import engines
from harness.answer import AnswerSpec
from harness.data.apart import Apart
from harness.plan import CompiledQuery, compile_query
from harness.sandbox.guard import identifier
from harness.tables import Input, Table


def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes `Apart.call` call functions in this process, where a test may have replaced parts."""
    monkeypatch.setattr(Apart, "call", lambda self, what, function, *given: function(*given))


def read_by(engine: str, table: Table, source: Input) -> pa.Table:
    """Returns a table's rows, as an engine's program reads them; raises what the engine raises."""
    query = _all_of(table)
    found = engines.get(engine)
    session = found.start(threads=2)
    if source is Input.MEMORY:
        session.load(table)
    else:
        session.scan(table, source)
    session.prepare(found.compile(query, {table.name: table}, source))
    return session.to_arrow(session.run())


def spec_of(table: Table) -> AnswerSpec:
    """Returns the AnswerSpec with which two readings of all rows of a table are compared."""
    return _all_of(table).spec


def _all_of(table: Table) -> CompiledQuery:
    names = ", ".join(identifier(column.name) for column in table.schema)
    return compile_query(f"select {names} from {table.name}", {table.name: table.schema})
