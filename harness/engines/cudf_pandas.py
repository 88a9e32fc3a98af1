"""cudf.pandas: pandas' programs unchanged, on the GPU where cuDF can and on the CPU where not."""

from __future__ import annotations

from harness.engines.base import Session
from harness.engines.gpu import GpuEngine
from harness.engines.pandas import Pandas, PandasSession
from harness.gpu.device import own_device


class CudfPandasSession(PandasSession):
    """Tables are pandas' to look at, and lie on the device."""

    def __init__(self, threads: int) -> None:
        import cudf.pandas

        cudf.pandas.install()  # before pandas is imported for the first time
        super().__init__(threads)
        self.device = own_device()

    def fallback_share(self) -> float | None:
        """Of the calls that cudf.pandas' own profiler counts."""
        from cudf.pandas import Profiler

        with Profiler() as profiler:
            self.run()
        calls = profiler.per_function_stats.values()
        slow = sum(len(times.get("cpu", ())) for times in calls)
        whole = slow + sum(len(times.get("gpu", ())) for times in calls)
        return slow / whole if whole else 0.0


class CudfPandas(GpuEngine, Pandas):
    name = "cudf-pandas"
    label = "cudf.pandas"
    colour = "#7400b8"
    distribution = "cudf-cu12"
    module = "cudf"

    def start(self, threads: int) -> Session:
        return CudfPandasSession(threads)
