"""Prints a run's progress in the terminal: lines for finished cells, and one status line."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.text import Text

from harness.engines import short
from harness.measure.cell import Phase
from harness.outcome import Axis, Cell, Outcome, Record, swept
from harness.run.budget import Budget
from harness.run.figures import detail, ranked
from harness.run.results import Register
from harness.words import visible
from harness.workload.cells import CompiledCell

if TYPE_CHECKING:
    from report import Ranked, WorkVerdict

_STYLES = {
    Outcome.OK: "green",
    Outcome.WRONG: "bold red",
    Outcome.ERROR: "bold red",
    Outcome.TIMEOUT: "bold red",
    Outcome.OOM: "bold red",
    Outcome.UNSUPPORTED: "yellow",
    Outcome.UNAVAILABLE: "yellow",
    Outcome.SKIPPED: "yellow",
}
_REFRESH_SECONDS = 0.1
_PLAIN_SECONDS = 10.0
"""The fewest seconds between two lines of progress where there is no status line."""
_WIDEST = 100
"""The most columns that sentences fill."""


class Display:
    """Prints each cell when its first pass ends; on a terminal, also what is being done now.

    If the output is not a terminal, a line every few seconds says how far the later passes are. No
    thread draws, so that drawing never disturbs a timing. With ``-q`` and ``-v``, pytest prints the
    lines of cells.
    """

    def __init__(self, file: TextIO, verbosity: int = 0) -> None:
        self.file = file
        self.console = Console(file=file, highlight=False, soft_wrap=True)
        self.quiet, self.verbose = verbosity < 0, verbosity > 0
        self.total = self.done = 0
        self._width = 0
        self._drawn = 0.0
        self._phase: Phase | None = None
        self._sharpening = False
        self._axes: list[Axis] = []
        self._heading: Cell | None = None
        self._live: Live | None = None
        self._budget, self._page = Budget(0.0), Path()

    def begin(self, cells: Collection[Cell], budget: Budget, page: Path, kept: int = 0) -> None:
        """Starts the display for ``cells``, ``kept`` of which have a record of an earlier run.

        The status line shows ``page``, the path of the report's page, once that file exists.
        """
        self.total, self.done = len(cells), kept
        self._budget, self._page = budget, page
        self._axes = swept(cells)
        self._width = max((len(short(cell.engine)) for cell in cells), default=0)
        if self.console.is_terminal and not (self.quiet or self.verbose):
            self._live = Live(console=self.console, auto_refresh=False, transient=True)
            self._live.start()

    def sharpen(self) -> None:
        """Switches the display to the part of the run that has only further passes."""
        self._sharpening, self._drawn = True, time.monotonic()

    def end(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def close(self) -> None:
        """Removes the status line, and closes the display's copy of standard output."""
        self.end()
        if self.file is not sys.stdout:
            self.file.close()

    def last_words(self, text: str) -> None:
        """Prints a line at once, even during another print, just before the process ends."""
        cursor = "\x1b[?25h" if self.console.is_terminal else ""  # which a status line hides
        line = f"\n{cursor}{visible(text)}\n".encode(errors="replace")
        with contextlib.suppress(OSError, ValueError):  # a terminal that was closed
            os.write(self.file.fileno(), line)

    def _print(self, markup: str, cut: bool = False) -> None:
        """Prints a line, given in rich's markup, with control characters escaped.

        They are escaped because the line may quote text from anywhere. On a terminal it is wrapped
        between words, or cut off if ``cut``; elsewhere it is not changed.
        """
        line = Text.from_markup(visible(markup))
        if not self.console.is_terminal:
            self.console.print(line)
        elif cut:
            self.console.print(line, soft_wrap=False, no_wrap=True, overflow="ellipsis")
        else:
            self.console.print(line, soft_wrap=False)

    def say(self, text: str) -> None:
        """Prints a line about long work that measures no cell, such as making data."""
        if text and not self.quiet:
            self._print(f"[dim]{escape(text)}[/dim]")

    def progress(self, cell: Cell, phase: Phase, number: int) -> None:
        now = time.monotonic()
        if self._live is None:
            self._plain_progress(cell, now)
        elif phase is not self._phase or now - self._drawn >= _REFRESH_SECONDS:
            self._phase, self._drawn = phase, now
            doing = f"round {number}" if phase is Phase.ROUND else _PHASES[phase]
            text = f"  {cell.workload}::{cell.query} {short(cell.engine)} · {doing}"
            self._live.update(self._status(visible(text)), refresh=True)

    def _status(self, text: str) -> Text:
        """Returns the status line: ``text``, cut off if too long, and how far the run is."""
        rest = visible(f" · {self._position()}")
        line = Text(text, style="cyan", no_wrap=True)
        line.truncate(max(8, self.console.width - len(rest) - 1), overflow="ellipsis")
        line.append(rest)
        line.truncate(self.console.width - 1, overflow="ellipsis")
        return line

    def _plain_progress(self, cell: Cell, now: float) -> None:
        said = self.quiet or self.verbose or not self._sharpening
        if not said and now - self._drawn >= _PLAIN_SECONDS:
            self._drawn = now
            self.say(f"{cell.workload}::{cell.query} · {self._position()}")

    def _position(self) -> str:
        stage = "sharpening" if self._sharpening else f"{self.done} of {self.total}"
        place = f"{stage} · {_duration(self._budget.left)} left"
        return f"{place} · {_relative(self._page)}" if self._page.exists() else place

    def cell(self, compiled: CompiledCell, record: Record) -> None:
        self.done += 1
        if self.quiet or self.verbose:
            return
        cell = record.cell
        if cell.question != self._heading:
            self._heading = cell.question
            title = (
                "" if compiled.query.title == cell.query else f"  {escape(compiled.query.title)}"
            )
            axes = (axis.words(cell) for axis in self._axes)
            setting = " · ".join([cell.input, cell.size, *axes])
            self._print(
                f"[bold]{escape(cell.workload)}::{cell.query}[/bold]"
                f"  [dim]{setting} · {self.done} of {self.total}[/dim]{title}",
                cut=True,
            )
        style, width = _STYLES[record.outcome], 2 if record.outcome is Outcome.OK else 11
        word = f"[{style}]{record.outcome:<{width}}[/{style}]"
        room = self.console.width - self._width - width - 5
        self._print(
            f"  {escape(short(cell.engine)):<{self._width}}  {word} {escape(detail(record, room))}",
            cut=True,
        )

    def summary(
        self,
        register: Register,
        verdicts: Sequence[WorkVerdict],
        ranking: Sequence[Ranked],
        results: Path | None,
        report: Path | None,
    ) -> None:
        """Prints which engine to use for each kind of work, the ranking, and where files are."""
        self.console.print()
        for verdict in verdicts:
            self._sentences(verdict.text)
        self.console.print(ranked(register, ranking), soft_wrap=False)
        if report is not None:
            self._print(f"report   {escape(_relative(report))}")
        if results is not None:
            self._print(f"results  {escape(_relative(results))}")

    def _sentences(self, text: str) -> None:
        width = min(self.console.width, _WIDEST)
        self.console.print(Text(fill(visible(text), width, subsequent_indent="  ")))

    def warning(self, text: str) -> None:
        if text:
            self._print(f"[yellow]{escape(text)}[/yellow]")

    def trouble(self, text: str) -> None:
        if text:
            self._print(f"[bold red]{escape(text)}[/bold red]")


_PHASES = {
    Phase.START: "starting",
    Phase.LOAD: "loading tables",
    Phase.COLD: "first run",
    Phase.AGAIN: "another process",
    Phase.CHECK: "checking the answer",
}


def _duration(seconds: float) -> str:
    """Returns a time as minutes and seconds: 65 s are 1:05."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def _relative(path: Path) -> str:
    """Returns the path relative to the working folder if that is shorter, else unchanged."""
    with contextlib.suppress(ValueError):
        return str(path.relative_to(Path.cwd()))
    return str(path)
