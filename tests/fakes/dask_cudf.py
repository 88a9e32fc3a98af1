"""A stand-in for dask-cuDF: Dask over the stand-in for cuDF. Installed as ``dask_cudf``."""

from __future__ import annotations

from typing import Any

import dask.dataframe as dd
import pandas as pd
from dask.dataframe.dispatch import meta_nonempty

from harness.engines.cudf.session import CudfSession
from harness.machine.gpu.device import Device, UncountedDevice
from harness.tables import Table
from tests.fakes import cudf as fake_cudf


@meta_nonempty.register(fake_cudf.FrameLike)
def _frame(meta: Any, **_: Any) -> Any:
    return fake_cudf.nullable(meta_nonempty(pd.DataFrame(meta)))


@meta_nonempty.register(fake_cudf.SeriesLike)
def _series(meta: Any, **_: Any) -> Any:
    return fake_cudf.nullable(meta_nonempty(pd.Series(meta)))


def read_parquet(files: Any) -> Any:
    return dd.from_pandas(fake_cudf.read_parquet(files), npartitions=2, sort=False)


class Session(CudfSession):
    """A session that runs Dask in this thread, over tables in two partitions."""

    def _device(self) -> Device:
        return UncountedDevice()

    def load(self, table: Table) -> None:
        self.tables[table.name] = read_parquet([str(path) for path in table.parquet])

    def to_arrow(self, result: Any) -> Any:
        return super().to_arrow(fake_cudf.nullable(result))
