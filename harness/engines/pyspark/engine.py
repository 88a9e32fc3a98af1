"""PySpark's engine of DataFrames, and what it shares with that of SQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from sqlglot import exp

from harness.engines.base import Clients, Engine
from harness.engines.pyspark.gaps import PYSPARK_GAPS
from harness.engines.pyspark.program import SparkProgram
from harness.engines.python.program import PythonEngine
from harness.engines.session import Sharing
from harness.machine import java
from harness.machine.variables import SPARK
from harness.plan.guards.nan_uses import Use
from harness.plan.guards.special_uses import FULL_CASE, Differing
from harness.special import Special


class OnSpark(Engine):
    """What all engines on Spark have, whatever their programs are written in."""

    distribution = module = "pyspark"
    connects = serves = True
    by_default: ClassVar[bool] = False
    secrets = SPARK
    clients = Clients(
        Sharing.THREADS, "its scheduler is thread-safe, for applications that serve many users"
    )
    oldest: ClassVar[Mapping[str, str]] = {"pyspark": "4.0"}
    nan_differs: ClassVar[frozenset[Use]] = frozenset()
    special_differs: ClassVar[Differing] = {
        **FULL_CASE,
        exp.PercentileDisc: frozenset({Special.BEYOND}),
        exp.Round: frozenset({Special.LARGE}),
    }

    @property
    def fills_cluster(self) -> bool:
        """True on a standalone master: it gives all free cores to the first session that asks."""
        return (self.address or "").startswith("spark://")

    def environment(self, threads: int) -> dict[str, str]:
        return {**super().environment(threads), **java.on_loopback(self.address)}

    def unavailable(self) -> str | None:
        served = (self.address or "").startswith("sc://")
        return super().unavailable() or (None if served else java.unavailable(oldest=17))


class PySparkFrame(OnSpark, PythonEngine):
    name = "pyspark-df"
    label = "PySpark DataFrame"
    colour = "#b5651d"
    emitter = SparkProgram
    session = "harness.engines.pyspark.session:PySparkFrameSession"
    recomputes: ClassVar[bool] = True
    gaps = PYSPARK_GAPS
    note = "Programs of Spark's DataFrame API; `pyspark` runs SQL in the same kind of session."
