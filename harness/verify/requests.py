"""What the referee's worker can be asked to do, and its replies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.answer import AnswerSpec
from harness.data.budget import Budget
from harness.machine.messages import Request
from harness.tables import Table


@dataclass(frozen=True)
class StartReferee(Request[None]):
    """Choose the run's budget in the cache and DuckDB's threads. It is the first request.

    ``timeout`` is that of a request (seconds); other ways of computing an answer together take at
    most half of it.
    """

    budget: Budget
    threads: int
    timeout: float = float("inf")


@dataclass(frozen=True)
class Reference:
    """The file of a right answer; ``widened`` where it also holds the rows tying at a LIMIT.

    ``tables`` and ``key`` are what it was computed from, should it be called into question.
    """

    path: Path
    widened: bool
    tables: tuple[Table, ...]
    key: str


@dataclass(frozen=True)
class Compute(Request[Reference]):
    """Compute the reference of a query over the tables of a data key, or find it in the cache."""

    tables: tuple[Table, ...]
    key: str
    spec: AnswerSpec


@dataclass(frozen=True)
class Verdict:
    """Why an answer is wrong, or None.

    ``unsupported`` says what of the data no engine could have answered otherwise, ``doubt`` how
    DuckDB contradicts the reference when it is asked in another way.
    """

    reason: str | None
    unsupported: str | None = None
    doubt: str | None = None


@dataclass(frozen=True)
class Check(Request[Verdict]):
    """Compare an answer's file with a reference."""

    answer: Path
    spec: AnswerSpec
    reference: Reference


@dataclass(frozen=True)
class Explain(Request[str | None]):
    """Say what of the data engines cannot answer as DuckDB does, or None."""

    spec: AnswerSpec
    reference: Reference
