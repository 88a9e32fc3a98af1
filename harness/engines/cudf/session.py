"""Sessions of cuDF, dask-cuDF and cudf.pandas."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from harness.answer import NAN_IS_NULL
from harness.engines.pandas.session import PandasSession
from harness.engines.python.session import PythonSession
from harness.engines.session import CONNECT_VARIABLE
from harness.machine.gpu.device import LIMIT_VARIABLE, Device, UncountedDevice, own_device
from harness.tables import Table
from harness.types import Type

if TYPE_CHECKING:
    import pyarrow as pa


def has_dates(table: Table) -> bool:
    """True if a table has dates: cuDF can read their Parquet, dask-cuDF cannot (RAPIDS 26.10)."""
    return any(column.type is Type.DATE for column in table.schema)


class CudfSession(PythonSession):
    """A session of cuDF. In memory, tables are DataFrames on the GPU."""

    device: Device

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        self.device = self._device()
        import cudf

        self.cudf = cudf

    def _device(self) -> Device:
        return own_device()

    def load(self, table: Table) -> None:
        """Copies a table to the GPU from the host's memory, and times the transfer."""
        import pyarrow.parquet as pq

        host = pq.read_table([str(path) for path in table.parquet])
        began = time.perf_counter()
        self.tables[table.name] = self.cudf.DataFrame.from_arrow(host)
        self.device.synchronise()
        taken = self.device.transfer_seconds or 0.0
        self.device.transfer_seconds = taken + time.perf_counter() - began

    def to_arrow(self, result: Any) -> pa.Table:
        """Returns the answer as an Arrow table; marks float columns as having NaN for NULL.

        cuDF's 0 / 0 gives NaN.
        """
        table: pa.Table = result.to_arrow(preserve_index=False)
        for place, field in enumerate(table.schema):
            if str(field.type) == "double":
                marked = field.with_metadata(NAN_IS_NULL)
                table = table.set_column(place, marked, table.column(place))
        return table

    def rows(self, result: Any) -> int:
        return len(result)


class DaskCudfSession(CudfSession):
    """A session of dask-cuDF. In memory, tables are partitions on the GPUs.

    An answer is gathered into one frame. Dask's workers are other processes, so that only NVML
    can measure how much GPU memory they use.
    """

    def _device(self) -> Device:
        return UncountedDevice()

    def __init__(self, threads: int) -> None:
        import dask
        from distributed import Client

        super().__init__(threads)
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


class CudfPandasSession(PandasSession):
    """A session of cudf.pandas. In memory, tables are pandas frames in proxies.

    A column moves to the GPU when the GPU first uses it.
    """

    def __init__(self, threads: int) -> None:
        self.device = own_device()  # install() leaves the device's settings
        import cudf.pandas

        cudf.pandas.install()  # before pandas is imported for the first time
        super().__init__(threads)
        self.accelerator = cudf.pandas

    def load(self, table: Table) -> None:
        """Loads a table by PyArrow, as a plain pandas frame, and wraps the frame in a proxy."""
        super().load(table)
        self.tables[table.name] = self.accelerator.as_proxy_object(self.tables[table.name])

    def to_arrow(self, result: Any) -> pa.Table:
        proxy = self.accelerator.is_proxy_object(result)
        return super().to_arrow(result.as_cpu_object() if proxy else result)

    def fallback_share(self) -> float | None:
        """Returns the share of the program's calls that ran on the CPU, by cudf.pandas' profiler.

        The share is 1 if the profiler counted no calls.
        """
        with self.accelerator.Profiler() as profiler:
            self.run()
        calls = profiler.per_function_stats.values()
        slow = sum(len(times.get("cpu", ())) for times in calls)
        whole = slow + sum(len(times.get("gpu", ())) for times in calls)
        return slow / whole if whole else 1.0
