"""The base of sessions that run SQL."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from harness.engines.session import OUTPUT_FILE, Program, Session
from harness.engines.training import of_arrow, train_of
from harness.errors import first_cause

if TYPE_CHECKING:
    import pyarrow as pa

    from harness.answer import AnswerSpec
    from harness.engines.training import Batch

WRITES = f"-- the answer is written to {OUTPUT_FILE}\n"
"""The first line of a program that writes its answer to a file within the timed work."""


class SqlSession(Session):
    """An open connection: it loads tables under their names, and runs one SELECT over them."""

    def __init__(self, threads: int) -> None:
        self.threads, self.sql, self.writes = threads, "", False

    @abstractmethod
    def execute(self, sql: str) -> Any:
        """Runs a query and returns its whole answer."""

    @abstractmethod
    def write(self, sql: str, path: str) -> None:
        """Computes the answer and leaves it in a Parquet file."""

    def prepare(self, program: Program) -> None:
        self.sql, self.writes = program.text.removeprefix(WRITES), program.text.startswith(WRITES)

    def run(self) -> Any:
        with self.lacking_as_unsupported():
            return self.write(self.sql, OUTPUT_FILE) if self.writes else self.execute(self.sql)

    @contextmanager
    def lacking_as_unsupported(self) -> Iterator[None]:
        """Replaces errors of the library by Unsupported, if their message fits a gap."""
        try:
            yield
        except Exception as error:
            cause = first_cause(error)
            refused = self.said(f"{type(cause).__name__}: {cause}".strip())
            if refused is not None:
                raise refused from error
            raise

    def batches(self, spec: AnswerSpec) -> Iterator[Batch]:
        with self.lacking_as_unsupported():
            yield from of_arrow(self.stream(self.sql, train_of(spec).batch_rows), spec)

    def stream(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        """Yields a query's rows, some ``rows`` at a time: here those of the whole answer."""
        yield from self.to_arrow(self.execute(sql)).to_batches(max_chunksize=rows)

    def to_arrow(self, result: Any) -> pa.Table:
        return result

    def rows(self, result: Any) -> int:
        return len(result)
