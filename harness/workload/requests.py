"""The requests to the worker that reads SQL, and its replies."""

from __future__ import annotations

from dataclasses import dataclass

from harness.answer import AnswerSpec
from harness.engines.base import Program
from harness.machine.messages import Request
from harness.tables import Input, Table


@dataclass(frozen=True)
class QueryText:
    """A query as it is in its file."""

    sql: str
    tolerance: float
    write: str | None


@dataclass(frozen=True)
class Planned:
    """A compiled query: the description of its answer, and its plan as text, plain and typed.

    The plans are None where the plan layer cannot lower the query; ``unsupported`` then says why.
    DuckDB can still run it.
    """

    spec: AnswerSpec
    plan: str | None
    typed_plan: str | None
    unsupported: str


@dataclass(frozen=True)
class WrongQuery:
    """What is wrong with a query's SQL."""

    reason: str


@dataclass(frozen=True)
class NoProgram:
    """Why an engine has no program for a query."""

    reason: str


@dataclass(frozen=True)
class TakeTables(Request[None]):
    """Set the tables that later queries read: their schemas, without rows."""

    tables: tuple[Table, ...]


@dataclass(frozen=True)
class PlanQuery(Request[Planned | WrongQuery]):
    """Plan a query."""

    query: QueryText


@dataclass(frozen=True)
class ShowSteps(Request[list[tuple[str, str]]]):
    """Return (step, text of the query after it) for each step of compilation.

    With ``written`` the query is compiled as written, without optimization.
    """

    query: QueryText
    written: bool


@dataclass(frozen=True)
class Compile(Request[Program | NoProgram]):
    """Make an engine's program for a query."""

    query: QueryText
    engine: str
    source: Input
