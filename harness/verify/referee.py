"""The parent's side of the referee, the process that computes references and checks answers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from harness.answer import AnswerSpec
from harness.data.budget import CacheBudget
from harness.errors import NoReference, Unsupported, WorkerError
from harness.machine.messages import Request
from harness.machine.restarting_worker import RestartingWorker
from harness.tables import Table
from harness.verify.requests import Adopt, Check, Compute, Explain, Reference, StartReferee

Reply = TypeVar("Reply")

TIMEOUT_SECONDS = 600.0
"""The limit for one reference or comparison; generous, since no engine is charged for it."""


class Referee(RestartingWorker):
    """Computes reference answers with DuckDB and compares the engines' answers with them.

    References are cached within the disk ``budget``.
    """

    def __init__(
        self,
        budget: CacheBudget,
        scratch: Path,
        threads: int,
        memory_limit: int | None = None,
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        start = StartReferee(budget, threads, timeout)
        super().__init__("harness.verify.reference", scratch, start, timeout, memory_limit)
        self._known: dict[tuple[str, AnswerSpec], Reference | NoReference] = {}

    def reference(self, tables: Mapping[str, Table], key: str, spec: AnswerSpec) -> Reference:
        """The right answer over tables whose content ``key`` identifies; computed only once.

        Raises NoReference where DuckDB cannot compute it, at every call for it.
        """
        known = self._known.get((key, spec))
        if known is None:
            known = self._known[key, spec] = self._compute(tables, key, spec)
        if isinstance(known, NoReference):
            raise known
        return known

    def adopt(
        self, answer: Path, tables: Mapping[str, Table], key: str, spec: AnswerSpec
    ) -> Reference:
        """Makes an answer file the reference of a query without SQL.

        Raises NoReference if it cannot be stored.
        """
        try:
            adopted = self._request(Adopt(answer.absolute(), tuple(tables.values()), key, spec))
        except WorkerError as error:
            raise NoReference(f"the answer could not be stored: {error}") from error
        self._known[key, spec] = adopted
        return adopted

    def _compute(
        self, tables: Mapping[str, Table], key: str, spec: AnswerSpec
    ) -> Reference | NoReference:
        try:
            return self._request(Compute(tuple(tables.values()), key, spec))
        except WorkerError as error:
            return NoReference(f"there is no reference answer: {error}")

    def check(self, answer: Path, spec: AnswerSpec, reference: Reference) -> str | None:
        """Returns why an answer file is wrong, or None if it is right.

        Raises NoReference if the answer cannot be compared, or the reference is in doubt;
        Unsupported if only DuckDB answers data like these as it does.
        """
        try:
            verdict = self._request(Check(answer.absolute(), spec, reference))
        except WorkerError as error:
            raise NoReference(f"the answer could not be checked: {error}") from error
        if verdict.unsupported is not None:
            raise Unsupported(verdict.unsupported)
        if verdict.doubt is not None:
            raise NoReference(verdict.doubt)
        return verdict.reason

    def explain(self, spec: AnswerSpec, reference: Reference) -> str | None:
        """Returns what in the data makes other engines fail on the query, or None if unknown."""
        try:
            return self._request(Explain(spec, reference))
        except WorkerError:
            return None

    def _request(self, request: Request[Reply]) -> Reply:
        return self.client().request(request, self._timeout)
