"""dask-cuDF: Dask over cuDF, on this machine's GPUs or on a cluster."""

from __future__ import annotations

import os
from typing import ClassVar

from harness.engines.base import CONNECT_VARIABLE, Session
from harness.engines.cudf.dask_program import DaskCudfProgram, has_dates
from harness.engines.cudf.engine import Cudf, CudfSession
from harness.engines.cudf.gaps import DASK_CUDF_GAPS
from harness.engines.dask.engine import Dask
from harness.engines.gpu import GpuEngine
from harness.engines.python.program import PythonEngine
from harness.machine.gpu.device import LIMIT_VARIABLE, Device, UncountedDevice
from harness.plan.guards.special_uses import Differing
from harness.tables import Table


class DaskCudfSession(CudfSession):
    """A session of dask-cuDF. In memory, tables are partitions on the GPUs.

    An answer is gathered into one frame. Dask's workers are other processes, so that only NVML
    can measure how much GPU memory they use.
    """

    def _device(self) -> Device:
        return UncountedDevice()

    def __init__(self) -> None:
        import dask
        from distributed import Client

        super().__init__()
        # Dask's default moves partitions as pandas frames, through the host's memory.
        dask.config.set({"dataframe.shuffle.method": "tasks"})
        address = os.environ.get(CONNECT_VARIABLE)
        self.client = Client(_own_cluster() if address is None else address)

    def load(self, table: Table) -> None:
        import dask.dataframe as dd
        import dask_cudf
        from distributed import wait

        files = [str(path) for path in table.parquet]
        if has_dates(table):
            frame = dd.from_map(self.cudf.read_parquet, files)
        else:
            frame = dask_cudf.read_parquet(files)
        self.tables[table.name] = frame.persist()
        wait(self.tables[table.name])


def _own_cluster() -> object:
    """Returns a new cluster of a worker for each GPU of this machine, on loopback only."""
    from dask_cuda import LocalCUDACluster

    limit = os.environ.get(LIMIT_VARIABLE)
    pool = {} if limit is None else {"rmm_pool_size": limit, "rmm_maximum_pool_size": limit}
    return LocalCUDACluster(host="127.0.0.1", dashboard_address=None, **pool)


class DaskCudf(GpuEngine, PythonEngine):
    name = "dask-cudf"
    label = "dask-cuDF"
    colour = "#b5179e"
    distribution = "dask-cudf"
    module = "dask_cudf"
    emitter = DaskCudfProgram
    modules = ("dask_cuda",)
    """The module that starts the workers."""
    connects = True
    nan_differs = Dask.nan_differs
    special_differs: ClassVar[Differing] = {**Dask.special_differs, **Cudf.special_differs}
    gaps = DASK_CUDF_GAPS

    def start(self, threads: int) -> Session:
        return DaskCudfSession()
