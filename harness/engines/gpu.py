"""The base class of engines that need a GPU; a run includes them only where there is one."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from typing import ClassVar

from harness.engines.base import Clients, Engine
from harness.machine.gpu.discovery import Gpu, NoGpu, usable_gpu
from harness.machine.variables import DASK, POLARS, RAPIDS

CUDA_MAJORS = (12, 13)
"""RAPIDS has a distribution for each CUDA version: ``cudf-cu12``, ``cudf-cu13``."""


class GpuEngine(Engine):
    """An engine that runs on the first GPU. NVML finds the GPU, so that CUDA is not initialised.

    ``distribution`` is the package's name without its suffix for the CUDA version.
    """

    variables: ClassVar[tuple[str, ...]] = (*RAPIDS, *DASK, *POLARS)
    optional: ClassVar[bool] = True
    on_gpu: ClassVar[bool] = True
    clients = Clients(None, "what a run does on the GPU is measured where it has that to itself")
    modules: ClassVar[tuple[str, ...]] = ()
    """Further modules that must be importable; the distribution of each has its name."""

    def unavailable(self) -> str | None:
        """Why the engine cannot be used: no GPU, no driver, or a package that is not installed."""
        try:
            gpu = usable_gpu()
        except NoGpu as error:
            return str(error)
        if importlib.util.find_spec(self.module) is None:
            return _not_installed(f"{self.distribution}-cu{_major(gpu)}", gpu)
        for module in self.modules:
            if importlib.util.find_spec(module) is None:
                return _not_installed(module.replace("_", "-"), gpu)
        return self.too_old()

    def version(self) -> str | None:
        """The version of the distribution, for any CUDA version; None if it is not installed."""
        for major in CUDA_MAJORS:
            try:
                return importlib.metadata.version(f"{self.distribution}-cu{major}")
            except importlib.metadata.PackageNotFoundError:
                continue
        return None


def _not_installed(distribution: str, gpu: Gpu) -> str:
    extra = "gpu" if _major(gpu) == CUDA_MAJORS[0] else f"gpu-cu{_major(gpu)}"
    return (
        f"{distribution} is not installed: python -m pip install {distribution} "
        f'(in an environment of its own: python -m pip install -e ".[{extra}]")'
    )


def _major(gpu: Gpu) -> int:
    """The newest CUDA major version, of those that RAPIDS supports, that the driver can run."""
    return min(int(gpu.cuda.partition(".")[0]), CUDA_MAJORS[-1])
