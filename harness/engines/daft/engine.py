"""Daft's engine, in an environment of its own, since it allows no PyArrow as new as ours."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, ClassVar

from sqlglot import exp

from harness.engines.base import Program, Session
from harness.engines.daft.gaps import DAFT_GAPS
from harness.engines.daft.program import DaftProgram
from harness.engines.gaps import Gaps
from harness.engines.own_environment import InOwnEnvironment
from harness.engines.python.program import PythonEngine, PythonSession
from harness.machine.variables import DAFT
from harness.plan.guards.nan_uses import Use
from harness.plan.guards.special_uses import FULL_CASE, Differing
from harness.special import Special
from harness.tables import Table

if TYPE_CHECKING:
    import pyarrow as pa


class DaftSession(PythonSession):
    """A session of Daft. In memory, a table is a DataFrame that has been collected."""

    answer: ClassVar[str] = "Table"
    returns: ClassVar[str] = "end it with .to_arrow(), and return that"

    def __init__(self, threads: int, gaps: Gaps) -> None:
        import daft

        super().__init__()
        self.daft, self.gaps = daft, gaps
        daft.set_runner_native(num_threads=threads)

    def load(self, table: Table) -> None:
        frame = self.daft.read_parquet([str(path) for path in table.parquet])
        self.tables[table.name] = frame.collect()

    def prepare(self, program: Program) -> None:
        super().prepare(program)
        assert self.query is not None
        self.query = _raising_errors(self.query)

    def to_arrow(self, result: Any) -> pa.Table:
        return result

    def rows(self, result: Any) -> int:
        return len(result)


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


class Daft(InOwnEnvironment, PythonEngine):
    name = "daft"
    distribution = module = "daft"
    label = "Daft"
    colour = "#c2185b"
    by_default: ClassVar[bool] = False
    requires = ("daft==0.7.*",)
    emitter = DaftProgram
    variables: ClassVar[tuple[str, ...]] = DAFT
    recomputes: ClassVar[bool] = True
    gaps = DAFT_GAPS
    names_differ = re.compile(r"(.*\.)?\*", re.DOTALL)  # all columns, or all fields of one
    nan_differs: ClassVar[frozenset[Use]] = frozenset(set(Use) - {Use.MISSING, Use.SUMMED})
    """It orders NaN by its sign, which that of 0 / 0 has and that of a table has not."""
    special_differs: ClassVar[Differing] = {
        **FULL_CASE,
        exp.Trim: frozenset({Special.SPACE, Special.BREAK}),
        exp.Round: frozenset({Special.LARGE}),
        exp.IntDiv: frozenset({Special.LEAST}),
        exp.Mod: frozenset({Special.LEAST}),
    }
    note = "A query engine in Rust for tables and media; here its DataFrame API on one machine."

    def environment(self, threads: int) -> dict[str, str]:
        quiet = {"DAFT_ANALYTICS_ENABLED": "0", "DAFT_PROGRESS_BAR": "0"}
        return {**super().environment(threads), **quiet}

    def start(self, threads: int) -> Session:
        return DaftSession(threads, self.lacks())
