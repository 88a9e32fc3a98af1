"""Formats a cell's record in one line, and all records of a run as a table, for the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from harness.engines import short
from harness.measure.sharpness import spread
from harness.outcome import Outcome, Record
from harness.records.bounds import SHORTEST_SECONDS
from harness.records.cells import Figures
from harness.records.medians import FEWEST_ROUNDS
from harness.run.results import Register
from harness.words import format_bytes, visible

if TYPE_CHECKING:
    from report import Ranked

_CACHES = {None: "", True: " from disk", False: " not from disk"}


def detail(record: Record, room: int | None = None) -> str:
    """Returns a cell's times and memory in one line, or the reason why it has none.

    Of a cell that trains a model it has the two parts of its time, too, and of one that reads or
    writes files bytes per second, as far as the line has no more than ``room`` characters; without
    ``room`` it has all, with rows per second.
    """
    if record.outcome is not Outcome.OK:
        return record.reason.strip().splitlines()[0].removesuffix("; its last words:")
    figures = record.figures
    assert figures is not None
    cold = f"{_seconds(figures.cold_seconds or 0.0)}{_CACHES[figures.caches_dropped]}"
    if not record.rounds:
        return f"{cold} cold; no hot rounds asked"
    median = float(np.median([one.seconds for one in record.rounds]))
    rest = [f"cold {cold}", f"peak {_size(figures.peak_bytes or 0)}"]
    if figures.window_seconds:
        line = _at_once(record, figures.window_seconds, median)
    else:
        line, rest = " · ".join([f"{_seconds(median):>9} {_spread(record)}", *rest]), []
    rest += _of_training(figures, full=room is None)
    rest += _of_files(figures, max(median, SHORTEST_SECONDS), full=room is None)
    for part in rest:
        if room is None or len(line) + 3 + len(part) <= room:
            line = f"{line} · {part}"
    return line


def _of_training(figures: Figures, full: bool) -> Iterator[str]:
    """Yields what handing batches over and training on them take, and the model's score."""
    if figures.hand_over_seconds is None or figures.training_seconds is None:
        return
    rate = (figures.rows or 0) / max(figures.hand_over_seconds, SHORTEST_SECONDS) / 1e6
    told = f", {rate:.3g}M rows/s" if full else ""
    yield f"hand-over {_seconds(figures.hand_over_seconds)}{told}"
    yield f"training {_seconds(figures.training_seconds)}"
    if full and figures.training_score is not None:
        yield f"score {figures.training_score:.3g}"


def _at_once(record: Record, seconds: float, median: float) -> str:
    """Returns what several clients are served: queries per second, and the latency of one."""
    assert record.figures is not None
    rate = (record.figures.window_runs or 0) / seconds
    high = float(np.quantile([one.seconds for one in record.rounds], 0.95))
    clients = "1 client" if record.cell.clients == 1 else f"{record.cell.clients} clients"
    told = f"{_number(rate):>5} queries/s · median {_seconds(median)} · 95% {_seconds(high)}"
    return f"{told} · {clients}"


def _of_files(figures: Figures, median: float, full: bool) -> Iterator[str]:
    """Yields what a run reads and writes in a second of its median time, and what it spilled."""
    for word, rows, size in (
        ("in", figures.input_rows, figures.input_bytes),
        ("out", figures.rows, figures.output_bytes),
    ):
        if size is not None:
            told = f", {(rows or 0) / median / 1e6:.3g}M rows/s" if full else ""
            yield f"{word} {format_bytes(round(size / median))}/s{told}"
    if full and figures.input_bytes:
        yield f"peak {(figures.peak_bytes or 0) / figures.input_bytes:.3g}× its files"
    if full and figures.disk_read_bytes is not None and figures.disk_written_bytes is not None:
        read, written = map(format_bytes, (figures.disk_read_bytes, figures.disk_written_bytes))
        yield f"disk {read} read, {written} written"
    if figures.spilled_bytes:
        yield f"spilled {format_bytes(figures.spilled_bytes)}"


def _spread(record: Record) -> str:
    """Returns a median's precision and its number of rounds as text: ``±2% in 20 rounds``."""
    count = len(record.rounds)
    rounds = "1 round" if count == 1 else f"{count} rounds"
    return f"in {rounds}" if count < FEWEST_ROUNDS else f"±{spread(record):.0%} in {rounds}"


def ranked(register: Register, ranking: Sequence[Ranked]) -> Table:
    """Returns a table of the engines, ranked as in the report; those without a time come last."""
    outcomes: dict[str, Counter[Outcome]] = {}
    for cell in register.cells:
        outcomes.setdefault(cell.engine, Counter())[register.record_of(cell).outcome] += 1
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("engine", overflow="fold")
    table.add_column("ratio to best", justify="right", max_width=8)
    table.add_column("95% interval", justify="right", no_wrap=True)
    for heading in ("best", "ties", "maybe"):
        table.add_column(heading, justify="right")
    table.add_column("ok", justify="right", no_wrap=True)
    table.add_column("other outcomes", overflow="fold")
    found = {each.engine: each for each in ranking}
    for engine in [*found, *sorted(outcomes.keys() - found)]:
        of, told = outcomes[engine], found.get(engine)
        figures = ["—", "", "", "", ""]
        if told:
            counts = (told.wins, told.ties, told.unclear)
            figures = [told.ratio, told.interval, *map(str, counts)]
        others = sorted((outcome, count) for outcome, count in of.items() if outcome != "ok")
        words = ", ".join(f"{count} {outcome}" for outcome, count in others)
        ok = f"{of[Outcome.OK]} of {of.total()}"
        table.add_row(escape(visible(short(engine))), *figures, ok, words)
    return table


def _number(number: float) -> str:
    return f"{number:.3g}" if number < 100 else f"{number:,.0f}"


def _seconds(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if seconds * scale >= 1:
            return f"{seconds * scale:.3g} {unit}" if seconds < 100 else f"{seconds:.0f} s"
    return f"{seconds * 1e6:.2g} µs"


def _size(size: int) -> str:
    return f"{size / 1e9:.2f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
