"""Engines that need a GPU: they are asked for by default only where there is one."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from typing import ClassVar

from harness.engines.base import Engine
from harness.machine.gpu.discovery import Gpu, NoGpu, usable_gpu
from harness.machine.variables import DASK, POLARS, RAPIDS

CUDA_MAJORS = (12, 13)
"""RAPIDS' distributions are made for each: ``cudf-cu12``, ``cudf-cu13``."""


class GpuEngine(Engine):
    """An engine that runs on the first GPU. Whether there is one is found out without CUDA.

    ``distribution`` is its name without the CUDA version that it is made for.
    """

    variables: ClassVar[tuple[str, ...]] = (*RAPIDS, *DASK, *POLARS)
    optional: ClassVar[bool] = True
    on_gpu: ClassVar[bool] = True
    modules: ClassVar[tuple[str, ...]] = ()
    """Modules beside ``module`` that must be importable, each of a distribution of its name."""

    def unavailable(self) -> str | None:
        """What is missing: the GPU or its driver first, then a package."""
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
        """That of the distribution for whichever CUDA version is installed, or None."""
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
    """The CUDA version whose packages the driver can run."""
    return min(int(gpu.cuda.partition(".")[0]), CUDA_MAJORS[-1])
