"""pandas' engine."""

from __future__ import annotations

from typing import ClassVar

from sqlglot import exp

from harness.engines.base import Clients
from harness.engines.pandas.gaps import PANDAS_GAPS
from harness.engines.pandas.program import PandasProgram
from harness.engines.python.program import ProgramEmitter, PythonEngine
from harness.engines.session import Sharing
from harness.plan.guards.nan_uses import Use
from harness.plan.guards.special_uses import BY_CODE_POINT, Differing
from harness.special import Special


class Pandas(PythonEngine):
    name = "pandas"
    label = "pandas"
    colour = "#e70488"
    distribution = "pandas"
    module = "pandas"
    emitter: ClassVar[type[ProgramEmitter]] = PandasProgram
    session = "harness.engines.pandas.session:PandasSession"
    hands_over: ClassVar[str] = "slices of the answer"
    keeps_order = True
    nan_differs = frozenset(Use) - {Use.COMPARED_AT_ALL, Use.ORDERED, Use.MINIMUM}
    special_differs: ClassVar[Differing] = {
        **BY_CODE_POINT,
        **dict.fromkeys((exp.Ordered, exp.Window), frozenset({Special.INFINITE})),
        exp.Round: frozenset({Special.LARGE}),
    }
    gaps = PANDAS_GAPS
    clients = Clients(
        Sharing.PROCESSES, "it is not thread-safe, and Python's lock lets one thread run at a time"
    )

    def environment(self, threads: int) -> dict[str, str]:
        return {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}
