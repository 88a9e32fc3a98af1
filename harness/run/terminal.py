"""Prints a run, as it goes on, as lines and one status line in the terminal."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from harness.engines import short
from harness.measure.cell import Phase
from harness.outcome import Cell, Outcome, Record
from harness.run.results import Register
from harness.words import visible
from harness.workload.cells import CompiledCell

if TYPE_CHECKING:
    from report import Ranked

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


class Display:
    """Prints each cell as it ends; on a terminal, also what is being done right now.

    There is no thread that draws, so that drawing never disturbs a timed run. With ``-q`` and
    ``-v`` the cells' lines are pytest's own.
    """

    def __init__(self, file: TextIO, verbosity: int = 0) -> None:
        self.file = file
        self.console = Console(file=file, highlight=False, soft_wrap=True)
        self.quiet, self.verbose = verbosity < 0, verbosity > 0
        self.total = self.done = self._kept = 0
        self._width = 0
        self._began = time.monotonic()
        self._drawn = 0.0
        self._phase: Phase | None = None
        self._sweep = False
        self._heading: tuple[object, ...] = ()
        self._live: Live | None = None

    def begin(self, cells: Collection[Cell], kept: int = 0) -> None:
        """Starts the display; ``kept`` of the cells have a record from an earlier run."""
        self.total, self._began = len(cells), time.monotonic()
        self.done = self._kept = kept
        self._sweep = len({cell.threads for cell in cells}) > 1
        self._width = max((len(short(cell.engine)) for cell in cells), default=0)
        if self.console.is_terminal and not (self.quiet or self.verbose):
            self._live = Live(console=self.console, auto_refresh=False, transient=True)
            self._live.start()

    def end(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def close(self) -> None:
        """Restores the terminal."""
        self.end()
        if self.file is not sys.stdout:
            self.file.close()

    def last_words(self, text: str) -> None:
        """Prints a line at once, even during another print; the process ends after it."""
        cursor = "\x1b[?25h" if self.console.is_terminal else ""  # which a status line hides
        line = f"\n{cursor}{visible(text)}\n".encode(errors="replace")
        with contextlib.suppress(OSError, ValueError):  # a terminal that was closed
            os.write(self.file.fileno(), line)

    def _print(self, markup: str) -> None:
        """Prints a line with control characters escaped, which its text may contain."""
        self.console.print(visible(markup))

    def say(self, text: str) -> None:
        """Prints a line about work that takes a while and is no cell, such as making data."""
        if not self.quiet:
            self._print(f"[dim]{escape(text)}[/dim]")

    def progress(self, cell: Cell, phase: Phase, number: int) -> None:
        now = time.monotonic()
        if self._live is None or (phase is self._phase and now - self._drawn < _REFRESH_SECONDS):
            return
        self._phase, self._drawn = phase, now
        doing = f"round {number}" if phase is Phase.ROUND else _PHASES[phase]
        text = f"{cell.workload}::{cell.query} {short(cell.engine)} · {doing}"
        line = Text(visible(f"  {text} · {self._position()}"), style="cyan")
        self._live.update(line, refresh=True)

    def _position(self) -> str:
        place = f"{self.done} of {self.total} cells done"
        measured = self.done - self._kept
        if measured < 3:
            return place
        left = (time.monotonic() - self._began) / measured * (self.total - self.done)
        return f"{place} · about {_duration(left)} left"

    def cell(self, compiled: CompiledCell, record: Record) -> None:
        self.done += 1
        if self.quiet or self.verbose:
            return
        cell = record.cell
        heading = (cell.workload, cell.query, cell.input, cell.size, cell.threads)
        if heading != self._heading:
            self._heading = heading
            title = (
                "" if compiled.query.title == cell.query else f"  {escape(compiled.query.title)}"
            )
            setting = f"{cell.input} · {cell.size}" + (
                f" · {_threads(cell.threads)}" if self._sweep else ""
            )
            self._print(
                f"[bold]{escape(cell.workload)}::{cell.query}[/bold]{title}"
                f"  [dim]{setting} · {self.done} of {self.total}[/dim]"
            )
        style = _STYLES[record.outcome]
        word = f"[{style}]{record.outcome:<11}[/{style}]"
        self._print(
            f"  {escape(short(cell.engine)):<{self._width}}  {word} {escape(detail(record))}"
        )

    def summary(
        self,
        register: Register,
        ranking: Sequence[Ranked],
        results: Path | None,
        report: Path | None,
    ) -> None:
        self.console.print(_summary(register, ranking))
        if results is not None:
            self._print(f"results  {escape(str(results))}")
        if report is not None:
            self._print(f"report   {escape(str(report))}")

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
    Phase.CHECK: "checking the answer",
}


_CACHES = {None: "", True: " from disk", False: " (its files stayed in memory)"}


def detail(record: Record) -> str:
    """Returns a cell's times and memory in one line, or the reason why it has none."""
    if record.outcome is not Outcome.OK:
        return record.reason.strip().splitlines()[0].removesuffix("; its last words:")
    figures = record.figures
    assert figures is not None
    cold = _seconds(figures.cold_seconds or 0.0)
    if not record.rounds:
        return f"{cold} cold; no hot rounds asked"
    seconds = [r.seconds for r in record.rounds]
    parts = [
        f"{_seconds(float(np.median(seconds))):>9}",
        f"({_spread(seconds)})",
        f"cold {cold}{_CACHES[figures.caches_dropped]}",
        f"peak {_size(figures.peak_bytes or 0)}",
    ]
    return "  ".join(parts)


def _spread(seconds: Sequence[float]) -> str:
    if len(seconds) == 1:
        return "1 round"
    low, high = np.percentile(seconds, [25, 75])
    return f"half of {len(seconds)} rounds in {_seconds(float(low))} to {_seconds(float(high))}"


def _summary(register: Register, ranking: Sequence[Ranked]) -> Table:
    """Returns a row for each engine, those with a time first, in the report's order and words."""
    outcomes: dict[str, Counter[Outcome]] = {}
    for cell in register.cells:
        outcomes.setdefault(cell.engine, Counter())[register.record_of(cell).outcome] += 1
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("engine", overflow="fold")
    table.add_column("time, ratio to the best", justify="right", max_width=13)
    table.add_column("95% interval", justify="right", max_width=9)
    for heading in ("best on", "may be best on", "ok"):
        table.add_column(heading, justify="right", max_width=11)
    table.add_column("other outcomes")
    ranked = {each.engine: each for each in ranking}
    for engine in [*ranked, *sorted(outcomes.keys() - ranked)]:
        of, told = outcomes[engine], ranked.get(engine)
        figures = ["—", "", "", ""]
        if told:
            figures = [told.ratio, told.interval, str(told.wins), str(told.unclear)]
        others = sorted((outcome, count) for outcome, count in of.items() if outcome != "ok")
        words = ", ".join(f"{count} {outcome}" for outcome, count in others)
        ok = f"{of[Outcome.OK]} of {of.total()}"
        table.add_row(escape(visible(short(engine))), *figures, ok, words)
    return table


def _seconds(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if seconds * scale >= 1:
            return f"{seconds * scale:.3g} {unit}" if seconds < 100 else f"{seconds:.0f} s"
    return f"{seconds * 1e6:.2g} µs"


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"


def _size(size: int) -> str:
    return f"{size / 1e9:.2f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
