"""Dask: dask.dataframe over pandas, with threads in this process or on a cluster."""

from __future__ import annotations

from typing import ClassVar

from sqlglot import exp

from harness.engines.base import Clients
from harness.engines.dask.gaps import DASK_GAPS
from harness.engines.dask.program import DaskProgram
from harness.engines.pandas.engine import Pandas
from harness.engines.python.program import PythonEngine
from harness.engines.session import Sharing
from harness.machine.variables import DASK
from harness.plan.facts.kinds import DEVIATIONS
from harness.plan.guards.special_uses import Differing
from harness.special import Special


class Dask(PythonEngine):
    name = "dask"
    label = "Dask"
    colour = "#fc6e1f"
    distribution = "dask"
    module = "dask"
    emitter = DaskProgram
    session = "harness.engines.dask.session:DaskSession"
    hands_over = "slices of the computed answer"
    keeps_order = True
    connects = True
    variables: ClassVar[tuple[str, ...]] = DASK
    gaps = DASK_GAPS
    clients = Clients(
        Sharing.THREADS, "its scheduler takes calls of any thread, and runs them in one pool"
    )
    nan_differs = Pandas.nan_differs
    special_differs: ClassVar[Differing] = {
        **Pandas.special_differs,
        # inf - inf is NaN, which Dask skips
        **dict.fromkeys((exp.Sum, exp.Avg), frozenset({Special.INFINITE})),
        **dict.fromkeys(DEVIATIONS, frozenset({Special.LARGE})),
    }

    def environment(self, threads: int) -> dict[str, str]:
        return {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
