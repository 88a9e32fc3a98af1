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
    """The first request: sets the run's budget in the cache, and DuckDB's threads.

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
    """The request to find a query's reference in the cache, or to compute it.

    ``key`` identifies the tables' content.
    """

    tables: tuple[Table, ...]
    key: str
    spec: AnswerSpec


@dataclass(frozen=True)
class Adopt(Request[Reference]):
    """The request to make an answer the reference of a query without SQL."""

    answer: Path
    tables: tuple[Table, ...]
    key: str
    spec: AnswerSpec


@dataclass(frozen=True)
class AnswerVerdict:
    """The reply to a Check: ``reason`` says why an answer is wrong, and is None if it is right.

    ``unsupported`` is the reason why only DuckDB answers this data as it does. ``doubt`` says how
    DuckDB, computing its reference in another way, contradicts it.
    """

    reason: str | None
    unsupported: str | None = None
    doubt: str | None = None


@dataclass(frozen=True)
class Check(Request[AnswerVerdict]):
    """The request to compare an answer's file with its reference."""

    answer: Path
    spec: AnswerSpec
    reference: Reference


@dataclass(frozen=True)
class Explain(Request[str | None]):
    """The request to say why engines cannot answer this data as DuckDB does; None if unknown."""

    spec: AnswerSpec
    reference: Reference
