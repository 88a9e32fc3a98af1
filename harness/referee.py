"""Answers and what is known of the right ones -> verdicts, given by a process of their own."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from harness.answer import AnswerSpec
from harness.closing import Closing
from harness.data.budget import Budget
from harness.errors import NoReference, Unsupported, WorkerError
from harness.messages import Message, spec_to_message, table_to_message
from harness.processes import Worker
from harness.tables import Table

TIMEOUT_SECONDS = 600.0
"""For one reference or one comparison. It is no engine's time, so it is generous."""


@dataclass(frozen=True)
class Reference:
    """The file of a right answer; ``widened`` where it also holds the rows tying at a LIMIT.

    ``tables`` and ``key`` are what it was computed from, should it be called into question.
    """

    path: Path
    widened: bool
    tables: tuple[Table, ...]
    key: str


class Referee(Closing):
    """Computes reference answers with DuckDB and compares the engines' answers with them.

    References are kept within the ``budget``; ``scratch`` holds the process' own files.
    The process is started before or at the first use, and anew where it has died.
    """

    def __init__(
        self,
        budget: Budget,
        scratch: Path,
        threads: int,
        memory_limit: int | None = None,
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        self._budget, self._scratch, self._threads = budget, scratch, threads
        self._memory_limit, self._timeout = memory_limit, timeout
        self._worker: Worker | None = None
        self._started, self._starting = 0, False
        self._known: dict[tuple[str, AnswerSpec], Reference | NoReference] = {}

    def reference(self, tables: Mapping[str, Table], key: str, spec: AnswerSpec) -> Reference:
        """The right answer over the tables of a data key; computed once.

        Raises NoReference where DuckDB cannot compute it, then and at every later call.
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
        """Why an answer file is wrong, or None.

        Raises NoReference where it cannot be compared, or the reference is in doubt, and
        Unsupported where it is wrong since the engine's sums are not as wide as the right ones.
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

    def _request(self, message: Mapping[str, object]) -> Message:
        self.start()
        self._await_start()
        assert self._worker is not None
        return self._worker.request(message, self._timeout)

    def start(self) -> None:
        """Begins to start the process, unless it lives; ``await_start`` waits for it."""
        if self._worker is None or not self._worker.alive:
            self.close()
            self._worker, self._starting = self._launched(), True

    def await_start(self) -> None:
        """Waits until the process has started and idles; a failure is told to who first asks it."""
        with contextlib.suppress(WorkerError):
            self._await_start()

    def _await_start(self) -> None:
        if self._worker is not None and self._starting:
            self._starting = False
            try:
                self._worker.reply(self._timeout)
            except WorkerError:
                self.close()
                raise

    def _launched(self) -> Worker:
        self._started += 1
        worker = Worker(
            "harness.reference",
            self._scratch / f"referee-{self._started}",
            memory_limit=self._memory_limit,
        )
        worker.post(
            {
                "do": "start",
                "budget": asdict(self._budget),
                "threads": self._threads,
                "timeout": self._timeout,
            }
        )
        return worker

    def close(self) -> None:
        """Ends the process. May be called twice."""
        if self._worker is not None:
            self._worker.close()
