"""What the worker that reads SQL can be asked to do, and its replies."""

from __future__ import annotations

from dataclasses import dataclass

from harness.answer import AnswerSpec
from harness.engines.base import Program
from harness.machine.messages import Request
from harness.tables import Input, Table


@dataclass(frozen=True)
class QueryText:
    """A query as its file has it."""

    sql: str
    tolerance: float
    write: str | None


@dataclass(frozen=True)
class Planned:
    """What the right answer to a query looks like, and its plan as text, plain and with row types.

    The plans are None where the plan layer cannot lower the query; ``unsupported`` then says why.
    SQL engines can still run it.
    """

    spec: AnswerSpec
    plan: str | None
    typed_plan: str | None
    unsupported: str


@dataclass(frozen=True)
class Wrong:
    """What is wrong with a query's SQL."""

    reason: str


@dataclass(frozen=True)
class NoProgram:
    """Why an engine has no program for a query."""

    reason: str


@dataclass(frozen=True)
class TakeTables(Request[None]):
    """Read queries as being about these tables from now on; their rows do not matter."""

    tables: tuple[Table, ...]


@dataclass(frozen=True)
class PlanQuery(Request[Planned | Wrong]):
    """Plan a query."""

    query: QueryText


@dataclass(frozen=True)
class ShowSteps(Request[list[tuple[str, str]]]):
    """(name, text) of a query after each step of its compilation."""

    query: QueryText


@dataclass(frozen=True)
class Compile(Request[Program | NoProgram]):
    """Make an engine's program for a query."""

    query: QueryText
    engine: str
    source: Input
