"""The base of sessions that run programs in Python."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from harness.engines.session import OUTPUT_FILE, Program, Session
from harness.tables import Input, Table

if TYPE_CHECKING:
    import pyarrow as pa

    from harness.answer import AnswerSpec
    from harness.engines.training import Batch


class PythonSession(Session):
    """Runs programs that define ``query(t)``; a subclass loads the tables."""

    answer: ClassVar[str] = "DataFrame"
    """The name of the class that answers have."""
    returns: ClassVar[str] = "end it with .reset_index(), and return that"
    """What a hand-written program lacks that returns another class."""
    #: The file name in tracebacks of a program.
    filename: ClassVar[str] = "<program>"

    def __init__(self, threads: int) -> None:
        self.tables: dict[str, Any] = {}
        self.query: Callable[[Callable[[str], Any]], Any] | None = None
        self.file = self.filename

    def scan(self, table: Table, source: Input) -> None:
        paths = [str(path) for path in table.files(source)]
        self.tables[table.name] = paths[0] if len(paths) == 1 else paths

    def prepare(self, program: Program) -> None:
        namespace: dict[str, Any] = {"__name__": "program"}  # else Dask looks in all modules
        self.file = program.file or self.filename
        with self._placing_errors():
            exec(compile(program.text, self.file, "exec"), namespace)
        self.query = namespace["query"]

    def run(self) -> Any:
        assert self.query is not None, "prepare a program first"
        with self._placing_errors():
            result = self.query(self.tables.__getitem__)
            if self.file != self.filename:
                self._check(result)
            return result

    def batches(self, spec: AnswerSpec) -> Iterator[Batch]:
        assert self.query is not None, "prepare a program first"
        with self._placing_errors():
            yield from self.query(self.tables.__getitem__)

    def _check(self, result: Any) -> None:
        """Raises TypeError if a program returns anything but an answer, unless it wrote a file."""
        kind = type(result).__name__
        if kind != self.answer and not (result is None and Path(OUTPUT_FILE).exists()):
            raise TypeError(
                f"{self.file}: the function returns a {kind} instead of a {self.answer}: "
                f"{self.returns}"
            )

    @contextlib.contextmanager
    def _placing_errors(self) -> Iterator[None]:
        """Adds a note to errors raised within: the hand-written program's line that raised them.

        Errors of compiled programs whose message fits a gap become Unsupported.
        """
        try:
            yield
        except Exception as error:
            if self.file == self.filename:
                raise self.said(str(error)) or error from None
            frames = traceback.extract_tb(error.__traceback__)
            own = [frame for frame in frames if frame.filename == self.file]
            if own and self.file != self.filename:
                error.add_note(f"{self.file}:{own[-1].lineno}, in {own[-1].name}")
            raise


class ArrowAnswers(PythonSession):
    """A session whose programs return Arrow tables."""

    answer: ClassVar[str] = "Table"

    def to_arrow(self, result: Any) -> pa.Table:
        return result

    def rows(self, result: Any) -> int:
        return int(result.num_rows)
