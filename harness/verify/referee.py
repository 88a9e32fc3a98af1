"""The parent's side of the referee, the process that computes references and checks answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from harness.answer import AnswerSpec
from harness.data.budget import Budget
from harness.errors import NoReference, Unsupported, WorkerError
from harness.machine.messages import Message, spec_to_message, table_to_message
from harness.machine.standing import Standing
from harness.tables import Table

TIMEOUT_SECONDS = 600.0
"""The limit for one reference or comparison; generous, since no engine is charged for it."""


@dataclass(frozen=True)
class Reference:
    """The file of a right answer; ``widened`` if it includes the rows that tie at a LIMIT.

    ``tables`` and ``key`` are what it was computed from, for later doubts about it.
    """

    path: Path
    widened: bool
    tables: tuple[Table, ...]
    key: str


class Referee(Standing):
    """Computes reference answers with DuckDB and compares the engines' answers with them.

    References are cached within the disk ``budget``.
    """

    def __init__(
        self,
        budget: Budget,
        scratch: Path,
        threads: int,
        memory_limit: int | None = None,
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        begin = {"budget": asdict(budget), "threads": threads, "timeout": timeout}
        super().__init__("harness.verify.reference", scratch, begin, timeout, memory_limit)
        self._known: dict[tuple[str, AnswerSpec], Reference | NoReference] = {}

    def reference(self, tables: Mapping[str, Table], key: str, spec: AnswerSpec) -> Reference:
        """The right answer over the tables of a data key; computed only once.

        Raises NoReference where DuckDB cannot compute it, at every call for it.
        """
        known = self._known.get((key, spec))
        if known is None:
            known = self._known[key, spec] = self._compute(tables, key, spec)
        if isinstance(known, NoReference):
            raise known
        return known

    def _compute(
        self, tables: Mapping[str, Table], key: str, spec: AnswerSpec
    ) -> Reference | NoReference:
        message = {
            "do": "reference",
            "tables": [table_to_message(table) for table in tables.values()],
            "key": key,
            "spec": spec_to_message(spec),
        }
        try:
            reply = self._request(message)
        except WorkerError as error:
            return NoReference(f"there is no reference answer: {error}")
        return Reference(Path(reply["path"]), reply["widened"], tuple(tables.values()), key)

    def check(self, answer: Path, spec: AnswerSpec, reference: Reference) -> str | None:
        """Why an answer file is wrong, or None if it is right.

        Raises NoReference where it cannot be compared, or where the reference is in doubt;
        Unsupported where the data is such that only DuckDB has DuckDB's answer.
        """
        message = {
            "do": "check",
            "answer": answer.absolute(),
            "reference": reference.path,
            "widened": reference.widened,
            "tables": [table_to_message(table) for table in reference.tables],
            "key": reference.key,
            "spec": spec_to_message(spec),
        }
        try:
            reply = self._request(message)
        except WorkerError as error:
            raise NoReference(f"the answer could not be checked: {error}") from error
        if reply["unsupported"] is not None:
            raise Unsupported(reply["unsupported"])
        if reply["doubt"] is not None:
            raise NoReference(reply["doubt"])
        reason: str | None = reply["reason"]
        return reason

    def explain(self, spec: AnswerSpec, reference: Reference) -> str | None:
        """The reason, in the data, why engines fail where DuckDB does not, or None."""
        message = {
            "do": "explain",
            "tables": [table_to_message(table) for table in reference.tables],
            "key": reference.key,
            "spec": spec_to_message(spec),
        }
        try:
            reason: str | None = self._request(message)["reason"]
        except WorkerError:
            return None
        return reason

    def _request(self, message: Mapping[str, object]) -> Message:
        return self.worker().request(message, self._timeout)
