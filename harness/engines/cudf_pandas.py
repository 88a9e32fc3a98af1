"""cudf.pandas: pandas' programs unchanged, on the GPU where cuDF can and on the CPU where not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from harness.engines.base import Session
from harness.engines.gpu import GpuEngine
from harness.engines.pandas import Pandas, PandasSession
from harness.gpu.device import own_device
from harness.plan.special_uses import FULL_CASE, Differing
from harness.tables import Table

if TYPE_CHECKING:
    import pyarrow as pa


class CudfPandasSession(PandasSession):
    """Tables are pandas' to look at; a column moves to the device where it is first used there."""

    def __init__(self, threads: int) -> None:
        self.device = own_device()  # which install() leaves as it is
        import cudf.pandas

        cudf.pandas.install()  # before pandas is imported for the first time
        super().__init__(threads)
        self.accelerator = cudf.pandas

    def load(self, table: Table) -> None:
        """PyArrow makes frames of pandas' own, which the accelerator is yet to be told of."""
        super().load(table)
        self.tables[table.name] = self.accelerator.as_proxy_object(self.tables[table.name])

    def to_arrow(self, result: Any) -> pa.Table:
        proxy = self.accelerator.is_proxy_object(result)
        return super().to_arrow(result.as_cpu_object() if proxy else result)

    def fallback_share(self) -> float | None:
        """Of the calls that cudf.pandas' own profiler counts; where it counts none, all of them."""
        with self.accelerator.Profiler() as profiler:
            self.run()
        calls = profiler.per_function_stats.values()
        slow = sum(len(times.get("cpu", ())) for times in calls)
        whole = slow + sum(len(times.get("gpu", ())) for times in calls)
        return slow / whole if whole else 1.0


class CudfPandas(GpuEngine, Pandas):
    name = "cudf-pandas"
    label = "cudf.pandas"
    colour = "#7400b8"
    distribution = "cudf-cu12"
    module = "cudf"
    special_differs: ClassVar[Differing] = {**Pandas.special_differs, **FULL_CASE}

    def start(self, threads: int) -> Session:
        return CudfPandasSession(threads)
