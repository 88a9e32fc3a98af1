"""The base class of all engines: it compiles queries to programs, which a session runs."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import textwrap
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from packaging.version import Version

from harness.engines.gaps import BATCHES, TABLE_ORDER, Gap, Gaps, Refused
from harness.engines.session import Program, Session, Sharing, session_class, started
from harness.engines.training import described
from harness.plan.guards.names import refuse_names
from harness.plan.guards.nan_uses import Use, refuse_nan
from harness.plan.guards.special_uses import Differing, refuse_special
from harness.tables import Input, Table

if TYPE_CHECKING:
    from harness.plan import CompiledQuery
    from harness.plan.tree.nodes import Node


@dataclass(frozen=True)
class Clients:
    """What several clients of an engine are (``--clients``), and why; None if it has one only."""

    sharing: Sharing | None
    reason: str

    def __str__(self) -> str:
        return f"{self.sharing or 'one client only'}: {self.reason}"


class Engine(ABC):
    """An engine of the comparison. Only its Session imports the engine's library."""

    name: ClassVar[str]
    label: ClassVar[str]
    colour: ClassVar[str]
    language: ClassVar[str]
    distribution: ClassVar[str]
    """The PyPI distribution whose version is recorded as the engine's version."""
    module: ClassVar[str]
    """The module that must be importable."""
    variables: ClassVar[tuple[str, ...]] = ()
    """The environment variables that the library reads (``harness/machine/variables.py``)."""
    secrets: ClassVar[tuple[str, ...]] = ()
    """Variables that its process is given and that are written down nowhere, as passwords are."""
    session: ClassVar[str | type[Session]]
    """The class of its sessions, or the text ``module:Class``.

    As a text it lies in a module that a worker imports without the engine and the compiler.
    """
    on_gpu: ClassVar[bool] = False
    """True if it computes on a GPU, which is then watched while it runs."""
    optional: ClassVar[bool] = False
    """True if a run without ``--engines`` leaves it out where it cannot be used."""
    by_default: ClassVar[bool] = True
    """False if only ``--engines`` runs it."""
    reads: ClassVar[frozenset[Input]] = frozenset(Input)
    """The inputs that its programs can read."""
    note: ClassVar[str] = ""
    """A sentence for the page: what the engine is, where its label does not say it."""
    as_written: ClassVar[bool] = False
    """True if its programs are made of plans as written, which no pass has optimized."""
    recomputes: ClassVar[bool] = False
    """True if what two steps of a program read is computed for each of them."""
    by_variables: ClassVar[bool] = False
    """True if environment variables alone tell it from the engine that it derives from."""
    connects: ClassVar[bool] = False
    """True if it can work on a running cluster (``--connect``)."""
    serves: ClassVar[bool] = False
    """True if it starts a server of its own, which takes seconds."""
    clients: ClassVar[Clients] = Clients(Sharing.THREADS, "its library takes calls of any thread")
    """How its users serve several clients at once, by its documentation."""
    oldest: ClassVar[Mapping[str, str]] = {}
    """Distribution -> the oldest version of it whose answers are right."""
    gaps: ClassVar[tuple[Gap, ...]] = ()
    """What the engine does not do (``harness/engines/gaps.py``)."""
    nan_differs: ClassVar[frozenset[Use]] = frozenset()
    """Uses of floats that may be NaN in which the library differs from DuckDB."""

    special_differs: ClassVar[Differing] = {}
    """Functions -> the special values for which the library differs from DuckDB."""

    names_differ: ClassVar[re.Pattern[str] | None] = None
    """Column names that the library takes for a pattern or a path."""

    hands_over: ClassVar[str] = ""
    """How rows come in batches for training, in words; "" where nobody has written that."""
    keeps_order: ClassVar[bool] = False
    """True if the rows of one table that are filtered and computed keep the table's order."""

    address: str | None = None
    """The cluster that ``--connect`` names for the engine, in the process that collects cells."""

    @property
    def fills_cluster(self) -> bool:
        """True if a session takes its whole cluster, so that another one's first job would wait."""
        return False

    @property
    def usual_input(self) -> Input:
        """The input by which the engine is described: memory, or Parquet if it reads files only."""
        return Input.MEMORY if Input.MEMORY in self.reads else Input.PARQUET

    def lacks(self) -> Gaps:
        """Returns the engine's gaps, for look-up by emitters and sessions."""
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
            installed = self.installed(distribution)
            if installed is not None and Version(installed) < Version(oldest):
                return f"{self.label} needs {distribution} {oldest} or newer, not {installed}"
        return None

    def version(self) -> str | None:
        """The installed version of the engine's distribution, or None if it is not installed."""
        return self.installed(self.distribution)

    def installed(self, distribution: str) -> str | None:
        """The version of a distribution where the engine runs, or None if it is not there."""
        try:
            return importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError:
            return None

    @abstractmethod
    def compile(self, query: CompiledQuery, tables: Mapping[str, Table], source: Input) -> Program:
        """Returns the program for a query; raises Unsupported if there is none."""

    def program(self, query: CompiledQuery, tables: Mapping[str, Table], source: Input) -> Program:
        """Returns `compile`'s program; if its rows train a model, with a comment that says how.

        Raises Unsupported if there is no program, or its rows do not come in batches, or in order.
        """
        train = query.spec.train
        if train is None:
            return self.compile(query, tables, source)
        if not self.hands_over:
            raise Refused(self.label, BATCHES)
        if query.spec.ties_sql is None and not self.keeps_order:
            raise Refused(self.label, TABLE_ORDER)
        made = self.compile(query, tables, source)
        mark = "#" if self.language == "python" else "--"
        told = f"Batches: {self.hands_over};\n{described(train)}"
        return replace(made, text=f"{textwrap.indent(told, f'{mark} ')}\n{made.text}")

    def lowered(self, query: CompiledQuery) -> Node:
        """Returns a query's plan; raises Unsupported if the engine cannot answer it right.

        Differs is raised for values in the plan that the library treats differently from
        DuckDB.
        """
        plan = query.lowered(written=self.as_written, reduced=not self.recomputes)
        refuse_names(plan, self.names_differ, self.label)
        refuse_nan(plan, self.nan_differs, self.label)
        refuse_special(plan, self.special_differs, self.label)
        return plan

    def environment(self, threads: int) -> dict[str, str]:
        """Environment variables that must be set before the library is imported.

        OpenBLAS gets one thread: NumPy is imported with the first answer, and further threads
        would spin for some 50 ms, into the hot rounds that follow.
        """
        return {"OPENBLAS_NUM_THREADS": "1"}

    def start(self, threads: int) -> Session:
        """Imports the library, and returns a session that may use this number of threads.

        A worker starts it by `session_address`, without this class.
        """
        return started(session_class(self.session_address()), self.lacks().lacking, threads)

    @classmethod
    def session_address(cls) -> str:
        """Returns the text ``module:Class`` of the class of its sessions."""
        if isinstance(cls.session, str):
            return cls.session
        return f"{cls.session.__module__}:{cls.session.__qualname__}"
