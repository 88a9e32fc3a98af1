"""Engines that need a GPU: they are asked for by default only where there is one."""

from __future__ import annotations

from typing import ClassVar

from harness.engines.base import Engine
from harness.gpu.discovery import NoGpu, usable_gpu

SET_UP = 'an environment of its own: python -m pip install -e ".[gpu]"'


class GpuEngine(Engine):
    """An engine that runs on the first GPU. Whether there is one is found out without CUDA."""

    variables: ClassVar[tuple[str, ...]] = (
        *("CUDF_*", "CUPY_*", "DASK_*", "KVIKIO_*", "LIBCUDF_*", "POLARS_*", "RMM_*"),
    )
    optional: ClassVar[bool] = True
    on_gpu: ClassVar[bool] = True

    def unavailable(self) -> str | None:
        """What is missing: the GPU or its driver first, then the package."""
        try:
            usable_gpu()
        except NoGpu as error:
            return str(error)
        reason = super().unavailable()
        return reason and f"{reason} (in {SET_UP})"
