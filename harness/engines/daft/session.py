"""Sessions of Daft."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar

from harness.engines.python.session import ArrowAnswers
from harness.engines.session import Program
from harness.tables import Table


class DaftSession(ArrowAnswers):
    """A session of Daft. In memory, a table is a DataFrame that has been collected."""

    returns: ClassVar[str] = "end it with .to_arrow(), and return that"

    def __init__(self, threads: int) -> None:
        import daft

        super().__init__(threads)
        self.daft = daft
        daft.set_runner_native(num_threads=threads)

    def load(self, table: Table) -> None:
        frame = self.daft.read_parquet([str(path) for path in table.parquet])
        self.tables[table.name] = frame.collect()

    def prepare(self, program: Program) -> None:
        super().prepare(program)
        assert self.query is not None
        self.query = _raising_errors(self.query)


def _raising_errors(query: Callable[..., Any]) -> Callable[..., Any]:
    """Returns a program that raises RuntimeError where Daft panics: no Exception, as it comes."""

    @wraps(query)
    def run(*arguments: Any) -> Any:
        try:
            return query(*arguments)
        except BaseException as error:
            if type(error).__name__ != "PanicException":
                raise
            raise RuntimeError(str(error)) from error

    return run
