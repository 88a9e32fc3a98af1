"""A session runs an engine's programs, in a process of its own.

A worker imports this module and that of the engine's session, and neither the engine's class nor
the compiler.
"""

from __future__ import annotations

import hashlib
import importlib
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.engines.training import of_arrow
from harness.errors import Unsupported
from harness.tables import Input, Table

if TYPE_CHECKING:
    import pyarrow as pa

    from harness.answer import AnswerSpec
    from harness.engines.training import Batch
    from harness.machine.gpu.device import Device

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
class Lacking:
    """A gap of an engine, as its session knows it (``harness/engines/gaps.py`` declares it).

    ``when`` names it, ``message`` tells it to people, and ``says`` are parts of messages by which
    the library tells it.
    """

    when: str
    message: str
    says: tuple[str, ...]


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
    lacking: tuple[Lacking, ...] = ()
    """The engine's gaps: some show only while a program runs."""

    def __init__(self, threads: int) -> None:  # noqa: B027
        """Imports the library, which may use this number of threads."""

    def unsupported(self, when: str, detail: str = "") -> Unsupported:
        """Returns the error for the gap with these words; raises KeyError if there is none."""
        found = {gap.when: gap for gap in self.lacking}[when]
        return Unsupported(f"{found.message}: {detail}" if detail else found.message)

    def said(self, text: str) -> Unsupported | None:
        """Returns the error for a library's message ``text``; None if it has no gap's ``says``."""
        for gap in self.lacking:
            if any(words in text for words in gap.says):
                return Unsupported(f"{gap.message}: {text.splitlines()[0]}")
        return None

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


def session_class(address: str) -> type[Session]:
    """Imports the module of a session, and returns its class, which is at ``module:Class``."""
    module, _, name = address.partition(":")
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    kind: type[Session] = found
    return kind


def started(kind: type[Session], lacking: tuple[Lacking, ...], threads: int) -> Session:
    """Returns a new session of an engine with these gaps; its library is imported now."""
    session = kind(threads)
    session.lacking = lacking
    return session
