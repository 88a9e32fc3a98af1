"""dask-cuDF: Dask over cuDF, on this machine's GPUs or on a cluster."""

from __future__ import annotations

from typing import ClassVar

from harness.engines.cudf.dask_program import DaskCudfProgram
from harness.engines.cudf.engine import Cudf
from harness.engines.cudf.gaps import DASK_CUDF_GAPS
from harness.engines.dask.engine import Dask
from harness.engines.gpu import GpuEngine
from harness.engines.python.program import PythonEngine
from harness.plan.guards.special_uses import Differing


class DaskCudf(GpuEngine, PythonEngine):
    name = "dask-cudf"
    label = "dask-cuDF"
    colour = "#b5179e"
    distribution = "dask-cudf"
    module = "dask_cudf"
    emitter = DaskCudfProgram
    session = "harness.engines.cudf.session:DaskCudfSession"
    modules = ("dask_cuda",)
    """The module that starts the workers."""
    connects = True
    nan_differs = Dask.nan_differs
    special_differs: ClassVar[Differing] = {**Dask.special_differs, **Cudf.special_differs}
    gaps = DASK_CUDF_GAPS
