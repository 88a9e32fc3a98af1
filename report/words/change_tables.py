"""Writes `Changes` as a table for the terminal, as Markdown, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from report.compare.changes import Change, Changes, ChangeVerdict, Side
from report.compare.metrics import Metric
from report.compare.statistics import MeanRatio, Ratio
from report.errors import harmless
from report.read.sources import RunFile
from report.words import change_wording as words
from report.words import names

STYLES = {
    ChangeVerdict.LOST: "bold red",
    ChangeVerdict.SLOWER: "red",
    ChangeVerdict.GAINED: "green",
    ChangeVerdict.FASTER: "green",
    ChangeVerdict.UNCLEAR: "yellow",
    ChangeVerdict.TIE: "dim",
    ChangeVerdict.NONE: "dim",
}
LEFT = ("verdict", "query", "engine", "setting", "after ÷ before")
MARKDOWN_ESCAPES = {ord(character): f"\\{character}" for character in "\\`*_[]<>#|~"}


@dataclass(frozen=True)
class Grid:
    """A table of texts; ``styles`` holds, for each row, rich's style of its first text."""

    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    styles: list[str]


@dataclass(frozen=True)
class Listing:
    """What a comparison of two runs says: the content that the terminal and Markdown share."""

    heading: dict[str, str]
    cautions: list[str]
    cells: Grid
    engines: Grid
    footing: list[str]


def listing(changes: Changes, everything: bool = False, above: float | None = None) -> Listing:
    """Returns what the terminal and Markdown show of the changes between two runs.

    Cells without a change are included if ``everything`` is True. ``above`` is the share of
    --fail-above, for a sentence on regressions; None if it is not given.
    """
    shown = [change for change in changes.changes if everything or not _is_quiet(change)]
    hidden = [change.verdict for change in changes.changes if not everything and _is_quiet(change)]
    settings = dict.fromkeys(_setting(change) for change in changes.changes)
    common = {"setting": next(iter(settings))} if len(settings) == 1 else {}
    return Listing(
        heading={
            "before": words.run(changes.before),
            "after": words.run(changes.after),
            **common,
            "metric": changes.metric.explanation,
        },
        cautions=words.cautions(changes),
        cells=_cells(shown, changes, with_setting=not common),
        engines=_engines(changes),
        footing=[
            *([words.hidden(hidden)] if hidden else []),
            *([] if above is None else [words.gate(changes, above)]),
        ],
    )


def _is_quiet(change: Change) -> bool:
    same = change.before.cell.outcome == change.after.cell.outcome
    quiet = change.verdict in (ChangeVerdict.TIE, ChangeVerdict.UNCLEAR)
    return quiet or (change.verdict is ChangeVerdict.NONE and same)


def _setting(change: Change) -> str:
    """Returns the second run's setting in words; with an alias the first run's may differ."""
    return names.setting(change.after.cell.setting)


def _cells(shown: Sequence[Change], changes: Changes, with_setting: bool) -> Grid:
    setting = ("setting",) if with_setting else ()
    return Grid(
        columns=("verdict", "query", "engine", *setting, "before", "after", "after ÷ before"),
        rows=[tuple(map(_plain, _row(each, changes.metric, with_setting))) for each in shown],
        styles=[STYLES[change.verdict] for change in shown],
    )


def _row(change: Change, metric: Metric, with_setting: bool) -> list[str]:
    cell, old = change.after.cell, change.before.cell.engine.name
    return [
        words.verdict(change, metric),
        f"{cell.setting.workload}::{cell.query}",
        cell.engine.name if cell.engine.name == old else f"{old} → {cell.engine.name}",
        *([_setting(change)] if with_setting else []),
        words.side(change.before, metric),
        words.side(change.after, metric),
        words.note(change),
    ]


def _engines(changes: Changes) -> Grid:
    """Returns a table with a row for each engine: how many cells got each verdict, and a mean.

    It is the geometric mean of after ÷ before. The last row is of all engines.
    """
    engines = sorted({change.after.cell.engine.name for change in changes.changes})
    everyone = [*engines, None] if len(engines) > 1 else engines
    shown = [verdict for verdict, number in changes.counts().items() if number > 0]
    rows = []
    for engine in everyone:
        counts, mean = changes.counts(engine), changes.mean(engine)
        numbers = [str(counts[verdict] or "") for verdict in shown]
        rows.append(
            (
                _plain(engine or "all"),
                *numbers,
                words.ratio(mean.value, mean.low, mean.high) if mean else "",
            )
        )
    columns = ("engine", *map(str, shown), "geometric mean of after ÷ before")
    return Grid(columns, rows, [""] * len(rows))


def _plain(text: str) -> str:
    """Returns a text in one line without control characters, which names and reasons may have."""
    return harmless(" ".join(text.split()))


def terminal(found: Listing) -> Group:
    """Returns the listing as something that rich prints in the terminal."""
    heading = [Text(f"{name:<7} {_plain(text)}", "dim") for name, text in found.heading.items()]
    cautions = [Text(f"careful {_plain(text)}", "yellow") for text in found.cautions]
    tables = [_table(grid) for grid in (found.cells, found.engines) if grid.rows]
    return Group(*heading, *cautions, *tables, *map(Text, found.footing))


def _table(grid: Grid) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in grid.columns:
        table.add_column(column, justify="left" if column in LEFT else "right")
    for row, style in zip(grid.rows, grid.styles, strict=True):
        table.add_row(Text(row[0], style), *map(Text, row[1:]))
    return table


def markdown(found: Listing) -> str:
    """Returns the listing as GitHub's Markdown, for a comment or the summary of a job."""
    lines = [f"- {name}: {_escaped(text)}" for name, text in found.heading.items()]
    lines += [f"- **careful**: {_escaped(text)}" for text in found.cautions]
    for grid in (found.cells, found.engines):
        if grid.rows:
            lines += ["", _line(grid.columns), _line(["---"] * len(grid.columns))]
            lines += [_line(map(_escaped, row)) for row in grid.rows]
    for text in found.footing:
        lines += ["", _escaped(text)]
    return "\n".join(lines) + "\n"


def _line(texts: Iterable[str]) -> str:
    return f"| {' | '.join(texts)} |"


def _escaped(text: str) -> str:
    return _plain(text).translate(MARKDOWN_ESCAPES)


def as_json(changes: Changes, above: float | None = None) -> str:
    """Returns all changes, ties included, as the text of a JSON document.

    In it ``regression`` says whether a cell lost its time or is worse by more than ``above``, a
    share; ``may_regress`` counts the cells not told apart that may be.
    Both are null without ``above``.
    Times are in seconds and memory is in bytes; a ratio is after ÷ before.
    """
    document = {
        "before": _run(changes.before),
        "after": _run(changes.after),
        "metric": changes.metric.name,
        "fail_above": above,
        "may_regress": None if above is None else len(changes.unsure(above)),
        "cautions": words.cautions(changes),
        "counts": {str(verdict): number for verdict, number in changes.counts().items()},
        "geometric_mean": _mean(changes.mean()),
        "changes": [_change(change, above) for change in changes.changes],
        "only_before": len(changes.gone),
        "only_after": len(changes.new),
        "other_sql": len(changes.rewritten),
    }
    return json.dumps(document, indent=1) + "\n"


def _run(run: RunFile) -> dict[str, Any]:
    return {
        "file": str(run.path),
        "started": run.file.started.isoformat(),
        "machine": run.machine.name,
        "versions": run.file.versions,
    }


def _change(change: Change, above: float | None) -> dict[str, Any]:
    cell = change.after.cell
    return {
        **asdict(cell.setting),
        "query": cell.query,
        "engine": cell.engine.name,
        "verdict": str(change.verdict),
        "ratio": _ratio(change.ratio),
        "regression": None if above is None else change.is_regression(above),
        "before": _side(change.before),
        "after": _side(change.after),
    }


def _side(side: Side) -> dict[str, Any]:
    cell, estimate = side.cell, side.estimate
    return {
        "engine": cell.engine.name,
        "engine_version": cell.engine.version,
        "outcome": cell.outcome,
        "reason": cell.reason,
        "program_sha256": cell.program_sha256,
        "rounds": len(cell.seconds),
        "value": estimate.value if estimate is not None else None,
        "low": estimate.low if estimate is not None else None,
        "high": estimate.high if estimate is not None else None,
    }


def _mean(mean: MeanRatio | None) -> dict[str, float | None] | None:
    return None if mean is None else asdict(mean)


def _ratio(ratio: Ratio | None) -> dict[str, float | None] | None:
    if ratio is None:
        return None
    low, high = ratio.interval or (None, None)
    return {"value": ratio.value, "low": low, "high": high}
