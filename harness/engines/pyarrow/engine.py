"""PyArrow: pipelines of Acero, Arrow's streaming engine, with ``pyarrow.compute``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from sqlglot import exp

from harness.engines.base import Clients, Session, Sharing
from harness.engines.gaps import Gaps
from harness.engines.pyarrow.gaps import PYARROW_GAPS
from harness.engines.pyarrow.program import ArrowProgram
from harness.engines.python.program import PythonEngine, PythonSession
from harness.plan.guards.nan_uses import Use
from harness.plan.guards.special_uses import BY_CODE_POINT, Differing
from harness.special import Special
from harness.tables import Table

if TYPE_CHECKING:
    import pyarrow as pa


class PyArrowSession(PythonSession):
    """A session of PyArrow. In memory, tables are as ``pyarrow.parquet`` reads them.

    Answers are Arrow tables, too.
    """

    answer: ClassVar[str] = "Table"
    returns: ClassVar[str] = "return a pyarrow.Table"

    def __init__(self, threads: int, gaps: Gaps) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        super().__init__()
        self.gaps = gaps
        pa.set_cpu_count(threads)
        pa.set_io_thread_count(threads)
        self.read_table = pq.read_table

    def load(self, table: Table) -> None:
        self.tables[table.name] = self.read_table([str(path) for path in table.parquet])

    def to_arrow(self, result: Any) -> pa.Table:
        table: pa.Table = result
        return table

    def rows(self, result: Any) -> int:
        return int(result.num_rows)


class PyArrow(PythonEngine):
    name = "pyarrow"
    label = "PyArrow"
    colour = "#2a9d5c"
    distribution = "pyarrow"
    module = "pyarrow"
    emitter = ArrowProgram
    hands_over = "those of the answer, or of its parts where the query streams"
    keeps_order = True
    gaps = PYARROW_GAPS
    clients = Clients(
        Sharing.THREADS, "its pipelines share one pool of threads, and release Python's lock"
    )
    names_differ = re.compile(r"\..*", re.DOTALL)  # aggregates read such names as paths
    nan_differs = frozenset(
        {
            Use.COMPARED,
            Use.SORTED,
            Use.MAXIMUM,
            Use.PLACE,
            Use.GREATEST,
            Use.SPREAD,
            Use.QUANTILE,
            Use.WINDOWED,
        }
    )
    special_differs: ClassVar[Differing] = {
        **BY_CODE_POINT,
        exp.Round: frozenset({Special.LARGE}),
    }

    def environment(self, threads: int) -> dict[str, str]:
        return {**super().environment(threads), "OMP_NUM_THREADS": str(threads)}

    def start(self, threads: int) -> Session:
        return PyArrowSession(threads, self.lacks())
