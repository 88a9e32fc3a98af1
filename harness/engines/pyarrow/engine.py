"""PyArrow: pipelines of Acero, Arrow's streaming engine, with ``pyarrow.compute``."""

from __future__ import annotations

import re
from typing import ClassVar

from sqlglot import exp

from harness.engines.base import Clients
from harness.engines.pyarrow.gaps import PYARROW_GAPS
from harness.engines.pyarrow.program import ArrowProgram
from harness.engines.python.program import PythonEngine
from harness.engines.session import Sharing
from harness.plan.guards.nan_uses import Use
from harness.plan.guards.special_uses import BY_CODE_POINT, Differing
from harness.special import Special


class PyArrow(PythonEngine):
    name = "pyarrow"
    label = "PyArrow"
    colour = "#2a9d5c"
    distribution = "pyarrow"
    module = "pyarrow"
    emitter = ArrowProgram
    session = "harness.engines.pyarrow.session:PyArrowSession"
    hands_over = "those of the answer, or of its parts where the query streams"
    keeps_order = True
    gaps = PYARROW_GAPS
    clients = Clients(
        Sharing.THREADS, "its pipelines share one pool of threads, and release Python's lock"
    )
    names_differ = re.compile(r"\..*", re.DOTALL)  # aggregates read such names as paths
    nan_differs = frozenset(
        {
            Use.COMPARED,
            Use.SORTED,
            Use.MAXIMUM,
            Use.PLACE,
            Use.GREATEST,
            Use.SPREAD,
            Use.QUANTILE,
            Use.WINDOWED,
        }
    )
    special_differs: ClassVar[Differing] = {
        **BY_CODE_POINT,
        exp.Round: frozenset({Special.LARGE}),
    }

    def environment(self, threads: int) -> dict[str, str]:
        return {**super().environment(threads), "OMP_NUM_THREADS": str(threads)}
