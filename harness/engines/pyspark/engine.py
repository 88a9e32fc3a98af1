"""PySpark's engine of DataFrames, and what it shares with that of SQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from sqlglot import exp

from harness.engines.base import Clients, Engine, Session, Sharing
from harness.engines.gaps import Gaps
from harness.engines.pyspark.gaps import PYSPARK_GAPS
from harness.engines.pyspark.program import SparkProgram
from harness.engines.pyspark.session import SparkTables
from harness.engines.python.program import PythonEngine, PythonSession
from harness.machine import java
from harness.machine.variables import SPARK
from harness.plan.guards.nan_uses import Use
from harness.plan.guards.special_uses import FULL_CASE, Differing
from harness.special import Special
from harness.tables import Input, Table

if TYPE_CHECKING:
    import pyarrow as pa


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


class PySparkFrameSession(PythonSession):
    """A session of PySpark. A program gets each table as a DataFrame, cached or over files."""

    answer: ClassVar[str] = "Table"
    returns: ClassVar[str] = "end it with .toArrow(), and return that"

    def __init__(self, threads: int, gaps: Gaps) -> None:
        super().__init__()
        self.spark, self.gaps = SparkTables(threads), gaps

    def load(self, table: Table) -> None:
        self.tables[table.name] = self.spark.loaded(table)

    def scan(self, table: Table, source: Input) -> None:
        self.tables[table.name] = self.spark.scanned(table, source)

    def to_arrow(self, result: Any) -> pa.Table:
        return result

    def rows(self, result: Any) -> int:
        return len(result)

    def close(self) -> None:
        self.spark.end()


class PySparkFrame(OnSpark, PythonEngine):
    name = "pyspark-df"
    label = "PySpark DataFrame"
    colour = "#b5651d"
    emitter = SparkProgram
    recomputes: ClassVar[bool] = True
    gaps = PYSPARK_GAPS
    note = "Programs of Spark's DataFrame API; `pyspark` runs SQL in the same kind of session."

    def start(self, threads: int) -> Session:
        return PySparkFrameSession(threads, self.lacks())
