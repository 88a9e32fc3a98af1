"""The requests to the referee's worker, and its replies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.answer import AnswerSpec
from harness.data.budget import CacheBudget
from harness.machine.messages import Request
from harness.tables import Table


@dataclass(frozen=True)
class StartReferee(Request[None]):
    """Choose the run's budget in the cache and DuckDB's threads. It is the first request.

    ``timeout`` is the time for any later request (seconds); other ways of computing an answer may
    together take half of it.
    """

    budget: CacheBudget
    threads: int
    timeout: float = float("inf")


@dataclass(frozen=True)
class Reference:
    """The file of a right answer; ``widened`` if it includes the rows that tie at a LIMIT.

    ``tables``, and ``key``, which identifies their content, are what the answer was computed from;
    it is computed again if in doubt.
    """

    path: Path
    widened: bool
    tables: tuple[Table, ...]
    key: str


@dataclass(frozen=True)
class Compute(Request[Reference]):
    """Find a query's reference in the cache, or compute it.

    ``key`` identifies the tables' content.
    """

    tables: tuple[Table, ...]
    key: str
    spec: AnswerSpec


@dataclass(frozen=True)
class Adopt(Request[Reference]):
    """Make an answer the reference of a query without SQL."""

    answer: Path
    tables: tuple[Table, ...]
    key: str
    spec: AnswerSpec


@dataclass(frozen=True)
class AnswerVerdict:
    """Why an answer is wrong (``reason``), or None if it is right.

    ``unsupported`` is the reason why only DuckDB answers this data as it does. ``doubt`` says how
    DuckDB, computing its reference in another way, contradicts it.
    """

    reason: str | None
    unsupported: str | None = None
    doubt: str | None = None


@dataclass(frozen=True)
class Check(Request[AnswerVerdict]):
    """Compare an answer's file with a reference."""

    answer: Path
    spec: AnswerSpec
    reference: Reference


@dataclass(frozen=True)
class Explain(Request[str | None]):
    """Say why engines cannot answer this data as DuckDB does, or None."""

    spec: AnswerSpec
    reference: Reference
