"""Sessions of Dask, with threads in this process or on a cluster."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from harness.engines.pandas.session import PandasSession
from harness.engines.session import CONNECT_VARIABLE, SPILL_FOLDER
from harness.machine.processtree import MARK
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
