"""cuDF: pandas' programs with cuDF's differences, on one GPU."""

from __future__ import annotations

from typing import ClassVar

from sqlglot import exp

from harness.engines.cudf.gaps import CUDF_GAPS, DIVISION
from harness.engines.cudf.program import CudfProgram
from harness.engines.gpu import GpuEngine
from harness.engines.pandas.engine import Pandas
from harness.engines.python.program import PythonEngine
from harness.plan.guards.special_uses import FULL_CASE, Differing
from harness.special import Special


class Cudf(GpuEngine, PythonEngine):
    name = "cudf"
    label = "cuDF"
    colour = "#3a0ca3"
    distribution = "cudf"
    module = "cudf"
    emitter = CudfProgram
    session = "harness.engines.cudf.session:CudfSession"
    nan_differs = Pandas.nan_differs
    special_differs: ClassVar[Differing] = {
        **Pandas.special_differs,
        **FULL_CASE,
        **DIVISION,
        exp.IntDiv: frozenset({Special.LEAST}),
        exp.Mod: frozenset({Special.LEAST, Special.INFINITE}),
        exp.Round: frozenset({Special.LEAST, Special.LARGE}),
    }
    gaps = CUDF_GAPS
