"""Dask: dask.dataframe over pandas, with threads in this process or on a cluster."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

from sqlglot import exp

from harness.engines.base import CONNECT_VARIABLE, SPILL_FOLDER, Clients, Session, Sharing
from harness.engines.dask.gaps import DASK_GAPS
from harness.engines.dask.program import DaskProgram
from harness.engines.pandas.engine import Pandas, PandasSession
from harness.engines.python.program import PythonEngine
from harness.machine.processtree import MARK
from harness.machine.variables import DASK
from harness.plan.facts.kinds import DEVIATIONS
from harness.plan.guards.special_uses import Differing
from harness.special import Special
from harness.tables import Table

ROWS_WORTH_SPLITTING = 100_000
"""A table of fewer rows is one partition, which joins need not shuffle."""


class DaskSession(PandasSession):
    """A session of Dask. In memory, tables are pandas partitions, one per thread.

    Columns have pandas' dtypes. A shuffle goes through files. On a cluster the partitions are
    persisted in its workers. An answer is gathered into one pandas frame.
    """

    def __init__(self, threads: int) -> None:
        import dask

        super().__init__(threads)
        dask.config.set({"dataframe.convert-string": False})
        address, self.client = os.environ.get(CONNECT_VARIABLE), None
        if address is None:
            dask.config.set(scheduler="threads", num_workers=threads)
            self._spill_beside_the_worker(dask.config)
        else:
            from distributed import Client

            self.client = Client(address)
            threads = sum(self.client.nthreads().values())
        self.threads = threads

    def _spill_beside_the_worker(self, config: Any) -> None:
        """Lets Dask put its files into the worker's folder, unless its settings name another."""
        if MARK in os.environ:
            folder = config.get("temporary_directory", None) or SPILL_FOLDER
            self.spills_to = Path(folder).absolute()
            self.spills_to.mkdir(exist_ok=True)
            config.set(temporary_directory=str(self.spills_to))

    def load(self, table: Table) -> None:
        import dask.dataframe as dd

        super().load(table)
        parts = min(self.threads, 1 + table.rows // ROWS_WORTH_SPLITTING)
        frame = dd.from_pandas(self.tables[table.name], npartitions=max(1, parts), sort=False)
        self.tables[table.name] = frame if self.client is None else self._persisted(frame)

    def connect(self) -> None:
        """Makes one pool of threads for all clients; without it each would have its own."""
        import dask

        if self.client is None and dask.config.get("pool", None) is None:
            dask.config.set(pool=ThreadPoolExecutor(self.threads))

    def _persisted(self, frame: Any) -> Any:
        from distributed import wait

        persisted = frame.persist()
        wait(persisted)
        return persisted


class Dask(PythonEngine):
    name = "dask"
    label = "Dask"
    colour = "#fc6e1f"
    distribution = "dask"
    module = "dask"
    emitter = DaskProgram
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

    def start(self, threads: int) -> Session:
        return DaskSession(threads)
