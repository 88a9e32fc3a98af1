"""A cell, which is measured, and its record, as the harness holds them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from harness.records.cells import Figures, Outcome
from harness.records.limits import limit_name
from harness.tables import Input
from harness.words import visible

__all__ = ["Axis", "Cell", "Outcome", "Record", "Round", "swept"]


@dataclass(frozen=True)
class Cell:
    """One query on one engine, at one size, from one input, with one number of threads.

    ``memory_limit`` (bytes) is None unless the run measures several limits one by one. ``clients``
    is how many run the query at once; None if the command asks for no other number than one.
    """

    workload: str
    query: str
    engine: str
    size: str
    input: Input
    threads: int
    memory_limit: int | None = None
    clients: int | None = None

    @property
    def question(self) -> Cell:
        """The cell's question: all that names the cell but its engine, which is ""."""
        return replace(self, engine="")

    @property
    def parameters(self) -> str:
        """What stands in brackets in the cell's pytest id: ``engine-input-size``."""
        return f"{self.engine}-{self.input}-{self.size}"

    def __str__(self) -> str:
        return f"{self.workload}::{self.query}[{self.parameters}]"


@dataclass(frozen=True)
class Axis:
    """A field of cells of which a run may measure several values, one by one.

    ``suffix`` is what a cell's value adds to its pytest id, ``words`` what it is in a sentence.
    """

    value: Callable[[Cell], object]
    suffix: Callable[[Cell], str]
    words: Callable[[Cell], str]


def _threads(cell: Cell) -> str:
    return "1 thread" if cell.threads == 1 else f"{cell.threads} threads"


def _limit(cell: Cell) -> str:
    return limit_name(cell.memory_limit)


def _clients(cell: Cell) -> str:
    return "1 client" if cell.clients == 1 else f"{cell.clients} clients"


AXES = (
    Axis(lambda cell: cell.threads, lambda cell: f"{cell.threads}t", _threads),
    Axis(lambda cell: cell.memory_limit, _limit, _limit),
    Axis(lambda cell: cell.clients, lambda cell: f"{cell.clients}c", _clients),
)


def swept(cells: Iterable[Cell]) -> list[Axis]:
    """Returns the axes on which cells have several values."""
    cells = list(cells)
    return [axis for axis in AXES if len({axis.value(cell) for cell in cells}) > 1]


@dataclass(frozen=True)
class Round:
    """One hot round: wall-clock and CPU seconds (user + system, of the engine's process tree).

    Both are for one run of the program, also if a round loops. ``turn`` counts from 0: rounds of a
    cell with the same turn are a block, close in time to other engines' blocks of that turn.
    ``process`` counts the processes that the cell had, one after the other.
    """

    seconds: float
    cpu_seconds: float
    turn: int = 0
    process: int = 0


@dataclass(frozen=True)
class Record:
    """The result of one cell.

    ``reason`` is empty only if the outcome is ``ok``. Only cells that are ``ok`` have ``figures``;
    they have hot rounds too, unless the command line asks for none.
    """

    cell: Cell
    outcome: Outcome
    reason: str = ""
    program_sha256: str | None = None
    rounds: tuple[Round, ...] = field(default=())
    figures: Figures | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", visible(self.reason))  # an engine may quote anything
        if (self.outcome is Outcome.OK) == bool(self.reason):
            raise ValueError(
                f"{self.cell}: a reason is for outcomes other than ok, and each has one"
            )
        if (self.outcome is Outcome.OK) != (self.figures is not None):
            raise ValueError(f"{self.cell}: figures are for the outcome ok, which has them")
