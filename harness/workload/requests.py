"""The requests to the worker that reads SQL, and its replies."""

from __future__ import annotations

from dataclasses import dataclass

from harness.answer import AnswerSpec, Training
from harness.engines.session import Program
from harness.machine.messages import Request
from harness.tables import Input, Table


@dataclass(frozen=True)
class QueryText:
    """A query as it is in its file."""

    sql: str
    tolerance: float
    write: str | None
    train: Training | None = None


@dataclass(frozen=True)
class Planned:
    """A compiled query: the description of its answer, and its plan as text.

    In ``typed_plan`` the columns have their types. Both texts are None where the plan layer cannot
    lower the query; ``unsupported`` then says why. DuckDB can still run it. ``tables`` are those
    that the plan reads.
    """

    spec: AnswerSpec
    plan: str | None
    typed_plan: str | None
    unsupported: str
    tables: tuple[str, ...] = ()


@dataclass(frozen=True)
class WrongQuery:
    """The reply about a query with wrong SQL; ``reason`` says what is wrong."""

    reason: str


@dataclass(frozen=True)
class NoProgram:
    """The reply if an engine can have no program for a query; ``reason`` says why."""

    reason: str


@dataclass(frozen=True)
class TakeTables(Request[None]):
    """The request to use these tables (their schemas, without rows) for later queries."""

    tables: tuple[Table, ...]


@dataclass(frozen=True)
class PlanQuery(Request[Planned | WrongQuery]):
    """The request to plan a query."""

    query: QueryText


@dataclass(frozen=True)
class ShowSteps(Request[list[tuple[str, str]]]):
    """The request for pairs: each step of a query's compilation, and the query's text after it.

    With ``written`` the query is compiled as written, without optimization.
    """

    query: QueryText
    written: bool


@dataclass(frozen=True)
class Compile(Request[Program | NoProgram]):
    """The request to make an engine's program for a query."""

    query: QueryText
    engine: str
    source: Input
