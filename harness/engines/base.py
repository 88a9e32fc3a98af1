"""What an engine is: how it is found, how it is fed, and the programs that it runs."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from packaging.version import Version

from harness.engines.gaps import Gap, Gaps
from harness.plan.guards.nan_uses import Use, refuse_nan
from harness.plan.guards.special_uses import Differing, refuse_special
from harness.tables import Input, Table

if TYPE_CHECKING:
    import pyarrow as pa

    from harness.machine.gpu.device import Device
    from harness.plan import Query
    from harness.plan.tree.nodes import Node

OUTPUT_FILE = "answer.parquet"
"""The file, in the worker's own working folder, that a ``write: parquet`` program leaves behind."""

CONNECT_VARIABLE = "ENGINEBENCH_CONNECT"
"""Holds, in an engine's process, the address of the cluster that ``--connect`` names for it."""


@dataclass(frozen=True)
class Program:
    """The text that is run, hashed and shown: Python that defines ``query(t)``, or SQL.

    ``t(name)`` hands a Python program its table: the loaded frame for ``input: memory``, else the
    path of its file (a list of paths where there are several).
    """

    text: str
    language: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


class Session(ABC):
    """An engine at work, in its own process. Results are the engine's own, fully materialised."""

    device: Device | None = None
    """The GPU that it computes on, whose work and memory belong to those of a run."""

    def fallback_share(self) -> float | None:
        """The share of the prepared program's operations that fell back to the CPU.

        Found by running it once more, untimed; None where nothing can fall back.
        """
        return None

    @abstractmethod
    def load(self, table: Table) -> None:
        """Reads a table into the engine's memory, as its users hold data in memory."""

    @abstractmethod
    def scan(self, table: Table, source: Input) -> None:
        """Makes a table's files known, without reading them."""

    @abstractmethod
    def prepare(self, program: Program) -> None:
        """Makes a program ready to be run; nothing of the query is computed here."""

    @abstractmethod
    def run(self) -> Any:
        """Runs the prepared program once. This, and only this, is timed."""

    @abstractmethod
    def to_arrow(self, result: Any) -> pa.Table:
        """Hands a result over for checking (untimed)."""

    @abstractmethod
    def rows(self, result: Any) -> int:
        """How many rows a result has, without converting it."""


class Engine(ABC):
    """One engine of the comparison. Nothing here imports the engine's library; sessions do."""

    name: ClassVar[str]
    label: ClassVar[str]
    colour: ClassVar[str]
    language: ClassVar[str]
    distribution: ClassVar[str]
    """The PyPI distribution whose version is the engine's version."""
    module: ClassVar[str]
    """The module that must be importable."""
    variables: ClassVar[tuple[str, ...]] = ()
    """The environment variables that the library reads (``harness/machine/variables.py``)."""
    on_gpu: ClassVar[bool] = False
    """Whether it computes on a GPU, which is watched while it runs and shared with few."""
    optional: ClassVar[bool] = False
    """Whether the engine is run only where it is asked for, or available."""
    by_default: ClassVar[bool] = True
    """Whether it is run where no engine is named."""
    connects: ClassVar[bool] = False
    """Whether the engine can work on a cluster that is running already (``--connect``)."""
    oldest: ClassVar[Mapping[str, str]] = {}
    """Distribution -> the oldest version of it whose answers are right."""
    gaps: ClassVar[tuple[Gap, ...]] = ()
    """What the engine does not do (``harness/engines/gaps.py``)."""
    nan_differs: ClassVar[frozenset[Use]] = frozenset()
    """What an emitter's library does otherwise than SQL with floats that may be NaN."""

    special_differs: ClassVar[Differing] = {}
    """What an emitter's library does otherwise than DuckDB with special values."""

    def lacks(self) -> Gaps:
        """The engine's gaps, to be looked up and raised."""
        return Gaps(self.label, self.gaps)

    def unavailable(self) -> str | None:
        """Why the engine cannot be used here, in words; None where it can."""
        if importlib.util.find_spec(self.module) is None:
            return (
                f"{self.distribution} is not installed: python -m pip install {self.distribution}"
            )
        return self.too_old()

    def too_old(self) -> str | None:
        """Which installed version is older than the engine needs, in words; None where none is."""
        for distribution, oldest in self.oldest.items():
            installed = importlib.metadata.version(distribution)
            if Version(installed) < Version(oldest):
                return f"{self.label} needs {distribution} {oldest} or newer, not {installed}"
        return None

    def version(self) -> str | None:
        """The installed version, or None."""
        try:
            return importlib.metadata.version(self.distribution)
        except importlib.metadata.PackageNotFoundError:
            return None

    @abstractmethod
    def compile(self, query: Query, tables: Mapping[str, Table], source: Input) -> Program:
        """The program for a query. Raises Unsupported, naming the reason, where there is none."""

    def lowered(self, query: Query) -> Node:
        """A query's plan. Raises Unsupported where it has none that the library can follow."""
        plan = query.lowered()
        refuse_nan(plan, self.nan_differs, self.label)
        refuse_special(plan, self.special_differs, self.label)
        return plan

    def environment(self, threads: int) -> dict[str, str]:
        """Environment variables that must be set before the library is imported.

        NumPy comes along at the latest when the first answer is handed over. The threads that its
        OpenBLAS would start spin for some 50 ms, and hot rounds are next.
        """
        return {"OPENBLAS_NUM_THREADS": "1"}

    @abstractmethod
    def start(self, threads: int) -> Session:
        """Imports the library, set to a number of threads. Called in the engine's process only."""
