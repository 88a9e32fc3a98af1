"""The base classes of all engines: Engine compiles a query, Session runs the program."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import re
import textwrap
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from packaging.version import Version

from harness.engines.gaps import Gap, Gaps, Refused
from harness.engines.training import BATCHES, TABLE_ORDER, described, of_arrow
from harness.plan.guards.names import refuse_names
from harness.plan.guards.nan_uses import Use, refuse_nan
from harness.plan.guards.special_uses import Differing, refuse_special
from harness.tables import Input, Table

if TYPE_CHECKING:
    import pyarrow as pa

    from harness.answer import AnswerSpec
    from harness.engines.training import Batch
    from harness.machine.gpu.device import Device
    from harness.plan import CompiledQuery
    from harness.plan.tree.nodes import Node

OUTPUT_FILE = "answer.parquet"
"""Where a ``write: parquet`` program leaves its answer, in the working folder of its process."""

SPILL_FOLDER = "spilt"
"""Where an engine puts what memory is too small for, in the working folder of its process."""

BATCH_ROWS = 250_000
"""Rows of a batch in an answer's file, which the referee reads batch by batch."""

CONNECT_VARIABLE = "ENGINEBENCH_CONNECT"
"""Holds, in an engine's process, the address of the cluster that ``--connect`` names for it."""
MEMORY_VARIABLE = "ENGINEBENCH_MEMORY_LIMIT"
"""Holds, in an engine's process, the bytes that it may use, for libraries that want to be told."""


def memory_limit() -> int | None:
    """Returns the bytes that this engine's process may use; None outside of a run."""
    limit = os.environ.get(MEMORY_VARIABLE)
    return None if limit is None else int(limit)


@dataclass(frozen=True)
class Program:
    """The text that an engine runs: Python that defines ``query(t)``, or SQL.

    ``t(name)`` returns a table to a Python program: the loaded frame for ``input: memory``, else
    the path of its file, or a list of paths if there are several; on Spark, a frame that reads
    them. ``file`` names the file of a program that a person wrote, for messages.
    """

    text: str
    language: str
    file: str = ""

    @property
    def native(self) -> bool:
        """True if a person wrote the program, so that it may change its tables."""
        return bool(self.file)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


class Sharing(StrEnum):
    """What several clients of an engine are, and what they share."""

    THREADS = "threads of one process that share the tables"
    CONNECTIONS = "threads of one process with a connection each"
    PROCESSES = "processes, forked when the tables are loaded"


@dataclass(frozen=True)
class Clients:
    """What several clients of an engine are (``--clients``), and why; None if it has one only."""

    sharing: Sharing | None
    reason: str

    def __str__(self) -> str:
        return f"{self.sharing or 'one client only'}: {self.reason}"


def write_answer(table: pa.Table, target: Path) -> Path:
    """Writes an answer to an Arrow IPC file, for checking (untimed); returns the file."""
    import pyarrow as pa

    with pa.OSFile(str(target), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=BATCH_ROWS)
    return target


class Session(ABC):
    """A started engine, in its own process. Results are the library's own, fully computed."""

    device: Device | None = None
    """The GPU that it computes on: its work and memory count as the run's."""
    spills_to: Path | None = None
    """The folder in which it puts what memory is too small for; None if it has none of its own."""

    def fallback_share(self) -> float | None:
        """The share of the prepared program's operations that fell back to the CPU.

        The program is run once more for this, untimed. None for an engine that cannot fall
        back.
        """
        return None

    @abstractmethod
    def load(self, table: Table) -> None:
        """Reads a table into the engine's memory, as its users hold data in memory."""

    @abstractmethod
    def scan(self, table: Table, source: Input) -> None:
        """Makes a table's files known to the engine, without reading them."""

    @abstractmethod
    def prepare(self, program: Program) -> None:
        """Gets a program ready to run. No part of the query may be computed here."""

    @abstractmethod
    def run(self) -> Any:
        """Runs the prepared program once. This, and only this, is timed."""

    def batches(self, spec: AnswerSpec) -> Iterator[Batch]:
        """Runs the prepared program once, and yields its rows for training as they are computed.

        Where an engine has no way to do that, the whole answer is computed first.
        """
        yield from of_arrow(self.to_arrow(self.run()).to_batches(), spec)

    def for_client(self) -> Session:
        """Returns a copy, with which one of several clients runs the prepared program."""
        own = copy(self)
        own.connect()
        return own

    def connect(self) -> None:  # noqa: B027
        """Gives the copy for a client what it does not share, such as a connection."""

    def disconnect(self) -> None:  # noqa: B027
        """Ends what ``connect`` gave this copy, whose client runs nothing more."""

    @abstractmethod
    def to_arrow(self, result: Any) -> pa.Table:
        """Converts a result to Arrow for checking (untimed)."""

    @abstractmethod
    def rows(self, result: Any) -> int:
        """Returns how many rows a result has, without converting it."""

    def close(self) -> None:  # noqa: B027
        """Removes what the session has made outside its process, such as tables on a server."""


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

    @abstractmethod
    def start(self, threads: int) -> Session:
        """Imports the library, and returns a session that may use this number of threads.

        Called in the engine's process only.
        """
